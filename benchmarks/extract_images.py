"""Compare image extraction with the machine's ceiling and with the loop that a user would write.

The script draws its own photos (JPEG, 512 to 1200 px). In every round each side takes the same photos in turn:

    ours      files to embeddings through `Extractor`, with an empty store in memory
    model     our runtime alone, on prepared images in memory, all cores
    decoding  reading, hashing, decoding and preparing alone, all cores
    peer      timm's transform with Pillow, a DataLoader, torch eager, channels_last; the best of several
              batch sizes and numbers of workers

The ceiling is what model and decoding imply when they share the cores perfectly: 1 / (1/model + 1/decoding).

    python benchmarks/extract_images.py [--encoder lite0|efficientnetv2-b3|beit-base] [--images N] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
from photos import write_photos
from torch_peer import MODELS, PeerLoop

from smartprod.config import Config
from smartprod.embeddings import Extractor, ImageLimits, MemoryStore, decode_image, image_key
from smartprod.encoders import ImageEncoder, configure_offline, use_torch_threads

IMAGES = {"lite0": 2_000, "efficientnetv2-b3": 400, "beit-base": 120}
QUICK_IMAGES = {"lite0": 400, "efficientnetv2-b3": 80, "beit-base": 24}
SIDES = ("ours", "model", "decoding", "peer")


@dataclass(frozen=True, slots=True, eq=False)
class Timing:
    """One side over the photos of one round."""

    rate: float
    busy: float
    embeddings: np.ndarray | None = None


class OurSides:
    """Our extraction, and its two halves alone, over the same encoder and threads."""

    def __init__(self, encoder: str, threads: int) -> None:
        config = Config.model_validate({"extract": {"image": [encoder], "text": []}})
        configure_offline(config)
        self._extractor = Extractor.open(config, store=None, threads=threads)
        self._pool = ThreadPoolExecutor(threads, initializer=use_torch_threads, initargs=(1,))

    @property
    def encoder(self) -> ImageEncoder:
        """The image encoder."""
        return self._extractor.image_encoders[0]

    def ours(self, photos: list[Path]) -> np.ndarray:
        """Extract the embeddings [N, D] of photos."""
        sink = MemoryStore()
        index = self._extractor.embed_images(_table(photos), sink=sink)
        return sink.get(self.encoder.fingerprint, index["image_key"].to_pylist())[1]

    def decoding(self, photos: list[Path]) -> list[np.ndarray]:
        """Read, hash, decode and prepare photos, in the pool."""
        return list(self._pool.map(self._prepare, photos))

    def model(self, prepared: list[np.ndarray]) -> None:
        """Run the model alone on prepared images, in the pool."""
        size = self.encoder.images_per_call
        calls = [np.stack(prepared[i : i + size]) for i in range(0, len(prepared), size)]
        list(self._pool.map(self.encoder.encode, calls))

    def _prepare(self, photo: Path) -> np.ndarray:
        data = photo.read_bytes()
        image_key(data)
        pixels = decode_image(data, min_side=self.encoder.min_side, limits=ImageLimits())
        return self.encoder.prepare(pixels)

    def close(self) -> None:
        """End the threads."""
        self._extractor.close()
        self._pool.shutdown()


def _table(photos: list[Path]) -> pa.Table:
    """Give photos the columns of the product table that extraction reads."""
    return pa.table(
        {
            "row": pa.array(range(len(photos)), pa.int64()),
            "images": pa.array([[str(path)] for path in photos], pa.list_(pa.string())),
            "status.images": ["ok"] * len(photos),
            "reason.images": pa.array([None] * len(photos), pa.string()),
        }
    )


def timed(side: Callable[[], object], count: int) -> Timing:
    """Time one side; `busy` is the share of all cores that this process used."""
    wall, cpu = time.perf_counter(), time.process_time()
    outcome = side()
    seconds = time.perf_counter() - wall
    busy = (time.process_time() - cpu) / seconds / len(os.sched_getaffinity(0))
    return Timing(count / seconds, busy, outcome if isinstance(outcome, np.ndarray) else None)


def run_round(own: OurSides, peer: PeerLoop, photos: list[Path]) -> dict[str, Timing]:
    """Let every side take the same photos in turn."""
    prepared = own.decoding(photos)  # also brings the files into the page cache, for all sides alike
    count = len(photos)
    return {
        "ours": timed(lambda: own.ours(photos), count),
        "model": timed(lambda: own.model(prepared), count),
        "decoding": timed(lambda: own.decoding(photos), count),
        "peer": timed(lambda: peer.run(photos), count),
    }


def summarise(rounds: list[dict[str, Timing]]) -> dict[str, float]:
    """Take medians over the rounds; ratios are taken within a round, so that drift cancels."""
    figures = {f"{side}_images_per_second": median(one[side].rate for one in rounds) for side in SIDES}
    ceilings = [1 / (1 / one["model"].rate + 1 / one["decoding"].rate) for one in rounds]
    figures["ceiling_images_per_second"] = median(ceilings)
    figures["fraction_of_ceiling"] = median(
        one["ours"].rate / ceiling for one, ceiling in zip(rounds, ceilings, strict=True)
    )
    figures["ratio_to_peer"] = median(one["ours"].rate / one["peer"].rate for one in rounds)
    figures["processors_busy"] = median(one["ours"].busy for one in rounds)
    cosines = np.concatenate([_cosine(one["ours"].embeddings, one["peer"].embeddings) for one in rounds])
    figures["lowest_cosine"], figures["mean_cosine"] = float(cosines.min()), float(cosines.mean())
    return figures


def _cosine(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return (left * right).sum(1) / np.linalg.norm(left, axis=1) / np.linalg.norm(right, axis=1)


def measure(encoder: str, photos: list[Path], *, folder: Path, rounds: int, threads: int) -> dict[str, float]:
    """Measure all sides with one encoder."""
    model = MODELS[encoder](folder)
    own = OurSides(model.spec, threads)
    few = photos[: max(4, len(photos) // 20)]
    own.ours(few)
    peer = PeerLoop(model, threads=threads)
    peer.choose(photos[: max(32, len(photos) // 10)])
    parts = [photos[i::rounds] for i in range(rounds)]
    figures = summarise([run_round(own, peer, part) for part in parts])
    own.close()
    counts = {"peer_workers": peer.workers, "peer_batch_size": peer.batch_size}
    return {**figures, **counts, "images": len(photos), "threads": threads}


def print_table(encoder: str, figures: dict[str, float]) -> None:
    rate = {side: figures[f"{side}_images_per_second"] for side in (*SIDES, "ceiling")}
    workers, batch_size = (int(figures[name]) for name in ("peer_workers", "peer_batch_size"))
    print(f"{encoder}, {int(figures['images']):,} photos, {int(figures['threads'])} threads")
    print(f"{'side':34} {'images/s':>9} {'ours is':>9}")
    print(f"{'ours, files to embeddings':34} {rate['ours']:9.1f}")
    for side, told in (
        ("model", "model alone"),
        ("decoding", "decoding alone"),
        ("ceiling", "ceiling of these two"),
        ("peer", f"peer loop, {workers} workers, by {batch_size}"),
    ):
        ratio = figures["fraction_of_ceiling"] if side == "ceiling" else rate["ours"] / rate[side]
        ratio = figures["ratio_to_peer"] if side == "peer" else ratio
        print(f"{told:34} {rate[side]:9.1f} {ratio:8.2f}x")
    print(f"processors busy in ours: {figures['processors_busy']:.0%}")
    print(
        f"cosine to Pillow and torch: {figures['lowest_cosine']:.5f} lowest, {figures['mean_cosine']:.5f} mean"
    )


def main() -> None:
    """Draw photos, measure, print the table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--encoder", choices=list(MODELS), default="lite0")
    parser.add_argument("--images", type=int, help="how many distinct photos")
    parser.add_argument("--rounds", type=int, help="how often the sides take turns")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument(
        "--photos", type=Path, help="draw into this folder, or take what an earlier run drew there"
    )
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="fewer photos, two rounds")
    arguments = parser.parse_args()
    count = arguments.images or (QUICK_IMAGES if arguments.quick else IMAGES)[arguments.encoder]
    rounds = arguments.rounds or (2 if arguments.quick else 5)
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.photos or Path(temporary) / "photos"
        photos = sorted(folder.glob("*.jpg"))[:count] if folder.is_dir() else []
        if len(photos) < count:
            folder.mkdir(parents=True, exist_ok=True)
            photos = write_photos(folder, count, threads=arguments.threads)
        figures = measure(
            arguments.encoder, photos, folder=Path(temporary), rounds=rounds, threads=arguments.threads
        )
    print_table(arguments.encoder, figures)
    if arguments.json:
        named = {f"{arguments.encoder}.{name}": value for name, value in figures.items()}
        arguments.json.write_text(json.dumps(named, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
