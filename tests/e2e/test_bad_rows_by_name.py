"""Kinds of odd and broken rows as shops have them, one of each in one table, scored between sound rows."""

from __future__ import annotations

import csv
import io
import json
import struct
import unicodedata
import zlib
from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from smartprod.scoring import score_table

COLUMNS = ("id", "title", "description", "attributes", "image")
ORIENTATION = 0x0112
PRODUCTS = 4  # sound ones, over and over between the odd ones
EXACT = ("category", "top_categories", "head", "decision", "status")


def assert_same_answer(row: dict, other: dict) -> None:
    """Compare two answers; a head's matrix products may round otherwise when they have other rows."""
    assert {name: row[name] for name in EXACT} == {name: other[name] for name in EXACT}
    assert row["top_confidences"] == pytest.approx(other["top_confidences"], abs=1e-6)


def saved(picture: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def turned(picture: Image.Image, orientation: int) -> bytes:
    """Store a picture so that only a reader that obeys its EXIF orientation sees it upright."""
    undo = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_90",
            7: "TRANSVERSE", 8: "ROTATE_270"}  # fmt: skip
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = picture.transpose(Image.Transpose[undo[orientation]])
    return saved(stored, "JPEG", quality=95, exif=exif.tobytes())


def one_colour_png(side: int) -> bytes:
    """A true picture of `side` x `side` black pixels: 30,000 of them in about 110 KB."""
    packer = zlib.compressobj(9)
    row = b"\0" * (1 + side // 8)
    pixels = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )


