"""Load a saved model: verify it, read it, and open the very encoders it was made with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from smartprod.config import Config
from smartprod.decision import Decider, LabelDecider, Mode, load_decider, load_label_decider
from smartprod.errors import ModelError, UsageError
from smartprod.model.own_encoders import located_encoders
from smartprod.model.record import ModelRecord, read_record
from smartprod.model.saving import DECISION_FOLDER, HEADS_FOLDER, LABELS_FOLDER
from smartprod.model.verification import verify_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartprod.embeddings import EncoderRecord

MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass(frozen=True, slots=True, eq=False)
class SavedModel:
    """A model folder in memory; encoders are opened by whoever embeds.

    Attributes:
        folder: Where it was read from.
        record: The content of `model.yaml`.
        decider: Heads, classes and thresholds; of a model that gives products several labels, a `LabelDecider`.
        identity: SHA-256 of its manifest.
    """

    folder: Path
    record: ModelRecord
    decider: Decider | LabelDecider
    identity: str

    @property
    def config(self) -> Config:
        """The configuration that it was made with."""
        return self.record.config

    @property
    def classes(self) -> tuple[str, ...]:
        """Class paths in index order."""
        return self.decider.classes

    @property
    def gives_several_labels(self) -> bool:
        """Whether an answer is a set of labels."""
        return isinstance(self.decider, LabelDecider)

    def decider_for(self, mode: str | None) -> Decider | LabelDecider:
        """The decider, with another mode and its thresholds in place of the model's own where one is given.

        Raises:
            UsageError: (SP719, SP680) There is no such mode.
        """
        if isinstance(self.decider, LabelDecider):
            return self.decider.for_mode(mode)
        known = next((each for each in MODES if each == mode), None)
        if mode is not None and known is None:
            raise UsageError(
                "SP719", f"there is no mode `{mode}`", where="--mode", fix=f"choose one of {', '.join(MODES)}"
            )
        settings = self.decider.settings
        return replace(self.decider, settings=settings.for_mode(known or settings.mode))


def load_model(folder: str | Path) -> SavedModel:
    """Verify and read a model folder; no other form is tried where one is refused.

    Raises:
        ModelError: The folder is missing, damaged, altered, or of another version (SP701 to SP717).
    """
    folder = Path(folder)
    identity = verify_model(folder)
    record = read_record(folder)
    record = replace(record, config=located_encoders(record.config, folder))
    labels = folder / LABELS_FOLDER
    decider = (
        load_label_decider(labels / DECISION_FOLDER, labels / HEADS_FOLDER)
        if labels.is_dir()
        else load_decider(folder / DECISION_FOLDER, folder / HEADS_FOLDER)
    )
    return SavedModel(folder, record, decider, identity)


def check_encoders(model: SavedModel, opened: Sequence[EncoderRecord]) -> None:
    """Refuse encoders whose weights or preprocessing are not those that the model was trained with.

    The precision may differ: a model trained on a graphics card is used on a processor.

    Raises:
        ModelError: (SP718) Names the recorded encoder and the one that was opened in its place.
    """
    recorded = model.record.encoders
    for number in range(max(len(recorded), len(opened))):
        wanted = recorded[number] if number < len(recorded) else None
        found = opened[number] if number < len(opened) else None
        if _describe(wanted) != _describe(found):
            raise ModelError(
                "SP718",
                f"the model was trained with {_describe(wanted)}, but here there is {_describe(found)}",
                where=str(model.folder),
                fix="install or restore the encoder that the model names, or train again with the one that is here",
            )


def _describe(encoder: EncoderRecord | None) -> str:
    if encoder is None:
        return "no encoder"
    return f"the {encoder.modality} encoder {encoder.name} ({encoder.dim} numbers, weights {encoder.weights_hash[:16]})"
