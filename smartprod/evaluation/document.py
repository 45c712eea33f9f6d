"""The figures of the report as `metrics.json`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from smartprod.evaluation.coverage import ACCURACY_TARGETS
from smartprod.evaluation.data import ReportData
from smartprod.evaluation.metrics import none_for_nan
from smartprod.evaluation.other_images import filled_classes
from smartprod.evaluation.summary import Evaluation, evaluate, remarks

SCHEMA_VERSION = 2
PAIRS = 50
FINDINGS = 200


def metrics_document(data: ReportData) -> dict[str, Any]:
    """Write the figures of a run as plain values for JSON; what cannot be known is null, never NaN.

    Returns:
        Stable keys (a change raises `schema_version`):

        - `schema_version`, `run`, `created`, `versions`, `notes`
        - `chosen`: `head`, `reason`
        - `part`: the part that the details below are about, `test` or `validation`
        - `test`, `validation`: by head name `rows`, `accuracy`, `accuracy_low`, `accuracy_high`, `top5`, `macro_f1`,
          `weighted_f1`, `log_loss`, `ece`, `mean_confidence`
        - `coverage`: by head, and for the `decision` of the mode in force, `aurc`, `e_aurc` and `coverage_at` (by accuracy, such as `0.95`: the share that can be answered)
        - `decisions`: `rows`, `accepted_share`, `accepted_accuracy`, `answered_share`, `answered_accuracy`,
          `overall_accuracy`, `shares` (list of `head`, `decision`, `rows`, `share`, `accuracy`); null without decisions
        - `modes`: list, the mode in force first, of `mode`, `accuracy`, `heads` (list of `head`, `rows`, `share`, `accuracy`),
          `images_saved`, `texts_saved`, `milliseconds`, `milliseconds_of_all`
        - `prediction_sets`: `promised`, `covered`, `rows`, `size`, `single`; null without
        - `thresholds` by head, `target_accuracy`
        - `levels`: list of `level`, `classes`, `accuracy`, `macro_f1`
        - `hierarchy`: `heads` by name and `answers.score` with `precision`, `recall`, `f1`; further `answers`: `rows`, `true_depth`,
          `answered_depth`, `backed_off_share`, `backed_off_accuracy`, `backed_off_depth`; `nodes`: list of `path`, `depth`,
          `rows`, `answered`, `recall`, `precision`; null where the categories are no paths
        - `costs`: `rows`, `cost_most_probable`, `cost_chosen`, `accuracy_most_probable`, `accuracy_chosen`, `changed`; null without
        - `macro_categories`: `embedding`, `number`, `given`, `silhouettes` by number, `groups` (list of `name`, `rows`, `classes`),
          `merges` (list of `first`, `second`, `distance`, `classes`: leaves and merges numbered as scipy does, in the order of
          `leaves`); null with fewer than three categories
        - `class_sizes`: list of `name`, `meaning`, `classes`, `rows`, `accuracy`, `macro_f1`, `top1`, `top5` (means of the classes)
        - `classes`: worst first, list of `category`, `precision`, `recall`, `f1`, `rows`, `answered`, `train_rows`,
          `mistaken_for`, `mistaken_rows`, `top5`, `size`
        - `confused_pairs`: list of `first`, `second`, `first_as_second`, `second_as_first` (row numbers)
        - `trainings`: list of `name`, `best_epoch`, `encoder`, `epochs` (list of `epoch`, `train_loss`, `val_loss`, `val_macro_f1`,
          `val_accuracy`, `val_weighted_f1`, `learning_rate`) of the encoders trained in the run
        - `other_images`: list of `label`, `products`, `listed`, `alike`, `added`, `threshold`; empty where no class was filled
        - `sweep`: `base`, `metric`, `trials` (list of `number`, `values` by key, `scores`, `reason`, `seconds`); null without
        - `findings`: what to look at, most severe first, list of `kind`, `severity`, `suggestion`, `evidence`, `category`, `rows`
        - `leaderboard`: list of the fields of `LeaderboardRow`
    """
    evaluation = evaluate(data)
    document = {
        "schema_version": SCHEMA_VERSION,
        "run": data.run_name,
        "created": data.created,
        "versions": dict(data.versions),
        "notes": [*data.notes, *remarks(data, evaluation)],
        "chosen": {"head": data.chosen.name, "reason": data.chosen.reason},
        "part": evaluation.part,
        "test": {name: scores.as_dict() for name, scores in evaluation.test.items()},
        "validation": {name: scores.as_dict() for name, scores in evaluation.validation.items()},
        "coverage": _coverage(evaluation),
        "decisions": asdict(evaluation.decisions) if evaluation.decisions else None,
        "modes": [asdict(mode) for mode in evaluation.modes],
        "prediction_sets": asdict(data.sets) if data.sets else None,
        "thresholds": dict(data.thresholds),
        "target_accuracy": data.target_accuracy,
        "levels": [asdict(level) for level in evaluation.levels],
        "hierarchy": asdict(evaluation.tree) if evaluation.tree else None,
        "costs": asdict(evaluation.costs) if evaluation.costs else None,
        "macro_categories": _macro_categories(data),
        "class_sizes": [asdict(group) for group in evaluation.sizes],
        "classes": _classes(data, evaluation),
        "confused_pairs": _pairs(data, evaluation),
        "trainings": [asdict(curves) for curves in data.trainings],
        "other_images": [
            asdict(entry)
            for entry in filled_classes(
                data.other_images, dict(zip(data.classes, data.train_counts.tolist(), strict=True))
            )
        ],
        "sweep": data.sweep.document() if data.sweep else None,
        "findings": [asdict(finding) for finding in data.findings[:FINDINGS]],
        "leaderboard": [asdict(row) for row in data.leaderboard],
    }
    return {key: _without_nan(value) for key, value in document.items()}


def _coverage(evaluation: Evaluation) -> dict[str, Any]:
    return {
        name: {
            "aurc": curve.aurc,
            "e_aurc": curve.e_aurc,
            "coverage_at": {f"{target:.2f}": curve.coverage_at(target) for target in ACCURACY_TARGETS},
        }
        for name, curve in evaluation.curves.items()
    }


def _macro_categories(data: ReportData) -> dict[str, Any] | None:
    found = data.macro_categories
    if found is None:
        return None
    return {
        "embedding": found.embedding,
        "number": len(found.groups),
        "given": found.given,
        "silhouettes": {str(number): value for number, value in found.tree.silhouettes.items()},
        "groups": [
            {
                "name": group.name,
                "rows": group.rows,
                "classes": [data.classes[index] for index in group.classes],
            }
            for group in found.groups
        ],
        "leaves": [data.classes[index] for index in found.members],
        "merges": [
            {"first": int(first), "second": int(second), "distance": float(distance), "classes": int(size)}
            for first, second, distance, size in found.tree.linkage
        ],
    }


def _classes(data: ReportData, evaluation: Evaluation) -> list[dict[str, Any]]:
    lines = []
    for score in evaluation.classes:
        line = asdict(score)
        mistaken = line.pop("mistaken_for")
        line = {"category": data.classes[line.pop("index")], **line}
        line["mistaken_for"] = None if mistaken is None else data.classes[mistaken]
        lines.append(line)
    return lines


def _pairs(data: ReportData, evaluation: Evaluation) -> list[dict[str, Any]]:
    rows = evaluation.head.rows
    return [
        {
            "first": data.classes[pair.first],
            "second": data.classes[pair.second],
            "first_as_second": [int(rows[position]) for position in pair.first_as_second],
            "second_as_first": [int(rows[position]) for position in pair.second_as_first],
        }
        for pair in evaluation.pairs[:PAIRS]
    ]


def _without_nan(value: Any) -> Any:
    """Replace NaN by None at any depth."""
    if isinstance(value, dict):
        return {key: _without_nan(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(entry) for entry in value]
    return none_for_nan(value)
