"""Classifiers on embeddings, the leaderboard that compares them, and the heads that it chooses."""

from __future__ import annotations

from smartprod.classifiers.base import Classifier, FitRequest, Fitted
from smartprod.classifiers.calibration import (
    CalibratedAnswers,
    CalibrationChoice,
    CalibrationMethod,
    Calibrator,
    NoCalibration,
    TemperatureScaling,
    calibrator_from_state,
    fit_calibrator,
    learn_calibration,
)
from smartprod.classifiers.head import Head, HeadSet, load_heads, save_heads
from smartprod.classifiers.heads import HeldOutAnswers, load_validation
from smartprod.classifiers.logistic import fit_logistic
from smartprod.classifiers.registry import (
    ClassifierRecipe,
    classifier_from_state,
    fit_classifier,
    list_recipes,
)
from smartprod.classifiers.temperature import apply_temperature, fit_temperature
from smartprod.classifiers.words import WORDS, WordsClassifier, fit_words

__all__ = [
    "WORDS",
    "CalibratedAnswers",
    "CalibrationChoice",
    "CalibrationMethod",
    "Calibrator",
    "Classifier",
    "ClassifierRecipe",
    "FitRequest",
    "Fitted",
    "Head",
    "HeadSet",
    "HeldOutAnswers",
    "NoCalibration",
    "TemperatureScaling",
    "WordsClassifier",
    "apply_temperature",
    "calibrator_from_state",
    "classifier_from_state",
    "fit_calibrator",
    "fit_classifier",
    "fit_logistic",
    "fit_temperature",
    "fit_words",
    "learn_calibration",
    "list_recipes",
    "load_heads",
    "load_validation",
    "save_heads",
]
