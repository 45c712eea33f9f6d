from __future__ import annotations

import pytest

from smartprod.classifiers import ClassifierRecipe, classifier_from_state, fit_classifier, list_recipes
from smartprod.config.learning import ClassifierConfig, LightgbmConfig, LogisticConfig, MlpConfig
from smartprod.errors import ModelError
from smartprod.state import State
from tests.contracts.check_classifier import check_classifier

CONFIG = ClassifierConfig(
    candidates=("logistic", "mlp", "lightgbm", "prototype", "neighbours", "discriminant", "two_level"),
    logistic=LogisticConfig(C=(30.0,)),
    mlp=MlpConfig(hidden=8, epochs=12, batch_size=8, learning_rate=0.02, dropout=0.1, label_smoothing=0.0),
    lightgbm=LightgbmConfig(rounds=15, min_rows_per_leaf=1, leaves=4, learning_rate=0.5, feature_fraction=1),
)


@pytest.mark.parametrize("recipe", list_recipes(CONFIG), ids=lambda recipe: recipe.kind)
def test_contract_is_kept_by_classifiers(recipe, tmp_path):
    check_classifier(lambda request: fit_classifier(recipe, request, CONFIG), tmp_path)


@pytest.mark.parametrize("weighting", ["balanced", "sqrt"])
def test_contract_is_kept_with_class_weights(weighting, tmp_path):
    recipe = ClassifierRecipe("mlp", weighting)
    linear = CONFIG.model_copy(
        update={"mlp": CONFIG.mlp.model_copy(update={"hidden": 0, "learning_rate": 0.1})}
    )
    check_classifier(lambda request: fit_classifier(recipe, request, linear), tmp_path)


def test_contract_unknown_kind_is_refused():
    with pytest.raises(ModelError, match="oracle") as caught:
        classifier_from_state(State("oracle"))
    assert caught.value.code == "SP704"


def _with_mlp(**changes) -> ClassifierConfig:
    return CONFIG.model_copy(update={"mlp": CONFIG.mlp.model_copy(update=changes)})


@pytest.mark.parametrize("changes", [{"loss": "focal"}, {"loss": "logit_adjusted"}, {"sampling": "balanced"}])
def test_contract_is_kept_by_losses_and_sampling_of_the_mlp(changes, tmp_path):
    config = _with_mlp(hidden=0, learning_rate=0.1, **changes)
    check_classifier(
        lambda request: fit_classifier(ClassifierRecipe("mlp", "sqrt"), request, config), tmp_path
    )


@pytest.mark.parametrize(
    "changes",
    [{"batch_norm": True}, {"head_classes": 2, "tail_epochs": 12}],
    ids=["batch norm", "head then tail"],
)
def test_contract_is_kept_by_forms_of_the_mlp(changes, tmp_path):
    config = _with_mlp(**changes)
    check_classifier(
        lambda request: fit_classifier(ClassifierRecipe("mlp", "sqrt"), request, config), tmp_path
    )


@pytest.mark.parametrize("kind", ["logistic", "mlp", "lightgbm", "prototype", "discriminant"])
def test_contract_is_kept_with_logit_adjustment(kind, tmp_path):
    config = CONFIG.model_copy(update={"kind": kind, "logit_adjustment": 0.5})
    (recipe,) = list_recipes(config)
    assert recipe.weighting == "none", "adjustment takes the place of class weights"
    check_classifier(lambda request: fit_classifier(recipe, request, config), tmp_path)
