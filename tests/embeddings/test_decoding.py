from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps, PngImagePlugin

from smartprod.embeddings import ImageLimits, ImageProblem, decode_image, pixel_modes

ANY = ImageLimits()


def decode(data: bytes, min_side: int = 10_000, limits: ImageLimits = ANY) -> np.ndarray:
    return decode_image(data, min_side=min_side, limits=limits)


def problem_of(data: bytes, limits: ImageLimits = ANY) -> tuple[str, str]:
    with pytest.raises(ImageProblem) as caught:
        decode(data, limits=limits)
    return caught.value.status.value, caught.value.reason


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF"])
def test_decode_formats_give_the_picture(draw, encode_file, kind):
    photo = draw(width=120, height=90)
    pixels = decode(encode_file(photo, kind))
    assert (pixels.dtype, pixels.shape) == (np.uint8, (90, 120, 3))
    assert np.abs(pixels.astype(int) - np.asarray(photo, int)).mean() < 16


def test_decode_large_jpeg_is_scaled_but_stays_three_times_the_target(draw, encode_file):
    pixels = decode(encode_file(draw(width=2_400, height=1_800)), min_side=256)
    assert 3 * 256 <= min(pixels.shape[:2]) < 1_800
    assert pixels.shape[0] / pixels.shape[1] == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_decode_exif_orientation_is_applied(draw, encode_file, orientation, mode):
    photo = draw(width=96, height=64).convert(mode)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode_file(photo, exif=exif, quality=95)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"), int)
    pixels = decode(data)
    assert pixels.shape == expected.shape
    assert np.abs(pixels - expected).mean() < 3


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (5, 1)])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_decode_turned_line_of_pixels_has_no_negative_stride_that_looks_contiguous(
    encode_file, orientation, size
):
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = decode(encode_file(Image.new("RGB", size), exif=exif))
    assert not pixels.flags.c_contiguous or min(pixels.strides) > 0


def test_decode_transparency_is_laid_on_white(encode_file):
    for image in (
        Image.new("RGBA", (8, 8), (255, 0, 0, 0)),
        Image.new("LA", (8, 8), (0, 0)),
        Image.new("RGBA", (8, 8), (0, 0, 255, 0)).quantize(4),
    ):
        assert (decode(encode_file(image, "PNG")) == 255).all()
    half = decode(encode_file(Image.new("RGBA", (8, 8), (0, 0, 0, 128)), "PNG"))
    assert abs(int(half[0, 0, 0]) - 127) <= 1


def test_decode_transparent_colour_of_a_palette_is_white(encode_file):
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 10, 20, 30])
    assert (decode(encode_file(image, "PNG", transparency=1)) == 255).all()
    assert decode(encode_file(image, "PNG"))[0, 0].tolist() == [10, 20, 30]


