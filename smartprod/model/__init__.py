"""The model folder: what a trained model is on disk, and how products are answered with it.

`save_model` writes it, `load_model` verifies and reads it, `Answerer` answers for rows of the product table, and
`ModelClassifier` for data frames and lists of dicts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.first_use import imported_on_first_use

if TYPE_CHECKING:
    from smartprod.model.answer_rows import answered_schema, answered_table
    from smartprod.model.answerer import Answerer, Answers
    from smartprod.model.card import HeadFigures, TrainingFigures, read_scores
    from smartprod.model.class_changes import ClassChange, add_class, count_reference, merge_classes
    from smartprod.model.classifier import ModelClassifier, load_classifier
    from smartprod.model.description import describe_model
    from smartprod.model.example_table import embed_examples, read_examples
    from smartprod.model.inputs import write_inputs
    from smartprod.model.loading import SavedModel, check_encoders, load_model
    from smartprod.model.record import ModelRecord
    from smartprod.model.reference import load_reference
    from smartprod.model.run_model import model_of_run, reference_of_run
    from smartprod.model.saving import save_model
    from smartprod.model.shown_products import (
        ShownProduct,
        ShownReference,
        gather_shown,
        load_shown_reference,
        small_photo,
    )
    from smartprod.model.single_products import ProductInput, product_rows
    from smartprod.model.training_products import (
        kept_products,
        leave_out_products,
        products_section,
        told_products,
        with_section,
    )
    from smartprod.model.verification import MANIFEST_FILE, verify_model

_HOMES = {
    "ClassChange": "class_changes",
    "add_class": "class_changes",
    "count_reference": "class_changes",
    "describe_model": "description",
    "embed_examples": "example_table",
    "merge_classes": "class_changes",
    "Answerer": "answerer",
    "Answers": "answerer",
    "HeadFigures": "card",
    "MANIFEST_FILE": "verification",
    "ModelRecord": "record",
    "ModelClassifier": "classifier",
    "ProductInput": "single_products",
    "SavedModel": "loading",
    "ShownProduct": "shown_products",
    "ShownReference": "shown_products",
    "TrainingFigures": "card",
    "answered_schema": "answer_rows",
    "answered_table": "answer_rows",
    "check_encoders": "loading",
    "kept_products": "training_products",
    "leave_out_products": "training_products",
    "load_classifier": "classifier",
    "load_model": "loading",
    "load_reference": "reference",
    "load_shown_reference": "shown_products",
    "gather_shown": "shown_products",
    "model_of_run": "run_model",
    "reference_of_run": "run_model",
    "product_rows": "single_products",
    "products_section": "training_products",
    "with_section": "training_products",
    "small_photo": "shown_products",
    "read_examples": "example_table",
    "read_scores": "card",
    "save_model": "saving",
    "told_products": "training_products",
    "verify_model": "verification",
    "write_inputs": "inputs",
}

__all__ = [
    "MANIFEST_FILE",
    "Answerer",
    "Answers",
    "ClassChange",
    "HeadFigures",
    "ModelClassifier",
    "ModelRecord",
    "ProductInput",
    "SavedModel",
    "ShownProduct",
    "ShownReference",
    "TrainingFigures",
    "add_class",
    "answered_schema",
    "answered_table",
    "check_encoders",
    "count_reference",
    "describe_model",
    "embed_examples",
    "gather_shown",
    "kept_products",
    "leave_out_products",
    "load_classifier",
    "load_model",
    "load_reference",
    "load_shown_reference",
    "merge_classes",
    "model_of_run",
    "product_rows",
    "products_section",
    "read_examples",
    "read_scores",
    "reference_of_run",
    "save_model",
    "small_photo",
    "told_products",
    "verify_model",
    "with_section",
    "write_inputs",
]

# Every `smartprod run` imports the stage module of this room
__getattr__ = imported_on_first_use(__name__, _HOMES)
