"""Heads for several labels: the mean probability of a few classifiers, and how they are kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.classifiers.head import save_member_states
from smartprod.classifiers.label_sets.logistic import SigmoidLogistic
from smartprod.classifiers.label_sets.tree import LabelTree
from smartprod.errors import ModelError
from smartprod.fusion import representation_from_state
from smartprod.state import State, load_state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from smartprod.classifiers.label_sets.base import LabelClassifier
    from smartprod.fusion import Modality, ProductEmbeddings, Representation

LABEL_HEADS_FILE = "label_heads.json"
_HELD_OUT_FILE = "held_out.safetensors"


@dataclass(frozen=True, slots=True, eq=False)
class LabelMember:
    """One classifier of a head.

    Attributes:
        name: Such as `concat+mlp`.
        representation: What it sees.
        classifier: What it answers with.
    """

    name: str
    representation: Representation
    classifier: LabelClassifier


@dataclass(frozen=True, slots=True, eq=False)
class LabelHead:
    """Answers for products that have all of `modalities`.

    Attributes:
        name: `image`, `text` or `fused`.
        modalities: What a product must have.
        members: Its classifiers; each counts the same.
    """

    name: str
    modalities: tuple[Modality, ...]
    members: tuple[LabelMember, ...]

    def probabilities(self, products: ProductEmbeddings) -> np.ndarray:
        """Mean probability of each label for N products that have the head's modalities, float32 [N, K]."""
        embeddings = {
            member.representation.name: member.representation.embed(products) for member in self.members
        }
        answers = [
            member.classifier.probabilities(embeddings[member.representation.name]) for member in self.members
        ]
        return np.asarray(np.mean(answers, axis=0), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class LabelHeadSet:
    """All heads of a model, and the labels they answer for.

    Attributes:
        tree: The labels.
        heads: Heads by name.
    """

    tree: LabelTree
    heads: Mapping[str, LabelHead]


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutLabels:
    """What a head answered about rows that it had not seen.

    Attributes:
        rows: Positions in the product table, int64 [M].
        folds: The fold that held each row out, int64 [M].
        targets: Which labels the rows have, bool [M, K].
        probabilities: Consistent up the tree, float32 [M, K].
    """

    rows: np.ndarray
    folds: np.ndarray
    targets: np.ndarray
    probabilities: np.ndarray


def save_label_heads(head_set: LabelHeadSet, folder: Path) -> None:
    """Write heads as `label_heads.json` and one saved state per representation and classifier."""
    heads: dict[str, object] = {}
    for head in head_set.heads.values():
        members = []
        for number, member in enumerate(head.members):
            saved = save_member_states(
                folder, f"{head.name}-{number}", member.representation, member.classifier.state()
            )
            members.append({"name": member.name, **saved})
        heads[head.name] = {"modalities": list(head.modalities), "members": members}
    tree = head_set.tree
    document = {
        "separator": tree.separator,
        "labels": [
            path for path, is_carried in zip(tree.nodes, tree.carried.tolist(), strict=True) if is_carried
        ],
        "heads": heads,
    }
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    (folder / LABEL_HEADS_FILE).write_text(text, encoding="utf-8", newline="\n")


def load_label_heads(folder: Path) -> LabelHeadSet:
    """Read what `save_label_heads` wrote.

    Raises:
        ModelError: A file is missing or damaged.
    """
    try:
        document = json.loads((folder / LABEL_HEADS_FILE).read_text(encoding="utf-8"))
        heads = {
            name: LabelHead(name, tuple(entry["modalities"]), _load_members(folder, entry["members"]))
            for name, entry in document["heads"].items()
        }
        return LabelHeadSet(LabelTree.of(document["labels"], document["separator"]), heads)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            "SP530",
            f"the heads for several labels cannot be read: {error}",
            where=str(folder / LABEL_HEADS_FILE),
            fix="restore the folder from a copy, or train again",
        ) from error


def save_held_out_labels(answers: Mapping[str, HeldOutLabels], folder: Path) -> None:
    """Write the held-out answers of the heads beside them."""
    from safetensors.numpy import save_file

    arrays = {
        f"{name}/{field}": np.ascontiguousarray(getattr(each, field))
        for name, each in answers.items()
        for field in _FIELDS
    }
    save_file(arrays, folder / _HELD_OUT_FILE)


def load_held_out_labels(folder: Path) -> dict[str, HeldOutLabels]:
    """Read the held-out answers by head."""
    from safetensors.numpy import load_file

    arrays = load_file(folder / _HELD_OUT_FILE)
    names = sorted({key.partition("/")[0] for key in arrays})
    return {name: HeldOutLabels(*(arrays[f"{name}/{field}"] for field in _FIELDS)) for name in names}


_FIELDS = ("rows", "folds", "targets", "probabilities")


def _load_members(folder: Path, entries: Sequence[Mapping[str, object]]) -> tuple[LabelMember, ...]:
    return tuple(
        LabelMember(
            str(entry["name"]),
            representation_from_state(load_state(folder / "representations", str(entry["representation"]))),
            _classifier_from_state(load_state(folder / "classifiers", str(entry["classifier"]))),
        )
        for entry in entries
    )


def _classifier_from_state(state: State) -> LabelClassifier:
    if state.kind == SigmoidLogistic.kind:
        return SigmoidLogistic.from_state(state)
    if state.kind == "sigmoid-mlp":
        from smartprod.classifiers.label_sets.mlp import SigmoidMlp

        return SigmoidMlp.from_state(state)
    raise ModelError(
        "SP531",
        f"no classifier for several labels is called `{state.kind}`",
        fix="load the model with the version that saved it",
    )
