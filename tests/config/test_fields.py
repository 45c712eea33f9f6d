from __future__ import annotations

import pytest

from smartprod.config import Config
from smartprod.config.fields import all_keys, child_of, describe, is_section


def field(key):
    found = Config
    for name in key.split("."):
        found = child_of(found, name)
    return found


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("run.seed", "a whole number of at least 0 and less than 4294967296"),
        ("run.threads", "a whole number of at least 1 or null"),
        ("split.val_fraction", "a number from 0 to 1"),
        ("classifier.logistic.C", "a list, each entry a number greater than 0"),
        (
            "classifier.kind",
            "one of auto, logistic, mlp, lightgbm, prototype, neighbours, discriminant, two_level",
        ),
        ("split.use_column", "true or false"),
        ("catalog.delimiter", "a text of one character or null"),
        ("catalog.classes.merge", "a section `from: to` of texts"),
        ("score", "a section with some of top_k, part_rows, max_bad_fraction"),
        ("fuse.candidates", "a list, each entry one of concat, metric, gated, cross_attention, stack"),
    ],
)
def test_fields_allowed_values_are_described_in_words(key, words):
    assert describe(field(key)) == words


def test_fields_every_key_has_a_description():
    keys = list(all_keys(Config))
    assert ("classifier", "mlp", "dropout") in keys
    leaves = [key for key in keys if not is_section(field(".".join(key)))]
    assert len(leaves) > 80
    assert all(len(describe(field(".".join(key)))) > 5 for key in leaves)
