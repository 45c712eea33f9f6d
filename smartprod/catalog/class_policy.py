"""Which classes are learned: cut to a level, merged, dropped, made big enough and capped, with an account."""

from __future__ import annotations

import difflib
import zlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.catalog.category_paths import CategoryPaths
from smartprod.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from smartprod.config.schema import ClassPolicyConfig

DROPPED = "its class is dropped by catalog.classes.drop"
RARE = "its class has fewer rows than catalog.classes.min_rows"
BEYOND_CAP = "beyond catalog.classes.max_rows of its class"

_NAMES_SHOWN = 4


@dataclass(frozen=True, slots=True)
class PolicyStep:
    """What one step of the class policy did.

    Attributes:
        name: `level`, `merge`, `drop`, `rare` or `max_rows`.
        rows: Labelled rows after the step.
        classes: Classes after the step.
        notes: What became of which classes.
    """

    name: str
    rows: int
    classes: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClassAccount:
    """Rows and classes before the policy and after each of its steps that changed something."""

    rows: int
    classes: int
    steps: tuple[PolicyStep, ...]

    def lines(self) -> list[str]:
        """Write the account as lines to print."""
        lines = [f"{self.rows:,} labelled rows in {self.classes:,} classes"]
        for step in self.steps:
            lines.append(f"  {step.name:<9}-> {step.rows:,} rows in {step.classes:,} classes")
            lines.extend(f"             {note}" for note in step.notes[:_NAMES_SHOWN])
            if len(step.notes) > _NAMES_SHOWN:
                lines.append(f"             and {len(step.notes) - _NAMES_SHOWN:,} more")
        return lines


@dataclass(frozen=True, slots=True)
class ClassPolicyResult:
    """The classes that are learned.

    Attributes:
        labels: The class of each of N rows, None where the row is not learned from.
        reasons: Why a row with a category is not learned from, None elsewhere.
        account: What each step did.
    """

    labels: list[str | None]
    reasons: list[str | None]
    account: ClassAccount


def apply_class_policy(
    categories: Sequence[str | None], *, policy: ClassPolicyConfig, separator: str, seed: int
) -> ClassPolicyResult:
    """Decide the class of every row, in the order level, merge, drop, rare, cap.

    A key of `merge` or `drop` names a path with everything below it, or just the last part of a path where only one path
    ends so. Of several keys the longest path counts; what a merge gives is not merged again.

    Args:
        categories: The category path of each of N rows, None where it has none.
        policy: What to do.
        separator: Between the levels of a path.
        seed: Of the choice of rows where a class is capped.

    Raises:
        UsageError: SP230 where a key names no class, SP231 where it may mean several.
    """
    steps = _Steps(categories, separator)
    if policy.level is not None:
        steps.cut_to_level(policy.level)
    if policy.merge:
        steps.merge(policy.merge)
    if policy.drop:
        steps.drop(policy.drop)
    if policy.rare == "merge_to_parent":
        steps.merge_rare(policy.min_rows)
    elif policy.rare == "drop":
        steps.drop_rare(policy.min_rows)
    return steps.finish(policy.max_rows, seed)


