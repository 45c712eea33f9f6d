"""Changes to the classes of a finished model: a class added from a handful of examples, classes merged.

They are applied, in the order in which they were made, to what the heads answer after calibration; heads and
calibration stay as they were trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from smartprod.decision.open_set import open_set_embedding
from smartprod.decision.open_set.detector import unit_rows
from smartprod.errors import ModelError
from smartprod.state import State

if TYPE_CHECKING:
    from smartprod.fusion import ProductEmbeddings


class ClassEdit(Protocol):
    """One change to the classes."""

    @property
    def kind(self) -> str:
        """`add` or `merge`."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Class paths after the change, in index order."""
        ...

    def apply(self, head: str, probabilities: np.ndarray, products: ProductEmbeddings | None) -> np.ndarray:
        """Turn the probabilities of a head before the change into those after it.

        Args:
            head: Name of the head that answered.
            probabilities: float32 [N, C] before.
            products: The N products; None for a head that sees no embeddings.
        """
        ...

    def state(self) -> State:
        """What is needed to make it again."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class MergedClasses:
    """Classes that became one: their probabilities are summed.

    Attributes:
        classes: Class paths after the merge.
        target: Index after of each class before, int64 [C before].
    """

    classes: tuple[str, ...]
    target: np.ndarray
    kind: ClassVar[str] = "merge"

    def apply(self, head: str, probabilities: np.ndarray, products: ProductEmbeddings | None) -> np.ndarray:
        """Sum the merged columns."""
        del head, products
        summed = np.zeros((len(self.classes), len(probabilities)), dtype=np.float32)
        np.add.at(summed, self.target, probabilities.T)
        return np.ascontiguousarray(summed.T)

    def state(self) -> State:
        """What is needed to make it again."""
        return State(self.kind, {"classes": list(self.classes)}, {"target": self.target})


@dataclass(frozen=True, slots=True, eq=False)
class Newcomer:
    """Tells products of a new class from all others, in the embedding of one head.

    Distances are measured where the spread inside the old classes is one in every direction; a product is the new
    class's by how much nearer it lies to the mean of the examples than to the nearest old class.

    Attributes:
        mean: Of the reference rows, float32 [D].
        projection: Whitens the spread inside of classes, float32 [D, K].
        prototypes: Means of the old classes, float32 [P, K].
        prototype: Mean of the examples, float32 [K].
        shrink: n / (n + 1) for n examples: what their mean is less certain by.
        slope, intercept: From the difference of distances to the log-odds of being the new class's.
        reach: Distance from the prototype up to which a product counts as one of the known.
    """

    mean: np.ndarray
    projection: np.ndarray
    prototypes: np.ndarray
    prototype: np.ndarray
    shrink: float
    slope: float
    intercept: float
    reach: float

    def probability(self, embedding: np.ndarray) -> np.ndarray:
        """How probable the new class is for N products, float32 [N]."""
        odds = self.slope * self.advantage(embedding) + self.intercept
        return np.asarray(1 / (1 + np.exp(-np.clip(odds, -30, 30))), dtype=np.float32)

    def advantage(self, embedding: np.ndarray) -> np.ndarray:
        """Distance to the nearest old class less that to the new one, float32 [N]."""
        projected = self._project(embedding)
        return nearest(projected, self.prototypes) - self.shrink * nearest(projected, self.prototype[None])

    def reaches(self, embedding: np.ndarray) -> np.ndarray:
        """Which of N products lie as near to the new class as known products lie to theirs, bool [N]."""
        return self.shrink * nearest(self._project(embedding), self.prototype[None]) <= self.reach

    def _project(self, embedding: np.ndarray) -> np.ndarray:
        return np.asarray((unit_rows(embedding) - self.mean) @ self.projection, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class AddedClass:
    """A class added from examples; it comes last among the classes.

    Attributes:
        classes: Class paths after the change.
        newcomers: By the name of each head that can tell the new class.
    """

    classes: tuple[str, ...]
    newcomers: Mapping[str, Newcomer]
    kind: ClassVar[str] = "add"

    def apply(self, head: str, probabilities: np.ndarray, products: ProductEmbeddings | None) -> np.ndarray:
        """Give the new class its share, and the old ones what is left in their proportions."""
        share = np.zeros(len(probabilities), dtype=np.float32)
        if products is not None and head in self.newcomers and len(probabilities):
            share = self.newcomers[head].probability(open_set_embedding(products, head))
        return np.column_stack([probabilities * (1 - share)[:, None], share]).astype(np.float32)

    def vouches(self, head: str, products: ProductEmbeddings) -> np.ndarray:
        """Which of N products the open-set detector, which has never seen the new class, must not reject, bool [N]."""
        newcomer, embedding = self.newcomers[head], open_set_embedding(products, head)
        return newcomer.reaches(embedding) & (newcomer.probability(embedding) > 0.5)

    def state(self) -> State:
        """What is needed to make it again."""
        arrays, settings = {}, {}
        for name, newcomer in self.newcomers.items():
            values = {each.name: getattr(newcomer, each.name) for each in fields(newcomer)}
            arrays.update(
                {f"{name}/{key}": value for key, value in values.items() if isinstance(value, np.ndarray)}
            )
            settings[name] = {
                key: value for key, value in values.items() if not isinstance(value, np.ndarray)
            }
        return State(self.kind, {"classes": list(self.classes), "heads": settings}, arrays)


def edit_from_state(state: State) -> ClassEdit:
    """Make a change again from its state.

    Raises:
        ModelError: Its kind is not known to this version.
    """
    classes = tuple(_strings(state.settings.get("classes")))
    if state.kind == MergedClasses.kind:
        return MergedClasses(classes, state.arrays["target"])
    if state.kind == AddedClass.kind:
        heads = state.settings["heads"]
        assert isinstance(heads, dict)
        newcomers = {
            name: Newcomer(
                state.arrays[f"{name}/mean"],
                state.arrays[f"{name}/projection"],
                state.arrays[f"{name}/prototypes"],
                state.arrays[f"{name}/prototype"],
                **numbers,
            )
            for name, numbers in heads.items()
        }
        return AddedClass(classes, newcomers)
    raise ModelError(
        "SP661",
        f"no change to classes is called `{state.kind}`",
        fix="load the model with the version that saved it",
    )


def nearest(projected: np.ndarray, prototypes: np.ndarray) -> np.ndarray:
    """Squared distance of [N, K] to the nearest of [P, K], float32 [N]."""
    squares = (projected**2).sum(axis=1)[:, None] + (prototypes**2).sum(axis=1)[None]
    return np.asarray((squares - 2 * projected @ prototypes.T).min(axis=1), dtype=np.float32)


def _strings(values: object) -> Sequence[str]:
    return [str(value) for value in values] if isinstance(values, list) else []
