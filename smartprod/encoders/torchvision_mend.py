"""One mend for one trap: torchvision from PyPI beside a CPU build of torch.

Its compiled operators are then missing, `import torchvision` ends in `operator torchvision::nms does not exist`,
and timm and transformers fail after it. Nothing here needs those operators, only that the import works:
declaring `nms` and `qnms` is enough. Where torchvision imports by itself nothing is touched.
"""

from __future__ import annotations

import sys
from typing import Any

_OPERATORS = ("nms", "qnms")
_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"

# torch forgets the declared operators when the library object is collected.
_kept: list[Any] = []


def import_torchvision() -> None:
    """Import torchvision so that timm and transformers find it; call this before importing either."""
    if "torchvision" in sys.modules:
        return
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        _declare_operators()
        import torchvision  # noqa: F401


def _declare_operators() -> None:
    import torch

    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "DEF")
    for operator in _OPERATORS:
        library.define(operator + _SIGNATURE)
    _kept.append(library)