class _Steps:
    """The policy at work on classes, not on rows: `now` says for each original category which class it is."""

    def __init__(self, categories: Sequence[str | None], separator: str) -> None:
        self._categories = categories
        self._separator = separator
        self._paths = CategoryPaths(separator, None)
        self._sizes = Counter(category for category in categories if category is not None)
        self._now: dict[str, str] = {category: category for category in self._sizes}
        self._gone: dict[str, str] = {}
        self._log: list[PolicyStep] = []

    def cut_to_level(self, level: int) -> None:
        classes = self._classes()
        self._move(
            {name: self._separator.join(name.split(self._separator)[:level]) for name in classes}, "level"
        )

    def merge(self, merges: Mapping[str, str]) -> None:
        nodes = {self._node(key, "merge"): self._path(target) for key, target in merges.items()}
        moves = {}
        for name in self._classes():
            owner = self._owner(name, nodes)
            if owner is not None:
                moves[name] = nodes[owner]
        self._move(moves, "merge")

    def drop(self, keys: Iterable[str]) -> None:
        nodes = {self._node(key, "drop") for key in keys}
        self._remove([name for name in self._classes() if self._owner(name, nodes)], "drop", DROPPED)

    def merge_rare(self, min_rows: int) -> None:
        sizes = self._classes()
        deepest = max((self._depth(name) for name in sizes), default=0)
        parents: dict[str, str] = {}
        for depth in range(deepest, 1, -1):  # a class has all that will join it once its turn comes
            for name in [name for name in sizes if self._depth(name) == depth and sizes[name] < min_rows]:
                parents[name] = name.rpartition(self._separator)[0]
                sizes[parents[name]] += sizes.pop(name)
        moves = {}
        for name in self._classes():
            moves[name] = name
            while moves[name] in parents:
                moves[name] = parents[moves[name]]
        small = [name for name, size in sizes.items() if size < min_rows]
        self._move(
            moves, "rare", tuple(f"{name} has only {sizes[name]:,} and no parent to join" for name in small)
        )

    def drop_rare(self, min_rows: int) -> None:
        self._remove([name for name, size in self._classes().items() if size < min_rows], "rare", RARE)

    def finish(self, max_rows: int | None, seed: int) -> ClassPolicyResult:
        labels = [None if category is None else self._now.get(category) for category in self._categories]
        reasons = [None if category is None else self._gone.get(category) for category in self._categories]
        if max_rows is not None:
            self._cap(labels, reasons, max_rows, seed)
        account = ClassAccount(self._sizes.total(), len(self._sizes), tuple(self._log))
        return ClassPolicyResult(labels, reasons, account)

    def _cap(self, labels: list[str | None], reasons: list[str | None], max_rows: int, seed: int) -> None:
        too_big = {name: size for name, size in self._classes().items() if size > max_rows}
        rows: dict[str, list[int]] = {name: [] for name in too_big}
        for row, label in enumerate(labels):
            if label in rows:
                rows[label].append(row)
        for name, members in rows.items():
            # Seeded by the name too, so that the choice in one class does not depend on the other classes.
            generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
            for row in generator.permutation(members)[max_rows:].tolist():
                labels[row], reasons[row] = None, BEYOND_CAP
        if too_big:
            remaining = sum(label is not None for label in labels)
            notes = tuple(f"{name}: {size:,} -> {max_rows:,}" for name, size in too_big.items())
            self._log.append(PolicyStep("max_rows", remaining, len(self._classes()), notes))

    def _classes(self) -> Counter[str]:
        """Count the rows of every class as it is now, biggest first."""
        sizes: Counter[str] = Counter()
        for category, name in self._now.items():
            sizes[name] += self._sizes[category]
        return Counter(dict(sorted(sizes.items(), key=lambda item: (-item[1], item[0]))))

    def _move(self, moves: Mapping[str, str], step: str, extra_notes: tuple[str, ...] = ()) -> None:
        sizes = self._classes()
        changed = {name: target for name, target in moves.items() if name != target}
        self._now = {category: changed.get(name, name) for category, name in self._now.items()}
        notes = tuple(f"{name} ({sizes[name]:,}) -> {target}" for name, target in changed.items())
        if notes or extra_notes:
            self._note(step, (*extra_notes, *notes))

    def _remove(self, names: Sequence[str], step: str, reason: str) -> None:
        sizes, unwanted = self._classes(), set(names)
        self._gone |= {category: reason for category, name in self._now.items() if name in unwanted}
        self._now = {category: name for category, name in self._now.items() if name not in unwanted}
        if names:
            self._note(step, tuple(f"{name} ({sizes[name]:,}) dropped" for name in names))

    def _note(self, step: str, notes: tuple[str, ...]) -> None:
        classes = self._classes()
        self._log.append(PolicyStep(step, classes.total(), len(classes), notes))

    def _depth(self, name: str) -> int:
        return name.count(self._separator) + 1

    def _path(self, text: str) -> str:
        return next(iter(self._paths.of_text(text)), text)

    def _owner(self, name: str, nodes: Container[str]) -> str | None:
        """Find the longest of the nodes that the class is, or lies below."""
        while name not in nodes:
            name, separator, _ = name.rpartition(self._separator)
            if not separator:
                return None
        return name

    def _node(self, key: str, setting: str) -> str:
        """Find the path, of a class or above one, that a key of the configuration means."""
        nodes = {
            self._separator.join(levels[:depth])
            for levels in (name.split(self._separator) for name in self._classes())
            for depth in range(1, len(levels) + 1)
        }
        path = self._path(key)
        if path in nodes:
            return path
        ending = sorted(node for node in nodes if node.rpartition(self._separator)[2] == path)
        where = f"catalog.classes.{setting}: {key}"
        if len(ending) > 1:
            raise UsageError(
                "SP231",
                f"`{key}` may mean {len(ending)} classes.",
                where=where,
                fix=f"Write the path: {_listed(ending)}.",
            )
        if not ending:
            raise UsageError(
                "SP230",
                f"There is no class `{key}` {_WHEN[setting]}.",
                where=where,
                fix=_nearest(path, nodes),
            )
        return ending[0]


_WHEN = {"merge": "at catalog.classes.level", "drop": "after the merges"}


def _nearest(path: str, nodes: Iterable[str]) -> str:
    by_lower = {node.lower(): node for node in sorted(nodes)}
    close = difflib.get_close_matches(path.lower(), by_lower, n=_NAMES_SHOWN, cutoff=0.3)
    if not close:
        return f"There are {_listed(sorted(nodes))}." if by_lower else "The table has no labelled row."
    return f"The nearest are {_listed([by_lower[name] for name in close])}."


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_NAMES_SHOWN])
    return shown if len(names) <= _NAMES_SHOWN else f"{shown} and {len(names) - _NAMES_SHOWN} more"
