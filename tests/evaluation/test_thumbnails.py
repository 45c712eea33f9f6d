from __future__ import annotations

import base64
from io import BytesIO

import pytest
from PIL import Image

from smartprod.evaluation.thumbnails import SIZE, SMALL_SIZE, small_thumbnail, thumbnail


def opened(source: str) -> Image.Image:
    kind, _, payload = source.partition(",")
    assert kind == "data:image/webp;base64"
    return Image.open(BytesIO(base64.b64decode(payload)))


def test_thumbnail_is_small_and_keeps_its_shape(tmp_path):
    Image.new("RGB", (1600, 800), "teal").save(tmp_path / "wide.jpg")
    picture = opened(thumbnail((tmp_path / "wide.jpg",)).source)
    assert picture.size == (SIZE, SIZE // 2)


def test_thumbnail_transparent_ground_becomes_white(tmp_path):
    Image.new("RGBA", (50, 50), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    assert min(opened(thumbnail((tmp_path / "clear.png",)).source).getpixel((25, 25))) > 250


def test_thumbnail_follows_the_rotation_flag(tmp_path):
    flags = Image.Exif()
    flags[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (200, 100), "teal").save(tmp_path / "turned.jpg", exif=flags)
    width, height = opened(thumbnail((tmp_path / "turned.jpg",)).source).size
    assert width < height


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "I;16", "1", "LA"])
def test_thumbnail_takes_every_colour_mode(tmp_path, mode):
    Image.new(mode, (60, 60)).save(tmp_path / "any.tif" if mode != "P" else tmp_path / "any.gif")
    path = next(tmp_path.iterdir())
    assert opened(thumbnail((path,)).source).size == (60, 60)


def test_thumbnail_broken_photos_give_a_reason(tmp_path):
    photo = tmp_path / "photo.jpg"
    Image.effect_noise((400, 400), 60).save(photo)
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(photo.read_bytes()[:3000])
    text = tmp_path / "text.jpg"
    text.write_text("<html>not found</html>")
    reasons = [thumbnail((path,)).reason for path in (cut, text, tmp_path / "lost.jpg", tmp_path)]
    assert reasons == ["photo corrupt", "not an image", "photo file missing", "photo corrupt"]
    assert thumbnail(()).reason == "no photo"


def test_thumbnail_takes_the_next_photo_when_the_first_is_broken(tmp_path):
    Image.new("RGB", (60, 60), "teal").save(tmp_path / "good.png")
    made = thumbnail((tmp_path / "lost.jpg", tmp_path / "good.png"))
    assert made.source
    assert made.reason == ""


def test_thumbnail_for_a_pointer_weighs_little(tmp_path):
    Image.effect_noise((400, 300), 60).convert("RGB").save(tmp_path / "busy.jpg")
    made = small_thumbnail((tmp_path / "busy.jpg",))
    assert max(opened(made.source).size) == SMALL_SIZE
    assert len(made.source) < 3_500 < len(thumbnail((tmp_path / "busy.jpg",)).source)
