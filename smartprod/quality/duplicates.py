"""Near-duplicates: rows with the same photo or text, or nearly so, that disagree or straddle the split."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.quality.findings import Finding, FindingKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from smartprod.config.schema import QualityConfig
    from smartprod.fusion import ProductEmbeddings

_MOST_EXACT = 20_000
_BUCKET = 2_000
_CHUNK = 1_024
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Rows that show the same product, or nearly so.

    Attributes:
        rows: Positions in the input table, ascending.
        seen_by: What ties them: `same photo`, `same text`, `photo and text nearly the same`.
        cosine: The lowest cosine of a pair that ties them; 1 where photo or text is the very same.
    """

    rows: tuple[int, ...]
    seen_by: str
    cosine: float


def find_duplicates(
    products: ProductEmbeddings, keys: Mapping[str, Sequence[str | None]], *, config: QualityConfig
) -> list[DuplicateGroup]:
    """Group rows by identical photos or texts, and by nearly identical embeddings.

    Two rows are near where both their photos and their texts are (cosine at least `near_image` and `near_text`), or the
    one modality that either has. Above 20,000 rows near ones are looked for within k-means buckets only.

    Args:
        products: Embeddings of all N rows.
        keys: Hashes of each row's content by what they are of, such as `photo` and `text`; None for none.
        config: The thresholds.
    """
    groups = [
        DuplicateGroup(rows, f"same {kind}", 1.0) for kind, values in keys.items() for rows in _equal(values)
    ]
    pairs = list(_near_pairs(products, config))
    if not pairs:
        return groups
    first, second, cosine = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    known = {frozenset(pair) for group in groups for pair in _neighbours(group.rows)}
    ties: dict[int, list[float]] = {}
    component = _components(len(products), first, second)
    for one, other, value in zip(first.tolist(), second.tolist(), cosine.tolist(), strict=True):
        if frozenset((one, other)) not in known:
            ties.setdefault(int(component[one]), []).append(value)
    members = _rows_by_component(component, set(ties))
    groups += [
        DuplicateGroup(members[number], "photo and text nearly the same", min(values))
        for number, values in ties.items()
    ]
    return groups


def conflict_findings(groups: Sequence[DuplicateGroup], labels: Sequence[str | None]) -> list[Finding]:
    """Duplicates with different labels: at most one of the labels is the whole truth."""
    found = []
    for group in groups:
        rows = tuple(row for row in group.rows if labels[row])
        counts = Counter(str(labels[row]) for row in rows)
        if len(counts) < 2:
            continue
        (best, votes), (_, runner_up) = counts.most_common(2)
        suggestion = f"label all of them {best}" if votes > runner_up else "give them one label"
        told = ", ".join(f"{count} x {name}" for name, count in counts.most_common(3))
        odd = sorted(rows, key=lambda row: counts[str(labels[row])])  # the odd one out first
        found.append(
            Finding(
                FindingKind.CONFLICTING_LABELS,
                0.9 if group.cosine >= 1 else 0.7 * group.cosine,
                suggestion,
                f"{_tie(group)} in {len(rows)} rows: {told}",
                " | ".join(sorted(counts)),
                tuple(odd[:_SHOWN]),
            )
        )
    return found


def leak_findings(groups: Sequence[DuplicateGroup], parts: Sequence[str]) -> list[Finding]:
    """Duplicates that stand in train or val and in test: the test flatters."""
    found = []
    for group in groups:
        test = [row for row in group.rows if parts[row] == "test"]
        learned = [row for row in group.rows if parts[row] in {"train", "val"}]
        if test and learned:
            found.append(
                Finding(
                    FindingKind.SPLIT_LEAK,
                    0.95 if group.cosine >= 1 else 0.6 * group.cosine,
                    "keep them in one part: give them one group id, or leave the table's own split",
                    f"{_tie(group)} in {len(test)} test and {len(learned)} learning rows",
                    rows=tuple((test + learned)[:_SHOWN]),
                )
            )
    return found


def _tie(group: DuplicateGroup) -> str:
    return group.seen_by if group.cosine >= 1 else f"{group.seen_by} (cosine from {group.cosine:.3f})"


def _neighbours(rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    """All pairs of a small group; of a large one each row with the first."""
    if len(rows) > _SHOWN:
        yield from ((rows[0], row) for row in rows[1:])
        return
    for place, row in enumerate(rows):
        yield from ((row, other) for other in rows[place + 1 :])


def _equal(values: Sequence[str | None]) -> list[tuple[int, ...]]:
    groups: dict[str, list[int]] = {}
    for row, key in enumerate(values):
        if key:
            groups.setdefault(key, []).append(row)
    return [tuple(rows) for rows in groups.values() if len(rows) > 1]


def _near_pairs(
    products: ProductEmbeddings, config: QualityConfig
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Pairs of rows nearly alike: positions int64 [P], [P] with the first smaller, and the lower cosine [P]."""
    image, text = products.image, products.text
    for has_image, has_text in ((True, True), (True, False), (False, True)):
        rows = np.flatnonzero((image.present == has_image) & (text.present == has_text))
        blocks = [
            (values[rows], limit)
            for wanted, values, limit in (
                (has_image, image.values, config.near_image),
                (has_text, text.values, config.near_text),
            )
            if wanted
        ]
        for members in _buckets(np.hstack([values for values, _ in blocks])):
            yield from _pairs_within(rows[members], [(values[members], limit) for values, limit in blocks])


def _pairs_within(
    rows: np.ndarray, blocks: Sequence[tuple[np.ndarray, float]]
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    for start in range(0, len(rows), _CHUNK):
        lowest = np.ones((min(_CHUNK, len(rows) - start), len(rows)), dtype=np.float32)
        near = np.triu(np.ones(lowest.shape, dtype=bool), start + 1)
        for values, limit in blocks:
            # Several encoders side by side: each block of length 1, so the whole one is not.
            scaled = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
            cosine = scaled[start : start + _CHUNK] @ scaled.T
            near &= cosine >= limit
            lowest = np.minimum(lowest, cosine)
        one, other = np.nonzero(near)
        if len(one):
            yield rows[one + start], rows[other], lowest[one, other]


def _buckets(embedding: np.ndarray) -> Iterator[np.ndarray]:
    """All positions at once, or, where there are too many to compare, those of one k-means cluster at a time."""
    if len(embedding) <= _MOST_EXACT:
        yield np.arange(len(embedding))
        return
    from sklearn.cluster import MiniBatchKMeans

    clusters = MiniBatchKMeans(len(embedding) // _BUCKET, random_state=0, n_init=1, batch_size=4_096)
    number = clusters.fit_predict(embedding)
    for cluster in range(int(number.max()) + 1):
        yield np.flatnonzero(number == cluster)


def _components(count: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1])


def _rows_by_component(component: np.ndarray, wanted: set[int]) -> dict[int, tuple[int, ...]]:
    members: dict[int, list[int]] = {number: [] for number in wanted}
    for row in np.flatnonzero(np.isin(component, sorted(wanted))).tolist():
        members[int(component[row])].append(row)
    return {number: tuple(rows) for number, rows in members.items()}
