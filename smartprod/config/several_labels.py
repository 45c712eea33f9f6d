"""What a configuration must not ask for where a product has several labels: it would be ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from smartprod.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smartprod.config.schema import Config

# Sections whose settings are about one label per product, and what may be said in them all the same.
_ONE_LABEL: dict[str, dict[str, Any]] = {
    "fuse": {},
    "resample": {"method": "none"},
    "decide": {"mode": "fused", "back_off": None, "open_set.method": "none"},
}
SIGMOID_KINDS = ("logistic", "mlp")
"""Classifiers that have a form with one answer per label."""


def check_several_labels(config: Config) -> None:
    """Refuse settings that mean nothing where products have several labels.

    Defaults do no harm, whether they are written down or not: a run's own `config.yaml` has all of them.

    Raises:
        UsageError: SP125 for such a setting, SP126 where no classifier is left.
    """
    for section, allowed in _ONE_LABEL.items():
        for key, value in _changed(getattr(config, section)):
            if key not in allowed or (allowed[key] is not None and value != allowed[key]):
                raise _refused(f"{section}.{key}", value)
    if config.catalog.classes.max_rows is not None:
        raise _refused("catalog.classes.max_rows", config.catalog.classes.max_rows)
    if config.classifier.metric != "macro_f1":
        raise _refused("classifier.metric", config.classifier.metric)
    if config.classifier.mlp.head_classes is not None:
        raise _refused("classifier.mlp.head_classes", config.classifier.mlp.head_classes)
    chosen = config.classifier
    kinds = chosen.candidates if chosen.kind == "auto" else (chosen.kind,)
    if not set(kinds) & set(SIGMOID_KINDS):
        raise UsageError(
            "SP126",
            f"none of the classifiers {', '.join(kinds)} can give a product several labels",
            where="classifier.kind, classifier.candidates",
            fix=f"choose {' or '.join(SIGMOID_KINDS)}",
        )


def _refused(key: str, value: object) -> UsageError:
    return UsageError(
        "SP125",
        f"`{key}` ({value}) is for one label per product: the stages for several labels would ignore it",
        where=key,
        fix="take it out of the configuration, or run the pipeline `all`, which learns one label (docs/several-labels.md)",
    )


def _changed(section: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The settings of a section that are not the default, nested ones with dots."""
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from _changed(value, f"{prefix}{name}.")
        elif value != field.get_default(call_default_factory=True):
            yield f"{prefix}{name}", value
