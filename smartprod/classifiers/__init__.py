"""Classifiers on embeddings, the leaderboard that compares them, and the heads that it chooses."""

from __future__ import annotations

from smartprod.classifiers.base import Classifier, FitRequest, Fitted
from smartprod.classifiers.class_clusters import ClassClusters, class_means, cluster_classes
from smartprod.classifiers.head import Head, HeadSet, load_heads, save_heads
from smartprod.classifiers.heads import HeldOutAnswers, load_validation
from smartprod.classifiers.label_sets import (
    HeldOutLabels,
    LabelData,
    LabelHead,
    LabelHeadSet,
    LabelTree,
    load_held_out_labels,
    load_label_data,
    load_label_heads,
    save_label_heads,
)
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
    "ClassClusters",
    "Classifier",
    "ClassifierRecipe",
    "FitRequest",
    "Fitted",
    "Head",
    "HeadSet",
    "HeldOutAnswers",
    "HeldOutLabels",
    "LabelData",
    "LabelHead",
    "LabelHeadSet",
    "LabelTree",
    "WordsClassifier",
    "apply_temperature",
    "class_means",
    "classifier_from_state",
    "cluster_classes",
    "fit_classifier",
    "fit_logistic",
    "fit_temperature",
    "fit_words",
    "list_recipes",
    "load_heads",
    "load_held_out_labels",
    "load_label_data",
    "load_label_heads",
    "load_validation",
    "save_heads",
    "save_label_heads",
]
