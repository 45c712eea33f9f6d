"""Where a model lies: a model folder, a run or repository folder that holds one, or a repository of the hub."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from smartprod.config import cache_folder
from smartprod.encoders import is_offline, network_as_given
from smartprod.errors import ModelError, UsageError
from smartprod.interchange.hub_folder import MODEL_FOLDER
from smartprod.interchange.new_folder import new_folder
from smartprod.model import MANIFEST_FILE

HUB_PREFIX = "hf:"
_FORM = re.compile(r"hf:([\w.\-]+/[\w.\-]+)@([\w.\-/]+)", re.ASCII)

_COMMIT = re.compile(r"[0-9a-f]{40}")


def locate_model(model: str | Path, *, endpoint: str | None = None) -> Path:
    """Find the model folder that a person means; one of the hub is downloaded on first use.

    Args:
        model: A model folder; a folder with one in it as `model` (a run, or a repository folder of `export_hub`); or
            `hf:user/name@revision`, a commit, tag or branch of a repository of the hub.
        endpoint: Another hub than the one that huggingface_hub is set to.

    Returns:
        The model folder, not verified yet: `load_model` does that.

    Raises:
        UsageError: (SP733) A repository is named in another form, such as without its revision.
        ModelError: The repository cannot be obtained (SP734), or holds no model (SP735).
    """
    if str(model).startswith(HUB_PREFIX):
        return _download(str(model), endpoint)
    folder = Path(model)
    inner = folder / MODEL_FOLDER
    holds_one = not (folder / MANIFEST_FILE).exists() and (inner / MANIFEST_FILE).is_file()
    return inner if holds_one else folder


def _download(name: str, endpoint: str | None) -> Path:
    form = _FORM.fullmatch(name)
    if form is None:
        raise UsageError(
            "SP733",
            f"{name!r} does not name a revision of a repository of the hub",
            where="model",
            fix="write hf:user/name@revision; a commit as revision keeps the model from changing under you",
        )
    repository, revision = form.groups()
    kept = _kept(repository, revision)
    if _COMMIT.fullmatch(revision) and (kept / MANIFEST_FILE).is_file():
        return kept
    snapshot = _snapshot(repository, revision, endpoint)
    if not (snapshot / MODEL_FOLDER / MANIFEST_FILE).is_file():
        raise ModelError(
            "SP735",
            f"the repository {repository} holds no model of smartprod",
            where=f"revision {revision}",
            fix=f"name a repository that `smartprod export --to hub` wrote: its model lies in {MODEL_FOLDER}/",
        )
    # The hub's cache is made of links that leave their folder, which a model folder may not have.
    kept = _kept(repository, snapshot.name)
    if not (kept / MANIFEST_FILE).is_file():
        shutil.rmtree(kept, ignore_errors=True)
        with new_folder(kept) as folder:
            shutil.copytree(snapshot / MODEL_FOLDER, folder, dirs_exist_ok=True)
    return kept


def _kept(repository: str, commit: str) -> Path:
    """Where a downloaded model is kept as plain files."""
    return cache_folder() / "hub" / f"{repository.replace('/', '--')}--{commit.replace('/', '--')}"


def _snapshot(repository: str, revision: str, endpoint: str | None) -> Path:
    """Download what a model needs, or find it in the hub's cache."""
    with network_as_given():
        import huggingface_hub

        try:
            return Path(
                huggingface_hub.snapshot_download(
                    repository,
                    revision=revision,
                    allow_patterns=[f"{MODEL_FOLDER}/*"],
                    endpoint=endpoint,
                    library_name="smartprod",
                    local_files_only=is_offline(),
                )
            )
        except Exception as error:  # the hub's library and the HTTP library below it fail in many ways
            reason = (str(error).strip().splitlines() or [""])[0]
            raise ModelError(
                "SP734",
                f"the model {repository} could not be obtained: {type(error).__name__}: {reason[:300]}",
                where=f"revision {revision}",
                fix="check the name, the revision and the network; a private repository needs `hf auth login` or HF_TOKEN",
            ) from error
