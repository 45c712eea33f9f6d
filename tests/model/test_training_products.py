"""What a model folder keeps of the products that it was trained on, and what goes without."""

from __future__ import annotations

import pytest

from smartprod.catalog import LABEL_ROLES, read_products
from smartprod.config import load_config
from smartprod.errors import ModelError
from smartprod.explanation import Explainer, explanation_lines, explanation_page
from smartprod.model import (
    Answerer,
    describe_model,
    kept_products,
    leave_out_products,
    load_model,
    merge_classes,
    verify_model,
)
from smartprod.model.training_products import PRODUCTS_HEADING, with_section
from smartprod.pipeline import RunConsole, load_pipeline, run_pipeline
from tests.conftest import QUICK


def leave_out(folder, keep: str):
    leave_out_products(folder, load_model(folder).decider, keep=keep)
    return folder


def test_training_products_are_all_there_by_default_and_the_card_says_so(demo_run):
    assert kept_products(demo_run.model) == "full"
    card = (demo_run.model / "README.md").read_text(encoding="utf-8")
    assert "titles and small photos of some held-out training products" in card
    assert "products  of the training: embeddings, titles and small photos of some" in list(
        describe_model(demo_run.model)
    )


@pytest.mark.parametrize("keep", ["embeddings", "none"])
def test_training_products_left_out_leave_a_model_that_verifies(model_copy, keep):
    before = verify_model(model_copy)
    leave_out(model_copy, keep)
    assert kept_products(model_copy) == keep
    assert verify_model(model_copy) != before
    assert leave_out_products(model_copy, load_model(model_copy).decider, keep="full") == keep, (
        "nothing comes back"
    )


def test_training_products_explanation_without_them_says_so(model_copy, demo_run):
    model = load_model(leave_out(model_copy, "embeddings"))
    catalog = model.config.catalog.model_copy(update={"path": str(demo_run.catalogue / "products.csv")})
    products = read_products(catalog, optional=LABEL_ROLES)
    with Answerer.open(model) as answerer:
        explanation = Explainer.of(answerer).explain(products.slice(3, 1), in_detail=False)
    assert explanation.similar is None
    assert explanation.base != pytest.approx(1 / len(model.classes)), "the share of the class is still known"
    for told in ("\n".join(explanation_lines(explanation)), explanation_page(explanation)):
        assert "The model carries no training products" in told


def test_training_products_embeddings_are_enough_to_merge_classes(model_copy):
    leave_out(model_copy, "embeddings")
    first, second = load_model(model_copy).classes[:2]
    assert merge_classes(model_copy, [first, second], first, out=None).reference_rows > 100


def test_training_products_without_any_classes_cannot_be_changed(model_copy):
    leave_out(model_copy, "none")
    first, second = load_model(model_copy).classes[:2]
    with pytest.raises(ModelError, match=r"(?s)SP723.*export\.reference=embeddings"):
        merge_classes(model_copy, [first, second], first, out=None)


def test_training_products_a_card_without_the_section_gets_it_before_the_use():
    card = with_section("# A\n\n## Limits\n\n- one\n\n## Use\n\nso\n", [PRODUCTS_HEADING, "", "- some"])
    assert card == f"# A\n\n## Limits\n\n- one\n\n{PRODUCTS_HEADING}\n\n- some\n\n## Use\n\nso\n"
    assert with_section(card, [PRODUCTS_HEADING, "", "- none"]) == card.replace("- some", "- none")


@pytest.mark.parametrize("keep", ["embeddings", "none"])
def test_training_products_are_as_the_configuration_says(demo_run, tmp_path, keep):
    import shutil

    runs = shutil.copytree(demo_run.run.root.parent, tmp_path / "runs")
    overrides = (f"catalog.path={demo_run.catalogue / 'products.csv'}", f"run.folder={runs}", *QUICK, f"export.reference={keep}")  # fmt: skip
    outcome = run_pipeline(
        load_pipeline("all"), load_config("demo", overrides), console=RunConsole(quiet=True)
    )
    model = outcome.run.artefact_path("model")
    assert kept_products(model) == keep
    assert "titles and small photos" not in (model / "README.md").read_text(encoding="utf-8")
