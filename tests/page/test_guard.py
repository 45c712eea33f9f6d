from __future__ import annotations

import json

import pytest

from smartprod.page.guard import PageGuard, is_needed


@pytest.fixture
def guard(tmp_path):
    uploads = tmp_path / "uploads"
    (uploads / "1").mkdir(parents=True)
    (uploads / "1" / "photo.jpg").write_bytes(b"photo")
    (uploads / "link").symlink_to("/etc")
    return PageGuard(app=None, uploads=uploads), uploads


def test_guard_takes_uploaded_files(guard):
    checked, uploads = guard
    document = {"data": [{"path": str(uploads / "1" / "photo.jpg"), "meta": {}}, "title", None]}
    assert checked.names_uploads_only(json.dumps(document).encode())
    assert checked.names_uploads_only(b"")


@pytest.mark.parametrize(
    "place", ["/etc/passwd", "UP/../secret", "UP/link/passwd", "https://example.org/x", "file:///etc/passwd", "photo.jpg", 7, ["/etc"], {"path": "/etc"}, "a\0b"]
)  # fmt: skip
def test_guard_takes_no_other_place(guard, place):
    checked, uploads = guard
    given = place.replace("UP", str(uploads)) if isinstance(place, str) else place
    for document in ({"data": [{"path": given}]}, {"a": {"b": [[{"value": {"path": given}}]]}}):
        assert not checked.names_uploads_only(json.dumps(document).encode())


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b"\xff"])
def test_guard_takes_no_body_that_is_no_document(guard, body):
    assert not guard[0].names_uploads_only(body)


@pytest.mark.parametrize(
    "path",
    ["/gradio_api/proxy=http://x", "/gradio_api/vibe-code", "/docs", "/monitoring", "/gradio_api/stream/1"],
)
def test_guard_knows_what_the_page_needs(path):
    assert not is_needed(path)
    assert is_needed("/gradio_api/queue/join")
    assert is_needed("/")
