from __future__ import annotations

import os
from dataclasses import replace

import pytest

from smartprod.config import Config
from smartprod.engines.ray_site import describe_path, open_site
from smartprod.errors import JobError


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A folder with a table and its images, and a folder for parts; the current one."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images/mug.jpg").write_bytes(b"mug")
    (tmp_path / "shop.csv").write_text("id,image\n1,mug.jpg\n")
    (tmp_path / "parts").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def site(shop):
    config = Config.model_validate({"catalog": {"path": "shop.csv", "image_root": "images"}})
    with open_site(shop / "parts", config) as opened:
        yield opened


def test_ray_site_is_entered_where_everything_is_as_here(site, shop, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("SMARTPROD_DEVICE", "cuda")
    os.chdir(tmp_path_factory.mktemp("elsewhere"))
    replace(site, variables={"SMARTPROD_DEVICE": "cpu"}).enter()
    assert (os.getcwd(), os.environ["SMARTPROD_DEVICE"]) == (str(shop), "cpu")  # noqa: PTH109


@pytest.mark.parametrize("lost", ["table", "images", "parts", "mounted"])
def test_ray_site_where_a_file_is_not_seen_names_it(site, shop, lost):
    gone = {"table": shop / "shop.csv", "images": shop / "images", "mounted": shop / "images"}.get(lost)
    if lost == "parts":
        (gone,) = (shop / "parts").iterdir()
    if lost == "mounted":  # the folder is there, and empty
        (gone / "mug.jpg").unlink()
    else:
        gone.rename(shop / "moved")
    with pytest.raises(JobError, match=f"SP846(.|\n)*where: {gone}\n(.|\n)*one file system"):
        site.enter()


def test_ray_site_without_the_current_folder_names_it(site):
    with pytest.raises(JobError, match=r"SP846(.|\n)*where: /no/such/folder\n"):
        replace(site, folder="/no/such/folder").enter()


def test_ray_site_with_other_packages_names_them(site):
    other = {**site.packages, "torch": "1.0", "leftpad": "2.0"}
    with pytest.raises(
        JobError, match=r"SP845(.|\n)*torch .* in place of 1\.0, leftpad missing in place of 2\.0"
    ):
        replace(site, packages=other).enter()


def test_ray_site_knows_packages_without_their_build(site):
    assert {"smartprod", "its source", "torch", "numpy"} <= set(site.packages)
    assert not any("+" in version for version in site.packages.values())


def test_ray_site_takes_its_mark_away_and_those_of_killed_calls(shop):
    (shop / "parts/.shared-0123").touch()
    with open_site(shop / "parts", Config()) as site:
        (mark,) = (shop / "parts").iterdir()
        assert str(mark) in site.files
        assert mark.name != ".shared-0123"
    assert list((shop / "parts").iterdir()) == []


def test_ray_site_of_a_table_elsewhere_has_only_the_mark(shop):
    config = Config.model_validate({"catalog": {"path": "s3://bucket/shop.parquet"}})
    with open_site(shop / "parts", config) as site:
        assert len(site.files) == 1
    assert describe_path(shop / "absent") == "nothing"
