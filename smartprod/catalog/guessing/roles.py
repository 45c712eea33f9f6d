"""Which column of a table holds what: by its name first, then by what stands in it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

from smartprod.catalog.attributes import parse_attributes
from smartprod.catalog.image_paths import list_images

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

Role = Literal[
    "id", "title", "description", "attributes", "images", "category", "split", "group", "domain", "extra"
]

_NAMES: dict[Role, tuple[str, ...]] = {
    "id": ("id", "productid", "itemid", "sku", "asin", "uniqid", "article", "offerid", "ean", "gtin"),
    "title": ("title", "name", "productname", "producttitle", "productdisplayname", "itemname", "displayname"),
    "description": ("description", "desc", "body", "bodyhtml", "longdescription", "productdescription", "text"),
    "attributes": ("attributes", "attrs", "specs", "specifications", "properties", "characteristics", "features"),
    "images": ("image", "images", "photo", "photos", "picture", "img", "imageurl", "imagepath", "mainimage",
               "otherimages", "imageurls", "filename", "imagelink", "additionalimagelink"),
    "category": ("categorypath", "category", "categoryname", "categories", "producttype", "articletype", "class",
                 "label", "productcategory", "productcategorytree", "taxonomy", "breadcrumb", "breadcrumbs",
                 "googleproductcategory", "target"),
    "split": ("split", "subset", "partition"),
    "group": ("groupid", "itemgroupid", "parentid", "parentsku", "series", "seriesid", "parentasin", "variantof"),
    "domain": ("domain", "imagesource"),
}  # fmt: skip
_IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"}
_PARTS = {"train", "training", "val", "valid", "validation", "dev", "test"}
_NUMBER = re.compile(r"[-+]?[\d\s.,]+%?")
_OTHER_PICTURES = re.compile(r"mask|logo|icon|chart")
_TAG = re.compile(r"</?[a-zA-Z][^>]*>")


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What stands in a column, over the records looked at.

    Attributes:
        name: Of the column.
        filled: Share of records in which it has something.
        distinct: Number of different values.
        count: Number of values.
        length: Mean length of a value in characters.
        images: Share of the values that name image files.
        mappings: Share of the values that are dictionaries.
        markup: Share of the values that hold HTML.
        numbers: Share of the values that are numbers.
        parts: Share of the values that are names of parts of a split.
        example: The first value, shortened.
    """

    name: str
    filled: float
    distinct: int
    count: int
    length: float
    images: float
    mappings: float
    markup: float
    numbers: float
    parts: float
    example: str


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """What a column was taken for.

    Attributes:
        facts: What stands in it.
        role: What it is used as; None: it is left out.
        why: In words.
    """

    facts: ColumnFacts
    role: Role | None
    why: str


def look_at_column(name: str, cells: tuple[str | None, ...]) -> ColumnFacts:
    """Collect the facts of a column."""
    values = [cell for cell in cells if cell is not None]
    count = len(values)

    def share(true: int) -> float:
        return true / count if count else 0.0

    return ColumnFacts(
        name=name,
        filled=count / len(cells) if cells else 0.0,
        distinct=len(set(values)),
        count=count,
        length=share(sum(map(len, values))),
        images=share(sum(map(_names_images, values))),
        mappings=share(sum(map(_is_mapping, values))),
        markup=share(sum(1 for value in values if _TAG.search(value))),
        numbers=share(sum(1 for value in values if _NUMBER.fullmatch(value))),
        parts=share(sum(1 for value in values if value.casefold() in _PARTS)),
        example=_shortened(values[0]) if values else "",
    )


def guess_roles(columns: Mapping[str, ColumnFacts]) -> tuple[ColumnGuess, ...]:
    """Give each column the role that its name and content speak for; one column for each role but images and extra."""
    guesses: dict[str, ColumnGuess] = {}
    for role, claim in _CLAIMS.items():
        fitting = []
        for place, (name, facts) in enumerate(columns.items()):
            why = claim(facts, _rank(role, name)) if name not in guesses and facts.count else None
            if why is not None:
                fitting.append((_rank(role, name), facts.length, -place, name, why))
        for *_, name, why in sorted(fitting, reverse=True)[: None if role == "images" else 1]:
            guesses[name] = ColumnGuess(columns[name], role, why)
    taken = {guess.role for guess in guesses.values()}
    for name, facts in columns.items():
        if name not in guesses:
            guesses[name] = _leftover(facts, taken)
    return tuple(guesses[name] for name in columns)


