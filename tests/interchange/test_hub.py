from __future__ import annotations

import os
import re

import huggingface_hub.constants
import pytest
import yaml
from huggingface_hub import ModelCard

import smartprod
from smartprod.cli.main import main
from smartprod.encoders import offline
from smartprod.errors import ModelError, UsageError
from smartprod.interchange import HubCard, export_hub, locate_model, push_to_hub
from smartprod.model import kept_products, load_model, load_reference
from smartprod.model.shown_products import load_shown
from tests.interchange.local_hub import local_hub


@pytest.fixture(scope="module")
def repository_folder(demo_run, tmp_path_factory):
    card = HubCard(licence="apache-2.0", datasets=("me/things",))
    return export_hub(demo_run.model, tmp_path_factory.mktemp("hub") / "shop", card=card, reference="full")


@pytest.fixture
def own_caches(tmp_path, monkeypatch):
    """Empty caches, and a token that only the hub of this machine sees."""
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):  # whatever the tests before have set
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(offline, "_given", {})
    monkeypatch.setenv("SMARTPROD_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("HF_TOKEN", "hf_of_this_machine")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path


def test_hub_folder_has_a_card_that_the_hub_reads(repository_folder):
    card = ModelCard.load(repository_folder / "README.md")
    assert (card.data.license, card.data.datasets, card.data.library_name) == (
        "apache-2.0",
        ["me/things"],
        "smartprod",
    )
    fused = [each for each in card.data.eval_results if "fused" in each.task_name]
    assert {each.metric_name for each in fused} == {"accuracy", "macro-F1"}
    assert all(0 < each.metric_value <= 1 for each in fused)
    for words in ("## Limits", "- Home > Kitchen > Mug", 'smartprod.load("hf:', "model/reference/"):
        assert words in card.text


def test_hub_folder_without_a_licence_says_so(demo_run, tmp_path):
    text = (export_hub(demo_run.model, tmp_path / "shop", card=HubCard()) / "README.md").read_text()
    assert yaml.safe_load(text.split("---")[1])["license_name"] == "not-stated"
    assert "No licence is stated" in text
    assert "# datasets: [USER/NAME]" in text


def test_hub_folder_is_loaded_as_the_same_model(repository_folder, demo_run):
    product = [{"title": "red ceramic mug"}]
    with smartprod.load(repository_folder) as given, smartprod.load(demo_run.model) as own:
        assert given.model.identity == own.model.identity
        assert given.predict_proba(product).tolist() == own.predict_proba(product).tolist()


@pytest.mark.parametrize("reference", ["embeddings", "none"])
def test_hub_folder_leaves_training_photos_and_titles_out(demo_run, tmp_path, reference):
    folder = export_hub(demo_run.model, tmp_path / "shop", card=HubCard(), reference=reference)
    titles = {product.title for product in load_shown(demo_run.model) if product.title}
    assert len(titles) > 100
    content = b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    assert [title for title in titles if title.encode() in content] == []
    assert b"\xff\xd8\xff" not in content, "no JPEG is left"
    assert (load_reference(folder / "model") is None) == (reference == "none")
    assert load_model(folder / "model").config.export.reference == reference
    assert kept_products(folder / "model") == reference
    product = [{"title": "red ceramic mug"}]
    with smartprod.load(folder) as given, smartprod.load(demo_run.model) as own:
        assert given.predict_proba(product).tolist() == own.predict_proba(product).tolist()


def test_hub_card_and_model_card_say_what_is_kept(demo_run, tmp_path):
    for reference, words in (("embeddings", "no titles and no photos"), ("none", "no reference products")):
        folder = export_hub(demo_run.model, tmp_path / reference, card=HubCard(), reference=reference)
        for path in (folder / "README.md", folder / "model" / "README.md"):
            card = path.read_text(encoding="utf-8")
            assert card.count("## Training products in this folder") == 1
            assert words in card
            assert "## Use" in card
            assert "titles and small photos" not in card


def test_hub_folder_carries_no_titles_or_photos_unless_asked(demo_run, tmp_path):
    folder = export_hub(demo_run.model, tmp_path / "shop", card=HubCard())
    assert kept_products(folder / "model") == "embeddings"
    assert kept_products(demo_run.model) == "full", "the model itself is not changed"


def test_hub_folder_is_never_written_over_something(repository_folder, demo_run):
    with pytest.raises(UsageError, match="SP731"):
        export_hub(demo_run.model, repository_folder, card=HubCard())
    assert not list(repository_folder.parent.glob(".shop*")), "nothing is left behind"


def test_hub_upload_and_download_give_the_model_back(repository_folder, demo_run, own_caches):
    with local_hub() as hub:
        name = push_to_hub(repository_folder, "me/shop", endpoint=hub.url)
        assert re.fullmatch(r"hf:me/shop@[0-9a-f]{40}", name)
        folder = locate_model(name, endpoint=hub.url)
        downloads = hub.downloads
    assert load_model(folder).identity == load_model(demo_run.model).identity
    assert not any(path.is_symlink() for path in folder.rglob("*"))
    assert downloads > 0
    assert locate_model(name) == folder, "a commit that is here already needs no network"


def test_hub_model_in_the_hub_cache_needs_no_network(repository_folder, own_caches, monkeypatch):
    with local_hub() as hub:
        name = push_to_hub(repository_folder, "me/shop", endpoint=hub.url)
        folder = locate_model(name, endpoint=hub.url)
    monkeypatch.setenv("SMARTPROD_CACHE", str(own_caches / "another"))
    again = locate_model(name, endpoint=hub.url)
    assert again != folder
    assert load_model(again).identity == load_model(folder).identity


def test_hub_model_that_was_altered_is_refused(repository_folder, own_caches):
    with local_hub() as hub:
        name = push_to_hub(repository_folder, "me/shop", endpoint=hub.url)
        hub.files["me/shop"]["model/decision/decision.json"] += b" "
        folder = locate_model(name, endpoint=hub.url)
    with pytest.raises(ModelError, match="SP713"):
        load_model(folder)


def test_hub_names_without_revision_or_model_are_told(own_caches, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "config.json").write_text("{}")
    with pytest.raises(UsageError, match="SP733"):
        locate_model("hf:me/shop")
    with local_hub() as hub:
        with pytest.raises(ModelError, match="SP734"):
            locate_model("hf:me/shop@main", endpoint=hub.url)
        name = push_to_hub(tmp_path / "empty", "me/empty", endpoint=hub.url)
        with pytest.raises(ModelError, match="SP735"):
            locate_model(name, endpoint=hub.url)


def test_hub_that_cannot_be_reached_is_told(repository_folder, own_caches):
    with pytest.raises(ModelError, match=r"SP732.*\n.*me/shop"):
        push_to_hub(repository_folder, "me/shop", endpoint="http://127.0.0.1:9")


def test_hub_is_asked_though_a_model_with_embedded_encoders_went_offline(
    repository_folder, own_caches, demo_run
):
    with smartprod.load(demo_run.model) as classifier:
        classifier.predict([{"title": "red ceramic mug"}])
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    with local_hub() as hub:
        assert push_to_hub(repository_folder, "me/shop", endpoint=hub.url)
    assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_hub_export_command_writes_a_folder_and_tells_how_to_load_it(demo_run, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(
            [
                "export",
                "--model",
                str(demo_run.model),
                "--to",
                "hub",
                "-o",
                str(tmp_path / "shop"),
                "--license",
                "mit",
            ]
        )
    assert ended.value.code == 0
    assert f"smartprod.load('{tmp_path / 'shop'}')" in capsys.readouterr().out
    assert ModelCard.load(tmp_path / "shop" / "README.md").data.license == "mit"


def test_hub_model_is_named_in_commands_as_a_folder_is(repository_folder, demo_run, own_caches, capsys):
    table = str(demo_run.catalogue / "products.csv")
    with local_hub() as hub:
        name = push_to_hub(repository_folder, "me/shop", endpoint=hub.url)
        locate_model(name, endpoint=hub.url)
    assert run("model", "show", name) == 0
    assert run("model", "verify", name) == 0
    assert run("explain", table, "--row", "3", "--model", name) == 0
    merged = ("model", "merge-classes", name, "--into", "Mug")
    both = ("--classes", "Home > Kitchen > Mug", "--classes", "Home > Kitchen > Glass")
    assert run(*merged, *both, "--out", str(own_caches / "merged")) == 0
    told = capsys.readouterr().out
    assert f"{name} is whole; its identity is {load_model(demo_run.model).identity}" in told
    assert "classes   28" in told
    assert "answer: " in told
    assert load_model(own_caches / "merged").classes.count("Mug") == 1
    assert run(*merged, *both, "--in-place") == 2
    assert "SP127" in capsys.readouterr().err


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code
