"""Amazon Berkeley Objects: listings as gzipped JSON lines in several files, texts per language, images by id.

The format is told in the README.md of the data set (Collins et al., 2022).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartprod.catalog.importers.native import NativeRecord, NativeSource
from smartprod.catalog.readers.delimited import open_delimited
from smartprod.catalog.readers.jsonl import JsonLinesSource
from smartprod.catalog.readers.source import BadRecord, Remark
from smartprod.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

_COLUMNS = (
    "id", "group_id", "title", "description", "attributes", "image", "other_images", "category", "category_path",
    "brand", "color", "item_keywords", "country", "marketplace",
)  # fmt: skip
_PLAIN = ("country", "marketplace")
_ATTRIBUTES = (
    "brand", "color", "material", "style", "pattern", "fabric_type", "finish_type", "item_shape", "model_name",
    "item_keywords",
)  # fmt: skip
_FIELDS = (
    *_PLAIN, *_ATTRIBUTES, "item_id", "product_type", "main_image_id", "other_image_id", "item_name", "bullet_point",
    "product_description", "node",
)  # fmt: skip
_BATCH_ROWS = 1_024


@dataclass(frozen=True, slots=True)
class AboSource(NativeSource):
    """The listings below a folder that holds `listings/metadata` and `images`.

    Attributes:
        folder: The folder.
        listings: The files, in order.
        images: The table of images, `images.csv.gz`; None where there is none.
        languages: Of the texts, in order of preference.
        separator: Between the levels of a category path.
        image_folder: What stands before an image's path.
        field_limit: Most characters of a field.
    """

    folder: Path
    listings: tuple[Path, ...]
    images: Path | None
    languages: tuple[str, ...]
    separator: str
    image_folder: str
    field_limit: int

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.folder)

    @property
    def list_columns(self) -> frozenset[str]:
        """The other images."""
        return frozenset({"other_images"})

    def find_columns(self, required: Collection[str]) -> tuple[str, ...]:
        """List the columns; `category` is the product type, `category_path` the listing's first place in the tree."""
        return _COLUMNS

    def files(self) -> tuple[str, ...]:
        """Name the listings and the table of images."""
        return (*map(str, self.listings), *(() if self.images is None else (str(self.images),)))

    def notes(self) -> tuple[str, ...]:
        """How many files there are, and which languages are taken."""
        told = f"{len(self.listings)} files of listings; texts in {', '.join(self.languages) or 'any language'}, else in another language"
        if self.images is None:
            return (told, "there is no images/metadata/images.csv.gz, so no image can be found")
        return (told,)

    def count(self) -> int:
        """Count the listings."""
        return sum(self._lines(file).count() for file in self.listings)

    def records(self, first_row: int) -> Iterator[NativeRecord | BadRecord]:
        """Stream the listings, file by file."""
        paths = self._image_paths()
        for file in self.listings:
            lines = self._lines(file)
            if first_row:
                rows = lines.count()
                if first_row >= rows:
                    first_row -= rows
                    continue
            number = first_row
            for raw in lines.batches(_FIELDS, _BATCH_ROWS, first_row):
                for position in range(raw.size):
                    number += 1
                    bad = raw.bad.get(position)
                    if bad is not None:
                        yield BadRecord(f"{file.name}, {bad.reason}", bad.status)
                        continue
                    item = {name: raw.columns[name][position] for name in _FIELDS}
                    yield self._record(item, paths, f"{file.name}, listing {number}")
            first_row = 0

    def _lines(self, file: Path) -> JsonLinesSource:
        return JsonLinesSource(file, "utf-8", field_limit=self.field_limit)

    def _image_paths(self) -> dict[str, str]:
        """Read the path of each image by its id: 400,000 of them take about 100 MB."""
        if self.images is None:
            return {}
        table = open_delimited(self.images, encoding="utf-8", delimiter=",", field_limit=self.field_limit)
        paths: dict[str, str] = {}
        for raw in table.batches(("image_id", "path"), 8_192):
            pairs = zip(raw.columns["image_id"], raw.columns["path"], strict=True)
            paths.update((str(image), str(path)) for image, path in pairs if image and path)
        return paths

    def _record(self, item: Mapping[str, object], paths: Mapping[str, str], where: str) -> NativeRecord:
        texts = {
            name: _texts(item[name], self.languages)
            for name in (*_ATTRIBUTES, "item_name", "product_description")
        }
        described = [*_texts(item["bullet_point"], self.languages), *texts["product_description"]]
        main, others = item["main_image_id"], item["other_image_id"]
        listed = [image for image in (main, *(others if isinstance(others, list) else ())) if image]
        unknown = [str(image) for image in listed if str(image) not in paths]
        # An id that leads to no path stays as it is: no such file, which the row's status then says.
        found = [self._image(str(image), paths) for image in listed]
        values: dict[str, object] = {name: item[name] for name in _PLAIN}
        values |= {
            "id": item["item_id"],
            "group_id": item["item_id"],
            "title": _first(texts["item_name"]),
            "description": "\n".join(described) or None,
            "attributes": {name: _one_or_all(texts[name]) for name in _ATTRIBUTES if texts[name]},
            "image": found[0] if main else None,
            "other_images": found[1:] if main else found,
            "category": _first(_texts(item["product_type"], ())),
            "category_path": self._tree_path(item["node"]),
            "brand": _first(texts["brand"]),
            "color": _first(texts["color"]),
            "item_keywords": ", ".join(texts["item_keywords"]) or None,
        }
        remarks = []
        if not main:
            remarks.append(Remark("no main image", f"{where}, {item['item_id']}"))
        if unknown and self.images is not None:
            kind = "an image is not in images.csv.gz"
            remarks.append(Remark(kind, f"{where}, {item['item_id']}: {', '.join(unknown[:3])}"))
        return NativeRecord(values, tuple(remarks))

    def _image(self, image: str, paths: Mapping[str, str]) -> str:
        return self.image_folder + paths[image] if image in paths else image

    def _tree_path(self, node: object) -> str | None:
        """Read `[{"node_name": "/Categories/Shoes"}]`."""
        for entry in node if isinstance(node, list) else ():
            name = entry.get("node_name") if isinstance(entry, dict) else None
            levels = [level.strip() for level in name.split("/")] if isinstance(name, str) else []
            if any(levels):
                return self.separator.join(level for level in levels if level)
        return None


