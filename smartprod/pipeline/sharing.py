"""Begin a run with what other runs have computed already, where their configuration agrees."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from smartprod.pipeline.artefacts import get_artefact
from smartprod.pipeline.fingerprint import config_value, flatten

if TYPE_CHECKING:
    from smartprod.config import Config
    from smartprod.pipeline.registry import Stage
    from smartprod.pipeline.run_folder import RunFolder


def share_stages(
    stages: Sequence[Stage], config: Config, run: RunFolder, donors: Sequence[RunFolder]
) -> tuple[str, ...]:
    """Give a run the finished stages of others, up to the first whose configuration is another one.

    Files are linked, not copied, where the disk allows it: no stage changes a finished file. Whether a stage really is up
    to date is for the runner to find out, which looks at data, code and libraries too.

    Args:
        stages: In the order in which they run.
        config: The configuration of the run.
        run: Its folder; what it has already is left alone.
        donors: Other runs, those to be asked first in front.

    Returns:
        The stages that were taken over.
    """
    makers = {name: stage.name for stage in stages for name in stage.writes}
    there: set[str] = set()
    taken = []
    for stage in stages:
        if not all(makers[name] in there for name in stage.reads if name in makers):
            continue
        if _agrees(stage, config, run):
            there.add(stage.name)
            continue
        donor = next((each for each in donors if _agrees(stage, config, each)), None)
        if donor is None or not _lies_in_its_folder(stage) or run.manifest(stage.name) is not None:
            continue
        _link(donor.root / stage.name, run.root / stage.name)
        there.add(stage.name)
        taken.append(stage.name)
    return tuple(taken)


def _agrees(stage: Stage, config: Config, run: RunFolder) -> bool:
    """Whether a stage has finished there under the same configuration and seed."""
    manifest = run.manifest(stage.name)
    if manifest is None:
        return False
    wanted = {"seed": str(config.run.seed)}
    for section in stage.config:
        wanted.update(flatten(f"config {section}", config_value(config, section)))
    names = {name for name in manifest.parts if name.startswith("config ") or name == "seed"}
    return wanted == {name: manifest.parts[name] for name in names}


def _lies_in_its_folder(stage: Stage) -> bool:
    return all(PurePosixPath(get_artefact(name).path).parts[0] == stage.name for name in stage.writes)


def _link(source: Path, target: Path) -> None:
    """Make a folder with the same files; the manifest comes last, so that half of a folder never counts as done."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(
        source,
        target,
        copy_function=_link_file,
        ignore=lambda folder, names: {"manifest.json", "parts"} if Path(folder) == source else set(),
    )
    shutil.copy2(source / "manifest.json", target / "manifest.json")


def _link_file(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or one without links
        shutil.copy2(source, target)
