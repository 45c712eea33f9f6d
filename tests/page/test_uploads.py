"""Uploads are somebody's files: nothing but the upload is ever written or read."""

from __future__ import annotations

import contextlib
import io
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smartprod.model import load_model
from smartprod.page.batch import score_upload
from smartprod.page.limits import PageLimits
from smartprod.page.uploads import UploadError, take_upload

TABLE = "id,title,image\n1,Ceramic mug,a.jpg\n"


@pytest.fixture
def make_zip(tmp_path):
    """Write a zip of entries; a name with `ZipInfo` may lie."""

    def make(*entries: tuple[str | zipfile.ZipInfo, bytes | str]) -> Path:
        path = tmp_path / "upload.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in entries:
                archive.writestr(name, content)
        return path

    return make


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "scratch"
    path.mkdir()
    return path


def refused(upload: Path, folder: Path, **limits) -> str:
    with pytest.raises(UploadError) as error:
        take_upload(upload, folder, PageLimits(**limits))
    return error.value.code


def test_uploads_zip_of_a_table_and_photos_is_unpacked(make_zip, folder):
    upload = make_zip(("shop/products.csv", TABLE), ("shop/photos/a.JPG", b"photo"), ("shop/notes.txt", "no"), ("__MACOSX/shop/._products.csv", "no"))  # fmt: skip
    taken = take_upload(upload, folder, PageLimits())
    assert (taken.table.name, taken.photos, taken.image_root) == ("products.csv", 1, taken.table.parent)
    files = {path.name for path in folder.rglob("*") if path.is_file()}
    assert files == {"products.csv", "a.JPG"}


def test_uploads_csv_stands_alone(tmp_path, folder):
    path = tmp_path / "products.csv"
    path.write_text(TABLE)
    taken = take_upload(path, folder, PageLimits())
    assert list(taken.image_root.iterdir()) == [taken.table]


def _link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("photos/a.jpg")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    "name",
    ["../evil.csv", "/etc/evil.csv", "a/../../evil.csv", "C:/evil.csv", "..\\evil.csv", "a\\evil.csv", "x" * 500 + ".csv"],
)  # fmt: skip
def test_uploads_zip_with_a_name_that_leaves_it_is_refused(make_zip, folder, name):
    info = zipfile.ZipInfo()
    info.filename = name
    assert refused(make_zip(("products.csv", TABLE), (info, TABLE)), folder) == "SP881"
    assert not list(folder.rglob("evil*"))


def test_uploads_zip_with_a_link_is_refused(make_zip, folder):
    assert refused(make_zip(("products.csv", TABLE), (_link(), "/etc/passwd")), folder) == "SP881"


def test_uploads_zip_bomb_is_refused_by_what_it_says_it_holds(make_zip, folder):
    upload = make_zip(("products.csv", TABLE), ("bomb.jpg", bytes(30_000_000)))
    assert upload.stat().st_size < 100_000
    assert refused(upload, folder, unpacked_megabytes=20) == "SP883"


def test_uploads_zip_bomb_that_lies_about_its_size_is_refused_too(make_zip, folder):
    upload = make_zip(("products.csv", TABLE), ("bomb.jpg", bytes(3_000_000)))
    content = upload.read_bytes()
    size = (3_000_000).to_bytes(4, "little")
    assert content.count(size) == 2
    upload.write_bytes(content.replace(size, (10).to_bytes(4, "little")))
    assert refused(upload, folder, unpacked_megabytes=1) in {"SP879", "SP883"}
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 1_100_000


@pytest.mark.parametrize(
    ("entries", "limits", "code"),
    [
        ((("a.jpg", b"x"),), {}, "SP882"),
        ((("a.csv", TABLE), ("b.csv", TABLE)), {}, "SP882"),
        ((("a.csv", TABLE), ("b.jpg", b""), ("c.jpg", b"")), {"files": 2}, "SP880"),
        ((("a.csv", TABLE),), {"upload_megabytes": 0.0001}, "SP878"),
        ((("a.csv", TABLE), ("a.csv/b.jpg", b"x")), {}, "SP879"),
    ],
    ids=["no table", "two tables", "many files", "large", "a file that is a folder"],
)
def test_uploads_other_zips_are_refused_with_a_code(make_zip, folder, entries, limits, code):
    assert refused(make_zip(*entries), folder, **limits) == code


@pytest.mark.parametrize(("name", "code"), [("a.exe", "SP877"), ("a", "SP877"), ("a.zip", "SP879")])
def test_uploads_what_is_no_table_is_refused(tmp_path, folder, name, code):
    path = tmp_path / name
    path.write_bytes(b"MZ")
    assert refused(path, folder) == code


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_uploads_spoilt_zip_is_taken_or_refused_but_never_leaves_its_folder(tmp_path_factory, data):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("products.csv", TABLE)
        archive.writestr("a.jpg", b"photo")
    spoilt = bytearray(content.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    place = tmp_path_factory.mktemp("spoilt")
    (place / "upload.zip").write_bytes(spoilt)
    (place / "in").mkdir()
    with contextlib.suppress(UploadError):
        take_upload(place / "upload.zip", place / "in", PageLimits())
    assert {path.name for path in place.iterdir()} == {"upload.zip", "in"}


def test_uploads_table_names_no_file_of_the_machine(demo_run, tmp_path, folder):
    photo = sorted((demo_run.catalogue / "images").iterdir())[0]
    table = tmp_path / "products.csv"
    lines = [f"{number},Ceramic mug,{path}" for number, path in enumerate([photo, "../../x.jpg", f"file://{photo}", "https://example.org/x.jpg"])]  # fmt: skip
    table.write_text("\n".join(["id,title,image", *lines]) + "\n")
    told = []
    done = score_upload(
        table,
        model=load_model(demo_run.model),
        folder=folder,
        limits=PageLimits(),
        told=lambda rows, of: told.append((rows, of)),
    )
    answers = done.file.read_text(encoding="utf-8").splitlines()
    assert len(answers) == 5
    assert all("images:forbidden" in line for line in answers[1:])
    assert told[-1] == (4, 4)
    assert str(folder) not in "\n".join(done.lines)


def test_uploads_too_many_rows_are_refused(demo_run, tmp_path, folder):
    table = tmp_path / "products.csv"
    table.write_text("id,title\n" + "1,mug\n" * 11)
    with pytest.raises(UploadError, match="SP887"):
        score_upload(
            table,
            model=load_model(demo_run.model),
            folder=folder,
            limits=PageLimits(rows=10),
            told=lambda *_: None,
        )