def _rank(role: Role, name: str) -> int:
    """How well a column's name fits a role: 0 not at all, higher is better."""
    names = _NAMES[role]
    plain = re.sub(r"[^a-z0-9]", "", name.casefold())
    return len(names) - names.index(plain) if plain in names else 0


def _claim_images(facts: ColumnFacts, _: int) -> str | None:
    if _OTHER_PICTURES.search(facts.name.casefold()):
        return None
    return f"{facts.images:.0%} of its values name image files" if facts.images > _MOST else None


def _claim_attributes(facts: ColumnFacts, _: int) -> str | None:
    return "its values are dictionaries" if facts.mappings > _MOST else None


def _claim_split(facts: ColumnFacts, _: int) -> str | None:
    return "its values are train, val or test" if facts.parts > 0.9 else None


def _claim_category(facts: ColumnFacts, rank: int) -> str | None:
    groups = facts.distinct < 0.7 * facts.count and facts.length < 200
    return "its name, and its values come again" if rank and groups else None


def _claim_id(facts: ColumnFacts, rank: int) -> str | None:
    unique = facts.distinct == facts.count and facts.length < 60
    return "its name, and no value comes twice" if rank and unique else None


def _claim_by_name(_: ColumnFacts, rank: int) -> str | None:
    return "its name" if rank else None


def _claim_description(facts: ColumnFacts, rank: int) -> str | None:
    if rank:
        return "its name"
    if facts.markup > 0.3:
        return "holds HTML"
    return "long texts" if facts.length > 150 and facts.numbers < _MOST else None


def _claim_title(facts: ColumnFacts, rank: int) -> str | None:
    if rank:
        return "its name"
    apart = facts.distinct > 0.6 * facts.count and 12 <= facts.length <= 150 and facts.numbers < 0.3
    return "short texts that differ" if apart else None


_MOST = 0.5
# In this order: what is plain to see comes first, and what is left may be a text.
_CLAIMS: dict[Role, Callable[[ColumnFacts, int], str | None]] = {
    "images": _claim_images,
    "split": _claim_split,
    "attributes": _claim_attributes,
    "category": _claim_category,
    "id": _claim_id,
    "group": _claim_by_name,
    "domain": _claim_by_name,
    "description": _claim_description,
    "title": _claim_title,
}


def _leftover(facts: ColumnFacts, taken: Collection[Role | None]) -> ColumnGuess:
    """A column that is read by its name though it is empty here, a further short text, or one that is left out."""
    if not facts.count:
        for role in _NAMES:
            if _rank(role, facts.name) and (role not in taken or role == "images"):
                return ColumnGuess(facts, role, "its name, though nothing is in it here")
    why = next((why for is_so, why in _reasons_to_leave_out(facts, taken) if is_so), None)
    return ColumnGuess(facts, "extra" if why is None else None, why or "short texts that come again")


def _reasons_to_leave_out(facts: ColumnFacts, taken: Collection[Role | None]) -> Iterator[tuple[bool, str]]:
    name = facts.name.casefold()
    tells = re.search(r"categor|class|label|taxonom|breadcrumb|type$", name) is not None
    refers = re.search(r"(^|_|\b)(id|url|link|path|file)s?$", name) is not None
    yield not facts.count, "empty in all records looked at"
    yield facts.distinct == 1, "the same value everywhere"
    yield facts.numbers > 0.8, "numbers"
    yield tells and "category" in taken, "may give the category away"
    pictures = facts.images > _MOST and _OTHER_PICTURES.search(name) is not None
    yield pictures, "pictures, but hardly of the product"
    yield refers or facts.images > 0.1, "names or addresses"
    yield facts.length > 80 or facts.distinct > 0.7 * facts.count, "nothing speaks for it"


def _names_images(value: str) -> bool:
    try:
        paths = list_images(value)
    except ValueError:
        return False
    return bool(paths) and all(
        PurePosixPath(path.partition("?")[0]).suffix.casefold() in _IMAGE_SUFFIXES for path in paths
    )


def _is_mapping(value: str) -> bool:
    if not value.startswith("{"):
        return False
    try:
        return bool(parse_attributes(value))
    except ValueError:
        return False


def _shortened(value: str, most: int = 40) -> str:
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in value).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def level_separator(categories: tuple[str | None, ...]) -> str | None:
    """The text between the levels of category paths, where most of them have levels."""
    values = [value for value in categories if value]
    found: Counter[str] = Counter()
    for separator in (" > ", " >> ", ">>", ">", " / ", "|", "/"):
        if not any(separator in longer for longer in found):
            count = sum(separator in value for value in values)
            if count > 0.5 * len(values):
                found[separator] = count
    return found.most_common(1)[0][0] if found else None
