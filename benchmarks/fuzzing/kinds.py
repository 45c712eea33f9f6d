"""The kinds of cases: how each is checked, how it is written down, and how many of them a run has."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from .case import Verdict
from .checks import check_attributes, check_embeddings, check_html, check_image, check_table
from .images import image_case
from .markup import attributes_case, html_case
from .tables import table_case
from .watchdog import Limits
from .whole_tables import check_whole_table

FILES_PER_GROUP = 20
"""Image files that one case of `embedding` embeds together: those of the same seeds of `image`."""

SHARES = {"image": 0.5, "html": 0.15, "attributes": 0.15, "csv": 0.08, "jsonl": 0.07, "parquet": 0.05}
"""How the cases of a run are divided among the kinds."""


def limits_of(seconds: float, megabytes: float) -> dict[str, Limits]:
    """Give every kind its limits; those made of many files or rows take their time."""
    one, many = Limits(seconds, megabytes), Limits(10 * seconds, megabytes)
    return dict.fromkeys(SHARES, one) | {"embedding": many, "whole table": many}


def plan_cases(count: int, first_seed: int) -> list[tuple[str, int]]:
    """List kind and seed of `count` cases, and of the groups and whole tables that are made of them."""
    counts = {kind: round(count * share) for kind, share in SHARES.items()}
    cases = [(kind, first_seed + number) for kind in counts for number in range(counts[kind])]
    groups = range(first_seed, first_seed + counts["image"], FILES_PER_GROUP)
    tables = range(first_seed, first_seed + max(1, count // 400))
    return [*cases, *(("embedding", seed) for seed in groups), *(("whole table", seed) for seed in tables)]


def make_case(kind: str, seed: int, *, model: Path | None = None) -> Callable[[], Verdict]:
    """Make the input of a case; what is returned checks it. Whole tables are scored with `model`."""
    match kind:
        case "image":
            return partial(check_image, image_case(seed))
        case "html":
            return partial(check_html, html_case(seed))
        case "attributes":
            return partial(check_attributes, attributes_case(seed))
        case "embedding":
            return partial(_in_folder, check_embeddings, [image_case(each) for each in _group(seed)])
        case "whole table":
            assert model is not None
            return partial(_in_folder, partial(check_whole_table, model=model), seed)
        case _:
            return partial(_in_folder, check_table, table_case(kind, seed))


def _in_folder(check: Callable[[Any, Path], Verdict], case: object) -> Verdict:
    with tempfile.TemporaryDirectory() as folder:
        return check(case, Path(folder))


def _group(seed: int) -> range:
    return range(seed, seed + FILES_PER_GROUP)


def keep_case(kind: str, seed: int, folder: Path) -> None:
    """Write the input of a case to a folder, to look at."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{kind}-{seed}"
    match kind:
        case "html" | "attributes":
            text = html_case(seed) if kind == "html" else attributes_case(seed)
            (folder / f"{name}.txt").write_bytes(text.encode("utf-8", "surrogatepass"))
        case "csv" | "jsonl" | "parquet":
            case = table_case(kind, seed)
            (folder / f"{name}{case.suffix}").write_bytes(case.data)
        case "image":
            (folder / f"{name}.jpg").write_bytes(image_case(seed).data)
        case "embedding":
            for each in _group(seed):
                (folder / f"{name}-{each}.jpg").write_bytes(image_case(each).data)
        case _:
            (folder / f"{name}.txt").write_text("made again by its seed\n")
