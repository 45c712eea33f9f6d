"""Upload a repository folder to the Hugging Face hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.encoders import network_as_given
from smartprod.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path


def push_to_hub(folder: Path, repository: str, *, private: bool = False, endpoint: str | None = None) -> str:
    """Upload what `export_hub` wrote, creating the repository where there is none.

    The token is the one that huggingface_hub finds: `HF_TOKEN`, or what `hf auth login` saved.

    Args:
        folder: The repository folder.
        repository: `user/name`.
        private: Whether a repository that is created is private.
        endpoint: Another hub than the one that huggingface_hub is set to.

    Returns:
        The name to load it by, pinned to the commit: `hf:user/name@<commit>`.

    Raises:
        ModelError: (SP732) The hub refused, or cannot be reached.
    """
    with network_as_given():
        import huggingface_hub

        hub = huggingface_hub.HfApi(endpoint=endpoint, library_name="smartprod")
        try:
            hub.create_repo(repository, private=private, exist_ok=True)
            commit = hub.upload_folder(
                repo_id=repository, folder_path=folder, commit_message="Upload a smartprod model"
            )
        except Exception as error:  # the hub's library and the HTTP library below it fail in many ways
            reason = (str(error).strip().splitlines() or [""])[0]
            raise ModelError(
                "SP732",
                f"the upload failed: {type(error).__name__}: {reason[:300]}",
                where=f"repository {repository} at {hub.endpoint}",
                fix="check the name and the network, and log in (`hf auth login`, or HF_TOKEN with the right to write)",
            ) from error
    return f"hf:{repository}@{commit.oid}"