def one_colour_tiff(side: int) -> bytes:
    """The same as a TIFF of one compressed strip."""
    packer = zlib.compressobj(9)
    row = b"\0" * (side // 8)
    strip = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    tags = (
        (256, side),
        (257, side),
        (258, 1),
        (259, 8),
        (262, 1),
        (273, 8),
        (277, 1),
        (278, side),
        (279, len(strip)),
    )
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    start = 8 + len(strip) + len(strip) % 2
    directory = struct.pack("<H", len(tags)) + entries + b"\0\0\0\0"
    return struct.pack("<2sHI", b"II", 42, start) + strip + b"\0" * (len(strip) % 2) + directory


def large_canvas_webp() -> bytes:
    """A small animation on a canvas that it says is 16,383 pixels wide and high."""
    frames = [Image.new("RGBA", (8, 8), colour) for colour in ("red", "blue")]
    data = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    return data[:24] + struct.pack("<I", 16_382)[:3] * 2 + data[30:]


def deep_colour_png(picture: Image.Image) -> bytes:
    """A PNG of 16 bits per channel, which Pillow reads and does not write."""
    pixels = np.asarray(picture.convert("RGB"), np.uint16) * 257
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", *picture.size, 16, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )


def transparent(picture: Image.Image, mode: str) -> Image.Image:
    picture = picture.convert("RGB")
    picture.putalpha(255)
    return picture.convert(mode)


# Pictures that have to be read, whatever they are wrapped in. `{}` is a photo of the row's product.
SOUND_IMAGES = {
    "cmyk.jpg": lambda photo: saved(photo.convert("CMYK"), "JPEG", quality=95),
    "cmyk.tif": lambda photo: saved(photo.convert("CMYK"), "TIFF"),
    "progressive.jpg": lambda photo: saved(photo, "JPEG", quality=95, progressive=True),
    "grey.jpg": lambda photo: saved(photo.convert("L"), "JPEG"),
    "sixteen bits of grey.png": lambda photo: saved(Image.fromarray(np.asarray(photo.convert("L"), np.uint16) * 257), "PNG"),
    "sixteen bits per colour.png": deep_colour_png,
    "float.tif": lambda photo: saved(photo.convert("F"), "TIFF"),
    "palette.png": lambda photo: saved(photo.quantize(256), "PNG"),
    "palette with transparency.png": lambda photo: saved(photo.quantize(255), "PNG", transparency=255),
    "alpha.png": lambda photo: saved(transparent(photo, "RGBA"), "PNG"),
    "alpha of grey.png": lambda photo: saved(transparent(photo, "LA"), "PNG"),
    "alpha.webp": lambda photo: saved(transparent(photo, "RGBA"), "WEBP", lossless=True),
    "animated.gif": lambda photo: saved(photo, "GIF", save_all=True, append_images=[Image.new("RGB", photo.size)] * 2),
    "animated.webp": lambda photo: saved(photo, "WEBP", save_all=True, append_images=[Image.new("RGB", photo.size)] * 2),
    "one bit.png": lambda photo: saved(photo.convert("1"), "PNG"),
    "one pixel.png": lambda photo: saved(photo.resize((1, 1)), "PNG"),
    "one pixel turned.jpg": lambda photo: turned(photo.resize((1, 1)), 3),
    "20,000 wide.jpg": lambda photo: saved(photo.resize((20_000, 64)), "JPEG"),
    "20,000 high.png": lambda photo: saved(photo.resize((3, 20_000)), "PNG"),
    "png named.jpg": lambda photo: saved(photo, "PNG"),
    "jpeg without extension": lambda photo: saved(photo, "JPEG"),
    "name with  spaces and 'quotes', commas.jpg": lambda photo: saved(photo, "JPEG"),
    "größe и размер 尺寸.jpg": lambda photo: saved(photo, "JPEG"),
    "📷 фото 👟.jpg": lambda photo: saved(photo, "JPEG"),
    **{f"turned {number}.jpg": lambda photo, number=number: turned(photo, number) for number in range(2, 9)},
}  # fmt: skip
UNUSUAL_CONTENT = {"one pixel.png", "one pixel turned.jpg", "20,000 wide.jpg", "20,000 high.png", "one bit.png", "grey.jpg",
                   "sixteen bits of grey.png", "alpha of grey.png", "float.tif"}  # fmt: skip

# File: what it holds, the status it gets, and what the reason says.
BAD_IMAGES = {
    "zero bytes.jpg": (lambda photo: b"", "corrupt", "empty file"),
    "error page.jpg": (lambda photo: b"<!DOCTYPE html>\n<html><body><h1>404</h1></body></html>", "corrupt", "not an image (a web page)"),
    "error.json.jpg": (lambda photo: b'{"error": "not found"}', "corrupt", "not an image (text)"),
    "truncated.jpg": (lambda photo: saved(photo, "JPEG")[:-2000], "corrupt", "truncated"),
    "truncated and ended.jpg": (lambda photo: saved(photo, "JPEG")[:-2000] + b"\xff\xd9", "corrupt", "truncated"),
    "truncated.png": (lambda photo: saved(photo, "PNG")[:-5000], "corrupt", "truncated"),
    "only zeros.jpg": (lambda photo: b"\0" * 5_000, "corrupt", "not an image"),
    "postscript.jpg": (lambda photo: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", "corrupt", "not an image"),
    "bomb.png": (lambda photo: one_colour_png(30_000), "too_large", "megapixels"),
    "bomb.tif": (lambda photo: one_colour_tiff(30_000), "too_large", "megapixels"),
    "bomb.webp": (lambda photo: large_canvas_webp(), "too_large", "megapixels"),
    "within Pillow's limit.png": (lambda photo: one_colour_png(12_000), "too_large", "144 megapixels, more than 100"),
    "50 megabytes.bmp": (lambda photo: b"BM" + b"\0" * 51_000_000, "too_large", "51.0 MB, more than 50"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scored:
    """The answers to the odd table by id, and those to the sound rows of a table of their own."""

    rows: list[dict]
    sound: list[dict]

    def row(self, name: str) -> dict:
        (row,) = (row for row in self.rows if row["id"] == name)
        return row


@pytest.fixture(scope="module")
def products(demo_catalogue) -> list[dict]:
    """Sound products of different classes, with their upright photos."""
    with (demo_catalogue / "truth.csv").open(encoding="utf-8", newline="") as file:
        sound = {row["id"] for row in csv.DictReader(file) if not row["broken"] and row["part"] == "labelled"}
    with (demo_catalogue / "products.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["id"] in sound and row["image"]]
    rows = {row["category"]: row for row in rows if row["attributes"].startswith('{"')}  # some are corrupt
    chosen = list(rows.values())[:PRODUCTS]
    for row in chosen:
        row["photo"] = Image.open(demo_catalogue / row["image"]).convert("RGB")
    return chosen


def cells(product: dict, name: str, image: str, **changed: str) -> dict[str, str]:
    return {column: product[column] for column in COLUMNS} | {"id": name, "image": image} | changed


def write_csv(path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def shop(products, tmp_path_factory):
    """A folder with an image file of every kind, and the plain photo of each product."""
    folder = tmp_path_factory.mktemp("shop")
    for number, product in enumerate(products):
        product["photo"].save(folder / f"plain {number}.jpg", quality=95)
    makers = SOUND_IMAGES | {name: make for name, (make, _, _) in BAD_IMAGES.items()}
    for number, (name, make) in enumerate(makers.items()):
        (folder / name).write_bytes(make(products[number % PRODUCTS]["photo"]))
    return folder


@pytest.fixture(scope="module")
def scored(demo_run, products, shop):
    """One row for every image file, with the text of its product, a plain row behind each."""
    plain = [
        cells(product, f"plain {number}", f"plain {number}.jpg") for number, product in enumerate(products)
    ]
    table = []
    for number, name in enumerate((*SOUND_IMAGES, *BAD_IMAGES)):
        table += [cells(products[number % PRODUCTS], name, name), plain[number % PRODUCTS]]
    write_csv(shop / "odd.csv", table)
    write_csv(shop / "plain.csv", plain)
    answers = []
    for name in ("odd", "plain"):
        out = shop / f"{name}.parquet"
        score_table(shop / f"{name}.csv", model=demo_run.model, out=out, overrides=["score.part_rows=16"])
        answers.append(pq.read_table(out).to_pylist())
    assert [row["id"] for row in answers[0]] == [row["id"] for row in table]
    return Scored(*answers)


@pytest.mark.parametrize("name", SOUND_IMAGES)
def test_score_unusual_image_is_read(scored, name):
    row = scored.row(name)
    assert (row["status"], row["head"]) == ("ok", "fused")


@pytest.mark.parametrize("name", [name for name in SOUND_IMAGES if name not in UNUSUAL_CONTENT])
def test_score_same_picture_in_another_wrapping_gets_the_same_answer(scored, name):
    number = list(SOUND_IMAGES).index(name) % PRODUCTS
    row, plain = scored.row(name), scored.sound[number]
    assert row["top_categories"][0] == plain["top_categories"][0]
    assert row["top_confidences"][0] == pytest.approx(plain["top_confidences"][0], abs=0.1)


@pytest.mark.parametrize("name", BAD_IMAGES)
def test_score_bad_image_leaves_the_answer_to_the_text_and_says_why(scored, name):
    _, status, reason = BAD_IMAGES[name]
    row = scored.row(name)
    assert (row["status"], row["head"]) == (f"images:{status}", "text")
    assert reason in row["reason"]
    assert row["confidence"] > 0


def test_score_sound_rows_beside_bad_ones_are_answered_as_among_themselves(scored):
    beside = [row for row in scored.rows if row["id"].startswith("plain")]
    assert len(beside) == len(SOUND_IMAGES) + len(BAD_IMAGES)
    for number, row in enumerate(beside):
        assert_same_answer(row, scored.sound[number % PRODUCTS])


@pytest.mark.parametrize("orientation", range(2, 9))
def test_extract_turned_photo_has_the_embedding_of_the_upright_one(demo_run, products, tmp_path, orientation):
    from smartprod.embeddings import EmbeddingStore, encoders_of, image_key

    photo = products[0]["photo"]
    files = {"upright.jpg": saved(photo, "JPEG", quality=95), "turned.jpg": turned(photo, orientation)}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    write_csv(tmp_path / "t.csv", [cells(products[0], name, name) for name in files])
    score_table(
        tmp_path / "t.csv", model=demo_run.model, out=tmp_path / "out.parquet", store=tmp_path / "store"
    )
    (encoder, *_) = encoders_of(pq.read_table(demo_run.run.artefact_path("embedding_index")))
    found, (upright, turned_back) = EmbeddingStore(tmp_path / "store").get(
        encoder.fingerprint, [image_key(data) for data in files.values()]
    )
    assert found.all()
    assert upright @ turned_back / np.linalg.norm(upright) / np.linalg.norm(turned_back) > 0.99


def test_score_text_rows_by_name(demo_run, products, shop):
    """Names, ids, giants, NULs and encodings in one file; written as bytes, since no writer would."""
    long = "<p>A very long description.</p>\n" * 320_000  # 10 MB in many lines
    decomposed = unicodedata.normalize("NFD", "größe и размер 尺寸.jpg")
    product = products[0]
    rows = [
        cells(product, "same id", "plain 0.jpg"),
        cells(product, "same id", "plain 0.jpg"),
        cells(product, "giant", "plain 0.jpg", description=long),
        cells(product, "giant in one line", "plain 0.jpg", description=long.replace("\n", " ")),
        cells(product, "nul", "plain 0.jpg", title="red\0mug"),
        cells(product, "cyrillic", "plain 0.jpg", title="Красная кружка"),
        cells(product, "latin", "plain 0.jpg", description="Größe é à"),
        cells(product, "decomposed", decomposed),
        cells(product, "spreadsheet", "plain 0.jpg", title="=HYPERLINK(1)"),
        cells(product, "plain", "plain 0.jpg"),
    ]  # fmt: skip
    encodings = {"cyrillic": "cp1251", "latin": "latin-1"}
    data = ",".join(COLUMNS).encode() + b"\r\n"
    for row in rows:
        buffer = io.StringIO(newline="")
        csv.writer(buffer, quoting=csv.QUOTE_ALL).writerow(row.values())
        data += buffer.getvalue().encode(encodings.get(row["id"], "utf-8"), "replace")
    (shop / "named.csv").write_bytes(data)
    out = shop / "named.parquet"
    score_table(shop / "named.csv", model=demo_run.model, out=out)
    answers = pq.read_table(out).to_pylist()

    ids = [None if row["id"] == "nul" else row["id"] for row in rows]
    assert [answer["id"] for answer in answers] == ids
    by_id = {answer["id"]: answer for answer in answers}
    plain = by_id["plain"]
    assert (plain["status"], plain["head"]) == ("ok", "fused")
    for answer in answers[:2]:
        assert_same_answer(answer, plain)
    for name in ("giant", "giant in one line"):
        assert by_id[name]["status"] == "description:too_large"
        assert "characters, allowed are 1,000,000" in by_id[name]["reason"]
        assert by_id[name]["head"] == "fused"
    nul = answers[4]
    assert (nul["head"], nul["decision"]) == (None, "review")
    assert "unreadable" in nul["status"]
    assert "NUL" in nul["reason"]
    assert by_id["cyrillic"]["status"] == "title:unreadable"
    assert by_id["latin"]["status"] == "description:unreadable"
    assert "not valid utf-8 text" in by_id["latin"]["reason"]
    assert (by_id["decomposed"]["status"], by_id["decomposed"]["head"]) == ("ok", "fused")
    assert by_id["spreadsheet"]["status"] == "ok"


def test_score_nul_characters_within_json_are_left_out_of_the_text(demo_run, products, shop):
    rows = [cells(products[0], "with", "plain 0.jpg"), cells(products[0], "without", "plain 0.jpg")]
    rows[0]["title"] = "\0".join(rows[0]["title"])
    (shop / "nul.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    score_table(shop / "nul.jsonl", model=demo_run.model, out=shop / "nul.parquet")
    answers = pq.read_table(shop / "nul.parquet").to_pylist()
    assert_same_answer(*answers)