def test_decode_sixteen_bit_grey_is_scaled(encode_file):
    values = np.linspace(0, 65_535, 64).astype(np.uint16).reshape(8, 8)
    for kind in ("PNG", "TIFF"):
        pixels = decode(encode_file(Image.fromarray(values), kind))
        np.testing.assert_allclose(pixels[..., 0], values / 257, atol=1)
    dark = decode(encode_file(Image.fromarray(values // 256), "PNG"))
    assert dark.max() <= 1, "a dark 16-bit picture stays dark"


def test_decode_float_grey_is_scaled(encode_file):
    for top in (1.0, 255.0, 4_000.0):
        values = np.linspace(0, top, 64, dtype=np.float32).reshape(8, 8)
        np.testing.assert_allclose(
            decode(encode_file(Image.fromarray(values), "TIFF"))[..., 0], values * 255 / top, atol=1
        )


def test_decode_animation_gives_its_first_frame(encode_file):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    data = encode_file(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(data)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "JPEG2000"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_decode_truncated_file_is_corrupt(draw, encode_file, kind, share):
    data = encode_file(draw(), kind)
    status, reason = problem_of(data[: int(len(data) * share)])
    assert status == "corrupt"
    assert reason


def test_decode_truncated_jpeg_says_so(draw, encode_file):
    data = encode_file(draw())
    assert problem_of(data[: len(data) // 2]) == ("corrupt", "truncated")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"this is a text file named .jpg\n" * 20, "not an image (text)"),
        (b"  <!DOCTYPE html><html>404</html>", "not an image (a web page)"),
        (b"\x00\x01\x02\x03" * 100, "not an image"),
        (b"\xff\xd8\xff", ""),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, ""),
    ],
)
def test_decode_what_is_no_image_is_corrupt(data, reason):
    status, told = problem_of(data)
    assert status == "corrupt"
    assert told.startswith(reason)


def test_decode_too_many_megapixels_is_refused_from_the_header(encode_file):
    bomb = encode_file(Image.new("1", (3_000, 3_000)), "PNG")
    status, reason = problem_of(bomb, ImageLimits(megapixels=5))
    assert (status, reason) == ("too_large", "3000 x 3000 is 9 megapixels, more than 5")


def test_decode_beyond_pillows_own_limit_is_too_large(encode_file):
    bomb = encode_file(Image.new("1", (20_000, 20_000)), "PNG")
    status, reason = problem_of(bomb, ImageLimits(megapixels=1_000))
    assert status == "too_large"
    assert "megapixels" in reason


def test_decode_too_many_megabytes_is_too_large(draw, encode_file):
    status, reason = problem_of(encode_file(draw(), "BMP"), ImageLimits(megabytes=0.5))
    assert (status, reason) == ("too_large", "0.9 MB, more than 0.5")


def test_decode_jpeg_with_harmless_oddities_is_read(draw, encode_file):
    data = encode_file(draw(width=64, height=64))
    assert decode(data + b"trailing rubbish").shape == (64, 64, 3)
    assert decode(encode_file(draw(width=64, height=64), progressive=True)).shape == (64, 64, 3)


def test_decode_and_prepare_match_pillow_bicubic(draw, encode_file):
    from smartprod.config.schema import ExtractConfig
    from smartprod.encoders import load_encoder

    encoder = load_encoder("lite0", modality="image", config=ExtractConfig(), threads=1)
    ours, reference = [], []
    for seed, (width, height) in enumerate([(640, 480), (1_300, 1_700), (224, 224), (2_400, 1_600)]):
        data = encode_file(draw(seed, width, height), quality=90)
        ours.append(encoder.prepare(decode(data, min_side=encoder.min_side)))
        image = Image.open(io.BytesIO(data)).convert("RGB")
        scale = 256 / min(image.size)
        image = image.resize(
            (round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC
        )
        left, top = (image.width - 224) // 2, (image.height - 224) // 2
        reference.append(np.asarray(image.crop((left, top, left + 224, top + 224))).transpose(2, 0, 1))
    ours, reference = np.stack(ours), np.stack(reference)
    assert np.abs(ours.astype(int) - reference).mean() < 1
    left, right = encoder.encode(ours), encoder.encode(reference)
    cosine = (left * right).sum(1) / np.linalg.norm(left, axis=1) / np.linalg.norm(right, axis=1)
    assert cosine.min() > 0.999


@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
def test_decode_jpeg_with_missing_data_before_its_end_marker_is_corrupt(draw, encode_file, mode):
    data = encode_file(draw().convert(mode))
    assert problem_of(data[: len(data) // 2] + b"\xff\xd9") == ("corrupt", "truncated")


def test_decode_formats_that_other_programs_read_are_refused():
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n"
    assert problem_of(eps)[0] == "corrupt"


def test_decode_deep_grey_of_one_value_or_without_numbers_is_a_flat_picture(encode_file):
    flat = decode(encode_file(Image.fromarray(np.full((4, 4), 70_000, np.int32)), "TIFF"))
    assert (flat == flat[0, 0]).all()
    values = np.array([[0.0, 0.5, np.nan, np.inf]], np.float32)
    assert decode(encode_file(Image.fromarray(values), "TIFF"))[0, :, 0].tolist() == [0, 128, 0, 255]


@pytest.mark.parametrize("mode", ["RGBA", "P", "I;16", "1"])
def test_decode_strip_by_strip_equals_whole(draw, encode_file, monkeypatch, mode):
    photo = draw(width=50, height=40)
    grey = Image.fromarray(np.asarray(photo.convert("L"), np.uint16) * 200)
    data = encode_file(grey if mode == "I;16" else photo.convert(mode), "PNG")
    whole = decode(data)
    monkeypatch.setattr(pixel_modes, "_STRIP_PIXELS", 150)
    np.testing.assert_array_equal(decode(data), whole)


def test_decode_one_pixel(encode_file):
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"):
        pixels = decode(encode_file(Image.new("RGB", (1, 1), (10, 200, 30)), kind))
        assert pixels.shape == (1, 1, 3)
        np.testing.assert_allclose(pixels[0, 0], (10, 200, 30), atol=2)


def test_decode_twenty_thousand_pixels_wide(encode_file):
    stripe = np.arange(20_000) // 79
    picture = Image.fromarray(np.broadcast_to(stripe[None, :, None], (30, 20_000, 3)).astype(np.uint8))
    for kind in ("JPEG", "PNG", "TIFF"):
        pixels = decode(encode_file(picture, kind), min_side=256)
        assert pixels.shape == (30, 20_000, 3)
        np.testing.assert_allclose(pixels[15, ::1_000, 0], stripe[::1_000], atol=4)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_decode_cmyk_keeps_its_colours(encode_file, kind):
    for colour in ((200, 30, 30), (30, 180, 60), (240, 240, 240), (10, 10, 10)):
        pixels = decode(encode_file(Image.new("RGB", (16, 16), colour).convert("CMYK"), kind))
        np.testing.assert_allclose(pixels[8, 8], colour, atol=3, err_msg="inverted inks would be far off")


def test_decode_cmyk_without_adobe_marker_is_not_inverted(encode_file):
    data = encode_file(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG")
    start = data.index(b"\xff\xee")
    length = int.from_bytes(data[start + 2 : start + 4])
    plain = data[:start] + data[start + 2 + length :]
    expected = np.asarray(Image.open(io.BytesIO(plain)).convert("RGB"))
    np.testing.assert_array_equal(decode(plain), expected)


def test_decode_tiff_of_several_pages_gives_the_first(encode_file):
    pages = [Image.new("RGB", (8, 8), colour) for colour in ("lime", "blue")]
    data = encode_file(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert decode(data)[0, 0].tolist() == [0, 255, 0]


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_deflate", "jpeg", "packbits"])
def test_decode_compressed_tiff_is_whole_or_corrupt(draw, encode_file, compression):
    data = encode_file(draw(width=200, height=150), "TIFF", compression=compression)
    assert decode(data).shape == (150, 200, 3)
    for share in (0.3, 0.6, 0.9):
        assert problem_of(data[: int(len(data) * share)])[0] == "corrupt"


@pytest.mark.parametrize(("kind", "options"), [("WEBP", {"lossless": True}), ("PNG", {}), ("TIFF", {})])
def test_decode_other_animations_give_their_first_frame(encode_file, kind, options):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    data = encode_file(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert decode(data)[0, 0].tolist() == [255, 0, 0]


def test_decode_png_with_a_huge_text_is_corrupt_with_a_reason(encode_file):
    note = PngImagePlugin.PngInfo()
    note.add_text("comment", "x" * 3_000_000, zip=True)
    status, reason = problem_of(encode_file(Image.new("RGB", (8, 8)), "PNG", pnginfo=note))
    assert status == "corrupt"
    assert "too large" in reason


def test_decode_colour_profile_that_is_rubbish_does_no_harm(draw, encode_file):
    for kind in ("JPEG", "PNG", "TIFF", "WEBP"):
        photo = draw(width=64, height=48)
        with_profile = decode(encode_file(photo, kind, icc_profile=b"rubbish" * 9_999))
        np.testing.assert_array_equal(with_profile, decode(encode_file(photo, kind)))


def test_decode_sixteen_bit_colour_is_scaled():
    values = np.linspace(0, 65_535, 6 * 8 * 3).reshape(6, 8, 3).astype(">u2")

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    rows = b"".join(b"\0" + row.tobytes() for row in values)
    header = struct.pack(">IIBBBBB", 8, 6, 16, 2, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    np.testing.assert_allclose(decode(b"\x89PNG\r\n\x1a\n" + data), values / 257, atol=1)


def test_decode_jpeg_of_very_many_scans_is_refused_before_decoding(draw, encode_file):
    data = encode_file(draw(width=400, height=300), progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    assert problem_of(data[:-2] + scan * 2_000 + data[-2:]) == ("corrupt", "2,010 scans, more than 1,000")


def test_decode_photo_with_a_film_behind_it_is_read(draw, encode_file):
    film = np.random.default_rng(0).integers(0, 256, 4_000_000, np.uint8).tobytes()
    photo = encode_file(draw(width=64, height=48))
    np.testing.assert_array_equal(decode(photo + film), decode(photo))
