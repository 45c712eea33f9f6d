"""The demo catalogue written in the formats of other systems, each with a few faults that are met in the wild."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

_SIDE = 96
# Product types of the real listings that the recipe merges or drops, by our own leaf.
_ABO_TYPES = {
    "Mug": ("RING", "FINERING"), "Body lotion": ("NECKLACE", "FINENECKLACEBRACELETANKLET"),
    "Sneaker": ("EARRING", "FINEEARRING"), "Candle": ("HOME",), "Black tea": ("GROCERY",), "Plate": ("KITCHEN",),
    "Hammer": ("HARDWARE",), "Cushion": ("RUG",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Product:
    """A sound row of the demo catalogue."""

    id: str
    title: str
    description: str
    attributes: dict[str, object]
    levels: tuple[str, ...]
    images: tuple[Path, ...]
    mask: Path | None
    domain: str
    labels: tuple[str, ...]

    def save(self, number: int, target: Path) -> Path:
        """Write one of its images as a small file, in the format of the name."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(self.images[number]) as image:
            image.convert("RGB").resize((_SIDE, _SIDE)).save(target)
        return target


def sound_products(catalogue: Path) -> Iterator[Product]:
    """The labelled products of a demo catalogue in which nothing is broken."""
    with (catalogue / "truth.csv").open(encoding="utf-8", newline="") as file:
        sound = {row["id"] for row in csv.DictReader(file) if not row["broken"] and not row["special"]}
    with (catalogue / "products.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["id"] not in sound:
                continue
            try:
                attributes = json.loads(row["attributes"] or "{}")
            except ValueError:
                attributes = {}
            yield Product(
                row["id"].removeprefix("P"),
                row["title"],
                row["description"],
                attributes,
                tuple(row["category"].split(" > ")),
                tuple(catalogue / name for name in [row["image"], *json.loads(row["other_images"])]),
                catalogue / row["mask"] if row["mask"] else None,
                row["domain"],
                tuple(row["categories"].split("; ")),
            )


def write_kazan(catalogue: Path, out: Path) -> Path:
    """Write `train.csv` and `images/<product_id>.jpg`; one row's JSON is cut off, one image is a png, one is missing."""
    rows = []
    for number, product in enumerate(sound_products(catalogue)):
        pairs = list(product.attributes.items())
        fields = {
            "title": product.title,
            "description": product.description,
            "attributes": [f"{name}: {value}" for name, value in pairs[:1]],
            "custom_characteristics": dict(pairs[1:2]),
            "defined_characteristics": dict(pairs[2:]),
            "filters": dict(pairs[:1]),
        }
        text = json.dumps(fields, ensure_ascii=False)
        if number != 4:
            product.save(0, out / "images" / f"{product.id}.{'png' if number == 3 else 'jpg'}")
        rows.append(
            {
                "product_id": product.id,
                "sale": number == 0,
                "shop_id": 1000 + number % 7,
                "shop_title": f"Shop {'ABCDEFG'[number % 7]}",
                "rating": 5.0,
                "text_fields": text[:-20] if number == 2 else text,
                "category_id": abs(hash(product.levels)) % 10_000,
                "category_name": "->".join(("All", *product.levels)),
            }
        )
    return _write_csv(out / "train.csv", rows)


def write_abo(catalogue: Path, out: Path) -> Path:
    """Write the folder of listings and images; one line is no JSON, one main image is unknown, two listings share an id."""
    listings, images = [], []
    seen: Counter[str] = Counter()
    for number, product in enumerate(sound_products(catalogue)):
        ids = [f"{product.id}-{place}" for place in range(len(product.images))]
        for place, image in enumerate(ids):
            path = f"{number:02x}/{image}.jpg"
            product.save(place, out / "images" / "small" / path)
            images.append({"image_id": image, "height": _SIDE, "width": _SIDE, "path": path})
        leaf = product.levels[-1]
        types = _ABO_TYPES.get(leaf, (leaf.upper().replace(" ", "_"),))
        seen[leaf] += 1
        listing = {
            "item_id": f"B{product.id}",
            "product_type": [{"value": types[seen[leaf] % len(types)]}],
            "main_image_id": "unknown" if number == 5 else ids[0],
            "other_image_id": ids[1:],
            "item_name": [_in("de_DE", "Ein Ding"), _in("en_GB", product.title)],
            "bullet_point": [
                _in("en_GB", "Well made"),
                _in("en_GB", "Easy to clean"),
                _in("de_DE", "Gut gemacht"),
            ],
            "product_description": [_in("en_GB", product.description)],
            "brand": [_in("en_GB", "Acme")],
            "color": [{**_in("en_GB", "Red"), "standardized_values": ["Red"]}],
            "item_keywords": [_in("en_GB", "thing")],
            "country": "GB",
            "marketplace": "Amazon",
            "node": [{"node_id": 1, "node_name": "/Categories/" + "/".join(product.levels)}],
        }
        listings.append(json.dumps(listing))
        if number == 6:
            listings.append(json.dumps(listing | {"country": "DE", "item_name": [_in("de_DE", "Ein Ding")]}))
    listings.insert(3, '{"item_id": "B0", "item_name": [')
    half = len(listings) // 2
    for name, lines in (("listings_0", listings[:half]), ("listings_1", listings[half:])):
        _write_gzip(out / "listings" / "metadata" / f"{name}.json.gz", "\n".join(lines) + "\n")
    table = _write_csv(out / "images.csv", images)
    _write_gzip(out / "images" / "metadata" / "images.csv.gz", table.read_text(encoding="utf-8"))
    table.unlink()
    return out


def write_fashion(catalogue: Path, out: Path) -> Path:
    """Write `styles.csv` and `images/<id>.jpg`; names have commas that are not quoted, one line is cut off."""
    header = (
        "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName"
    )
    lines = [header]
    for number, product in enumerate(sound_products(catalogue)):
        product.save(0, out / "images" / f"{product.id}.jpg")
        master, sub, article = (product.levels * 3)[:3] if len(product.levels) < 3 else product.levels[:3]
        name = (
            f'{product.title.replace(",", " ")}, "fine", new'
            if number % 9 == 1
            else product.title.replace(",", " ")
        )
        lines.append(f"{product.id},Women,{master},{sub},{article},Red,Summer,2016,Casual,{name}")
    lines.insert(4, "999,Men,Apparel")
    path = out / "styles.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_labels(catalogue: Path, out: Path) -> Path:
    """Write `labels.csv` of image and labels beside the photos; one label has a line of its own, one line has no image."""
    rows = []
    for number, product in enumerate(sound_products(catalogue)):
        name = product.save(0, out / "photos" / f"{product.id}.jpg").name
        labels = ["/".join(level.strip() for level in label.split(" > ")) for label in product.labels]
        if number == 1:
            rows += [{"image": name, "labels": label} for label in labels]
        else:
            rows.append({"image": name, "labels": ",".join(labels)})
    rows.insert(2, {"image": "", "labels": "Cans/Slim"})
    return _write_csv(out / "labels.csv", rows)


def write_synthetic(catalogue: Path, out: Path) -> Path:
    """Write `images/train/<class>` (studio), `images/test/<class>` and `images/unlabelled` (photos), and `masks`.

    Classes are the middle level of the demo categories; hand tools are `other` and only among the photos.
    """
    for number, product in enumerate(sound_products(catalogue)):
        category = "other" if product.levels[0] == "Tools" else product.levels[1]
        if product.domain == "studio" and category != "other":
            product.save(0, out / "images" / "train" / category / f"{product.id}.png")
            assert product.mask is not None
            (out / "masks").mkdir(parents=True, exist_ok=True)
            with Image.open(product.mask) as mask:
                mask.resize((_SIDE, _SIDE)).save(out / "masks" / f"{product.id}.png")
        elif number % 4 == 0 and category != "other":
            product.save(0, out / "images" / "unlabelled" / f"{product.id}.jpg")
        else:
            product.save(0, out / "images" / "test" / category / f"{product.id}.jpg")
    return out / "images"


def _in(language: str, value: str) -> dict[str, object]:
    return {"language_tag": language, "value": value}


def _write_csv(path: Path, rows: list[dict[str, object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def _write_gzip(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(text)
