"""Images and tables by address: what may be fetched, how, and where it is kept.

Only light modules are imported here; what needs urllib3 or fsspec is imported when an address is fetched.
"""

from __future__ import annotations

from smartprod.remote.policy import RemotePolicy
from smartprod.remote.problem import RemoteProblem
from smartprod.remote.references import file_path, image_name, is_address, redact, scheme_of

__all__ = [
    "RemotePolicy",
    "RemoteProblem",
    "file_path",
    "image_name",
    "is_address",
    "redact",
    "scheme_of",
]
