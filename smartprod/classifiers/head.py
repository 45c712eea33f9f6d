"""A head: what answers for products that have certain modalities; one classifier, or a mixture of several."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.classifiers.registry import classifier_from_state
from smartprod.classifiers.stacking import mix
from smartprod.classifiers.temperature import apply_temperature
from smartprod.errors import ModelError
from smartprod.fusion import representation_from_state
from smartprod.state import load_state, save_state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from smartprod.classifiers.base import Classifier
    from smartprod.fusion import Modality, ProductEmbeddings, Representation
    from smartprod.state import State

_HEADS_FILE = "heads.json"


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One classifier of a head.

    Attributes:
        name: Such as `concat+mlp`.
        representation: What it sees.
        classifier: What it answers with.
        weight: Share of the mixture.
        temperature: What its log-probabilities are divided by before mixing.
    """

    name: str
    representation: Representation
    classifier: Classifier
    weight: float
    temperature: float


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """Answers for products that have all of `modalities`.

    Attributes:
        name: `image`, `text` or `fused`.
        modalities: What a product must have.
        members: Its classifiers.
    """

    name: str
    modalities: tuple[Modality, ...]
    members: tuple[Member, ...]

    def log_probabilities(self, products: ProductEmbeddings) -> np.ndarray:
        """Classify N products that have the head's modalities: float32 [N, C], before the head's calibration."""
        embeddings: dict[str, np.ndarray] = {}
        answers = []
        for member in self.members:
            name = member.representation.name
            if name not in embeddings:
                embeddings[name] = member.representation.embed(products)
            answers.append(
                apply_temperature(member.classifier.log_probabilities(embeddings[name]), member.temperature)
            )
        if len(answers) == 1:
            return answers[0]
        return mix(answers, np.asarray([member.weight for member in self.members]))


@dataclass(frozen=True, slots=True, eq=False)
class HeadSet:
    """All heads of a model, and the classes they tell apart.

    Attributes:
        classes: Class paths in index order.
        heads: Heads by name.
    """

    classes: tuple[str, ...]
    heads: Mapping[str, Head]


def save_heads(head_set: HeadSet, folder: Path) -> None:
    """Write heads as `heads.json` and one saved state per representation and classifier."""
    document: dict[str, object] = {"classes": list(head_set.classes), "heads": {}}
    heads: dict[str, object] = {}
    for head in head_set.heads.values():
        members = []
        for number, member in enumerate(head.members):
            saved = save_member_states(
                folder, f"{head.name}-{number}", member.representation, member.classifier.state()
            )
            shares = {"weight": member.weight, "temperature": member.temperature}
            members.append({"name": member.name, **saved, **shares})
        heads[head.name] = {"modalities": list(head.modalities), "members": members}
    document["heads"] = heads
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    (folder / _HEADS_FILE).write_text(text, encoding="utf-8", newline="\n")


def save_member_states(
    folder: Path, place: str, representation: Representation, classifier: State
) -> dict[str, str]:
    """Write what a member of a head sees and answers with.

    Args:
        folder: Of the heads.
        place: Head and number of the member, such as `fused-0`.
        representation: What it sees; saved once for all members of that name.
        classifier: State of what it answers with.

    Returns:
        The names of both, as the folder knows them.
    """
    name = f"{place}-{classifier.kind}"
    save_state(representation.state(), folder / "representations", representation.name)
    save_state(classifier, folder / "classifiers", name)
    return {"representation": representation.name, "classifier": name}


def load_heads(folder: Path) -> HeadSet:
    """Read what `save_heads` wrote.

    Raises:
        ModelError: A file is missing or damaged.
    """
    try:
        document = json.loads((folder / _HEADS_FILE).read_text(encoding="utf-8"))
        heads = {
            name: Head(name, tuple(entry["modalities"]), _load_members(folder, entry["members"]))
            for name, entry in document["heads"].items()
        }
        return HeadSet(tuple(document["classes"]), heads)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            "SP705",
            f"the heads cannot be read: {error}",
            where=str(folder / _HEADS_FILE),
            fix="restore the folder from a copy, or train again",
        ) from error


def _load_members(folder: Path, entries: Sequence[Mapping[str, object]]) -> tuple[Member, ...]:
    return tuple(
        Member(
            str(entry["name"]),
            representation_from_state(load_state(folder / "representations", str(entry["representation"]))),
            classifier_from_state(load_state(folder / "classifiers", str(entry["classifier"]))),
            float(str(entry["weight"])),
            float(str(entry["temperature"])),
        )
        for entry in entries
    )
