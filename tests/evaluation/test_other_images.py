from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from PIL import Image

from smartprod.evaluation import build_report, metrics_document
from smartprod.evaluation.other_images import EXAMPLES, other_images_section, read_other_images

SHIRTS, BOOTS = "Clothes > Tops > Shirts", "Shoes > Boots"


def line(row, label, path, similarity, refused=None, *, added=False):
    return {
        "row": row, "label": label, "path": str(path), "similarity": similarity, "threshold": 0.5,
        "refused": refused, "added": added, "image_keys": [],
    }  # fmt: skip


@pytest.fixture
def judged(tmp_path):
    photo = tmp_path / "side.jpg"
    Image.new("RGB", (60, 40), "navy").save(photo)
    unlike = "unlike the main image"
    lines = [
        line(0, SHIRTS, photo, 0.9, added=True), line(0, SHIRTS, photo, 0.55, added=True), line(2, SHIRTS, photo, 0.7),
        line(4, BOOTS, photo, 0.2, unlike), line(6, BOOTS, photo, 0.4, unlike), line(6, BOOTS, photo, None, "corrupt"),
        line(8, BOOTS, photo, 0.95, "the photo of another product"),
    ]  # fmt: skip
    return read_other_images(pa.Table.from_pylist(lines), Path)


def test_other_images_are_counted_class_by_class_and_shown_nearest_to_the_threshold(report_data, judged):
    counts = dict(zip(report_data.classes, report_data.train_counts.tolist(), strict=True))
    section = other_images_section(judged, counts, report_data.products)
    found = {entry.label: (entry.listed, entry.alike, entry.added) for entry in section.classes}
    assert found == {SHIRTS: (3, 3, 2), BOOTS: (4, 0, 0)}
    assert [round(pair.similarity, 2) for pair in section.kept] == [0.55, 0.7], "one for each product"
    assert [round(pair.similarity, 2) for pair in section.refused] == [0.4, 0.2]
    assert all(pair.other.source.startswith("data:image/webp") for pair in section.kept)
    assert len(section.kept) <= EXAMPLES
    assert dict(section.reasons)["corrupt"] == 1


def test_other_images_stand_in_the_report_and_the_document(report_data, judged):
    data = replace(report_data, other_images=judged)
    page = build_report(data)
    assert "Small categories filled with other images" in page
    assert "cosine 0.40" in page and "2 unlike the main image" in page  # noqa: PT018
    assert [entry["added"] for entry in metrics_document(data)["other_images"]] in ([2, 0], [0, 2])


def test_other_images_leave_no_trace_where_none_were_looked_at(report_data):
    assert "filled with other images" not in build_report(report_data)
    assert metrics_document(report_data)["other_images"] == []
    assert read_other_images(None, Path) == ()