def _texts(value: object, languages: Sequence[str]) -> list[str]:
    """Take the texts of the best language: `[{"language_tag": "en_US", "value": "Mug"}, ...]`."""
    entries = [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
    told = [
        (str(entry.get("language_tag") or ""), str(entry["value"])) for entry in entries if entry.get("value")
    ]
    for language in languages:
        chosen = [text for tag, text in told if tag == language or tag.startswith(f"{language}_")]
        if chosen:
            return list(dict.fromkeys(chosen))
    first = told[0][0] if told else ""
    return list(dict.fromkeys(text for tag, text in told if tag == first))


def _first(texts: Sequence[str]) -> str | None:
    return texts[0] if texts else None


def _one_or_all(texts: Sequence[str]) -> object:
    return texts[0] if len(texts) == 1 else list(texts)


def open_abo(
    folder: Path, *, languages: tuple[str, ...], separator: str, image_folder: str, field_limit: int
) -> AboSource:
    """Find the listings and the table of images below a folder.

    Raises:
        UsageError: SP260 where there are no listings.
    """
    found = sorted((folder / "listings" / "metadata").glob("listings_*.json*"))
    listings = tuple(file for file in found if file.name.endswith((".json.gz", ".json")))
    if not listings:
        raise UsageError(
            "SP260",
            "There are no listings of Amazon Berkeley Objects here.",
            where=str(folder / "listings" / "metadata" / "listings_*.json.gz"),
            fix="Unpack abo-listings.tar and abo-images-small.tar into one folder and give that folder.",
        )
    tables = (folder / "images" / "metadata" / name for name in ("images.csv.gz", "images.csv"))
    images = next((table for table in tables if table.is_file()), None)
    return AboSource(folder, listings, images, languages, separator, image_folder, field_limit)
