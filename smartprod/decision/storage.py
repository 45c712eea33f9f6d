"""The saved decider: `decision.json`, and one state per calibrator and open-set detector, beside the heads."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING

from smartprod.classifiers import WORDS, WordsClassifier, load_heads
from smartprod.decision.calibration import calibrator_from_state
from smartprod.decision.class_edits import edit_from_state
from smartprod.decision.costs import costs_from_document
from smartprod.decision.decider import Decider
from smartprod.decision.open_set import detector_from_state
from smartprod.decision.settings import DecisionSettings, ModeThresholds
from smartprod.errors import ModelError
from smartprod.state import load_state, save_state

if TYPE_CHECKING:
    from pathlib import Path

_DECISION_FILE = "decision.json"


def save_decision(decider: Decider, folder: Path) -> None:
    """Write settings, calibrators and detectors; the heads are saved on their own."""
    settings = asdict(decider.settings)
    document = {
        **settings,
        "calibrators": sorted(decider.calibrators),
        "detectors": sorted(decider.detectors),
        WORDS: decider.words is not None,
        "edits": len(decider.edits),
    }
    thresholds = (
        settings["accept"],
        settings["ask_next"],
        settings["back_off_from"] or 0.0,
        settings["least_in_set"] or 0.0,
    )
    if not all(math.isfinite(value) for value in thresholds):
        raise ModelError("SP706", "a threshold is not a finite number", fix="report this with your config")
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _DECISION_FILE).write_text(text, encoding="utf-8", newline="\n")
    for name, calibrator in decider.calibrators.items():
        save_state(calibrator.state(), folder / "calibration", name)
    for name, detector in decider.detectors.items():
        save_state(detector.state(), folder / "open_set", name)
    for number, change in enumerate(decider.edits):
        save_state(change.state(), folder / "class_edits", f"{number:03d}")
    if decider.words is not None:
        save_state(decider.words.state(), folder, WORDS)


def load_decider(decision: Path, heads: Path) -> Decider:
    """Read a decider from the folder of its decision and the folder of its heads.

    Raises:
        ModelError: A file is missing or damaged.
    """
    try:
        document = json.loads((decision / _DECISION_FILE).read_text(encoding="utf-8"))
        names, has_words = document.pop("detectors"), document.pop(WORDS)
        calibrated, edits = document.pop("calibrators"), int(document.pop("edits", 0))
        if document.get("costs") is not None:
            document["costs"] = costs_from_document(document["costs"])
        others = {mode: ModeThresholds(**each) for mode, each in document.pop("other_modes").items()}
        settings = DecisionSettings(**document, other_modes=others)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            "SP707",
            f"the decision settings cannot be read: {error}",
            where=str(decision / _DECISION_FILE),
            fix="restore the folder from a copy, or train again",
        ) from error
    detectors = {name: detector_from_state(load_state(decision / "open_set", name)) for name in names}
    calibrators = {
        name: calibrator_from_state(load_state(decision / "calibration", name)) for name in calibrated
    }
    words = WordsClassifier.from_state(load_state(decision, WORDS)) if has_words else None
    changes = tuple(
        edit_from_state(load_state(decision / "class_edits", f"{number:03d}")) for number in range(edits)
    )
    return Decider(load_heads(heads), settings, detectors, words, calibrators, changes)
