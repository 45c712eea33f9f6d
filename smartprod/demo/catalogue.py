"""Render the demo catalogue: plan it, draw it, write it, and let nobody see half of it."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartprod.demo.account import DemoAccount
from smartprod.errors import SmartprodError

if TYPE_CHECKING:
    from smartprod.demo.plan import ProductPlan

RENDERER_VERSION = 2
_RECORD = "demo.json"
_KIND = "smartprod demo catalogue"

Progress = Callable[[int, int], None]


def render_catalogue(
    out: Path,
    *,
    products: int = 1200,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress | None = None,
) -> DemoAccount:
    """Render the demo catalogue into a folder.

    The files depend on `products`, `seed` and the versions of Pillow and numpy only, not on the number of workers. The
    catalogue is written beside `out` under a temporary name and renamed when whole.

    Args:
        out: Folder to create. One that already holds the very same catalogue is left as it is, an older demo catalogue is replaced.
        products: Rows of both parts together, at least 60; a sixth is the unlabelled part.
        seed: Decides everything random.
        workers: Processes to draw with; the CPUs available to this process by default.
        progress: Called with products done and products in all.

    Returns:
        The account of what the folder contains.

    Raises:
        SmartprodError: SP901, `out` holds something that is not a demo catalogue; SP902, too few products asked for.
    """
    from smartprod.demo.plan import MINIMUM_PRODUCTS, plan_catalogue
    from smartprod.demo.tables import write_tables

    out = Path(out)
    if products < MINIMUM_PRODUCTS:
        raise SmartprodError(
            "SP902",
            f"a demo catalogue needs at least {MINIMUM_PRODUCTS} products, not {products}",
            fix="ask for more products",
        )
    record = _read_record(out)
    if record and _is_same(record, out, products=products, seed=seed):
        return _account(out, record, seconds=0.0)
    started = time.perf_counter()
    plans = plan_catalogue(products, seed)
    draft = out.absolute().with_name(f".{out.name}.rendering-{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        (draft / "images").mkdir(parents=True)
        (draft / "masks").mkdir()
        write_tables(draft, plans)
        images = 0
        for done, written in enumerate(_draw(draft, plans, workers or _available_cpus()), start=1):
            images += written
            if progress:
                progress(done, len(plans))
        record = _record(draft, plans, products=products, seed=seed, images=images)
        (draft / _RECORD).write_text(
            json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        _put_in_place(draft, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return _account(out, record, seconds=time.perf_counter() - started)


def _is_same(record: dict[str, Any], out: Path, *, products: int, seed: int) -> bool:
    asked = {"products": products, "seed": seed, "renderer": RENDERER_VERSION}
    found = {name: record.get(name) for name in asked}
    return found == asked and _hash(out / "products.csv") == record.get("products_sha256")


def _put_in_place(draft: Path, out: Path) -> None:
    """Rename the finished catalogue to its name; an older one is first moved aside, then removed."""
    old = draft.with_name(draft.name + "-old")
    if out.exists():
        out.rename(old)
    draft.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def _draw(folder: Path, plans: Sequence[ProductPlan], workers: int) -> Iterator[int]:
    from smartprod.demo.images import write_images

    draw = partial(write_images, folder)
    if workers <= 1:
        yield from map(draw, plans)
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap_unordered(draw, plans, chunksize=8)


def _available_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _read_record(out: Path) -> dict[str, Any] | None:
    """The record of the demo catalogue in `out`, None where there is nothing yet."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    try:
        record = json.loads((out / _RECORD).read_text(encoding="utf-8"))
        if record["kind"] == _KIND:
            return record
    except (OSError, ValueError, KeyError, TypeError):
        pass  # whatever is there is not ours: refused below
    raise SmartprodError(
        "SP901",
        "the folder is not empty and is no demo catalogue, so nothing was written",
        where=str(out),
        fix="name a new or empty folder",
    )


def _record(
    folder: Path, plans: Sequence[ProductPlan], *, products: int, seed: int, images: int
) -> dict[str, Any]:
    labelled = [p for p in plans if p.labelled]
    sizes = Counter(p.label for p in labelled)
    return {
        "kind": _KIND,
        "renderer": RENDERER_VERSION,
        "products": products,
        "seed": seed,
        "products_sha256": _hash(folder / "products.csv"),
        "labelled": len(labelled),
        "new": len(plans) - len(labelled),
        "images": images,
        "classes": dict(sorted(sizes.items(), key=lambda item: (-item[1], item[0]))),
        "wrong_labels": sum(p.label != p.category.path for p in labelled),
        "duplicates": sum(bool(p.duplicate_of) for p in plans),
        "unseen_class": sum(not p.labelled and p.category.path not in sizes for p in plans),
        "series": sum(bool(p.series) for p in plans),
        "domains": dict(sorted(Counter(p.domain for p in plans).items())),
        "image_kinds": dict(sorted(Counter(i.kind for p in plans for i in p.images).items())),
        "broken": dict(sorted(Counter(p.broken for p in plans if p.broken).items())),
        "special": dict(sorted(Counter(p.special for p in plans if p.special).items())),
    }


def _account(out: Path, record: dict[str, Any], *, seconds: float) -> DemoAccount:
    return DemoAccount(
        folder=out,
        labelled=record["labelled"],
        new=record["new"],
        classes=len(record["classes"]),
        images=record["images"],
        seconds=seconds,
        wrong_labels=record["wrong_labels"],
        duplicates=record["duplicates"],
        broken=record["broken"],
    )


def _hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
