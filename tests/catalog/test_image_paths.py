from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartprod.catalog.image_paths import ImageFinder, image_finder
from smartprod.catalog.status import Status
from smartprod.config.schema import CatalogConfig, RemoteConfig
from smartprod.remote import RemotePolicy

ON = RemotePolicy(allow=True, schemes=("https", "s3"))


@pytest.fixture
def tree(tmp_path):
    for name in ("shop/images/a.jpg", "shop/images/a b#c.jpg", "shop/other/b.jpg", "secret/c.jpg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    links = {
        "inside.jpg": "../other/b.jpg", "outside.jpg": "../../secret/c.jpg", "around": "../other",
        "away": "../../secret", "dangling.jpg": "nothing.jpg", "absolute.jpg": str(tmp_path / "secret/c.jpg"),
        "loop.jpg": "loop.jpg",
    }  # fmt: skip
    for name, target in links.items():
        (tmp_path / "shop/images" / name).symlink_to(target)
    return tmp_path / "shop"


@pytest.mark.parametrize(
    ("listed", "status"),
    [
        ("images/inside.jpg", "ok"),
        ("images/around/b.jpg", "ok"),
        ("images/outside.jpg", "forbidden"),
        ("images/absolute.jpg", "forbidden"),
        ("images/away/c.jpg", "forbidden"),
        ("images/away", "forbidden"),
        ("images/dangling.jpg", "missing"),
        ("images/loop.jpg", "unreadable"),
        ("images/away/../images/a.jpg", "missing"),
    ],
)
def test_finder_follows_links_only_within_the_root(tree, listed, status):
    finder = ImageFinder(tree)
    for _ in range(2):  # the second look comes from what is remembered of the folder
        found = finder.find(listed)
        assert found.status == status
        assert (found.path is not None) == (status == "ok")


def test_finder_root_may_itself_be_a_link(tree, tmp_path):
    (tmp_path / "current").symlink_to(tree, target_is_directory=True)
    finder = ImageFinder(tmp_path / "current")
    assert finder.find("images/a.jpg").path == str(tmp_path / "current/images/a.jpg")
    assert finder.find("images/outside.jpg").status == Status.FORBIDDEN


def test_finder_file_addresses_are_confined_like_paths(tree):
    finder = ImageFinder(tree)
    inside = (tree / "images").as_uri()
    assert finder.find(f"{inside}/a%20b%23c.jpg").path == str(tree / "images/a b#c.jpg")
    assert finder.find(f"{inside}/a.jpg".replace("file://", "FILE://localhost")).path == str(
        tree / "images/a.jpg"
    )
    for listed in (
        f"{inside}/%2e%2e/%2E%2E/secret/c.jpg", f"{inside}/outside.jpg", "file:///etc/hostname", "file://host/a.jpg",
        "file:////etc/hostname", "file://", "file://[/a.jpg",
    ):  # fmt: skip
        assert finder.find(listed).status == Status.FORBIDDEN, listed
    assert finder.find(f"{inside}/a%00.jpg").status == Status.CORRUPT
    assert finder.find(f"{inside}/none.jpg").status == Status.MISSING


@pytest.mark.parametrize(
    ("listed", "status", "reason"),
    [
        ("https://shop.example/a.jpg?token=secret", "ok", None),
        ("s3://bucket/a.jpg", "ok", None),
        ("http://shop.example/a.jpg", "forbidden", "http://shop.example/a.jpg: http address; allowed are https, s3"),
        ("https://user:secret@shop.example/a.jpg", "forbidden", "https://shop.example/a.jpg: an address with a user"),
        ("https://2130706433/a.jpg?secret", "forbidden", "https://2130706433/a.jpg: host 2130706433 leads to a private"),
        ("https://shop.example:x/a.jpg", "corrupt", "not a valid address"),
        ("https://" + "a" * 9_000, "corrupt", "an address of 9,008 characters"),
        ("memory://a.jpg", "forbidden", "memory address; such are never fetched"),
        ("local://a.jpg", "forbidden", "local address; such are never fetched"),
        ("zip://a.jpg::file:///etc/x.zip", "forbidden", "zip address; such are never fetched"),
        ("filecache::s3://bucket/a.jpg", "forbidden", "chained address; such are never fetched"),
        ("data:image/png;base64,AAAA", "forbidden", "data address; such are never fetched"),
        ("images/a.jpg", "ok", None),
    ],
)  # fmt: skip
def test_finder_addresses_follow_the_policy_and_reasons_hold_no_secrets(tree, listed, status, reason):
    found = ImageFinder(tree, policy=ON).find(listed)
    assert found.status == status
    assert (found.reason or "").startswith(reason or "") or (reason or "") in (found.reason or "")
    assert "secret" not in (found.reason or "")
    if status == "ok":
        assert found.path in {listed, str(tree / listed)}


def test_finder_paths_continue_the_address_of_the_folder(tmp_path):
    remote = RemoteConfig(allow=True)
    config = CatalogConfig(image_root="https://img.example/shop/", remote=remote)
    finder = image_finder(config, table_folder=tmp_path)
    assert finder.find("ü/a b.jpg").path == "https://img.example/shop/%C3%BC/a%20b.jpg"
    assert finder.find("x\\..\\a.jpg").path == "https://img.example/shop/a.jpg"
    assert finder.find("https://other.example/a.jpg").path == "https://other.example/a.jpg"
    for listed in ("../a.jpg", "/etc/hostname", "a/../../b", "file:///etc/hostname", ".."):
        assert finder.find(listed).status == Status.FORBIDDEN, listed
    off = image_finder(CatalogConfig(), table_folder="https://shop.example/tables")
    assert off.find("a.jpg").reason == (
        "https://shop.example/tables/a.jpg: https address; images are read from disk only (catalog.remote.allow)"
    )


@given(st.text(st.sampled_from("./\\%2e~:a\0é"), max_size=12), st.sampled_from(["", "file:///", "images/"]))
def test_finder_never_leaves_the_root(tmp_path_factory, text, start):
    root = tmp_path_factory.getbasetemp() / "root"
    (root / "images").mkdir(parents=True, exist_ok=True)
    (root.parent / "a").write_bytes(b"outside")
    (root / "a").write_bytes(b"inside")
    found = ImageFinder(root).find(start + text)
    assert found.path is None or os.path.realpath(found.path).startswith(f"{os.path.realpath(root)}/")
