"""What the catalogue will contain, decided before anything is drawn: one plan per row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from smartprod.demo.broken import BROKEN_KINDS, KINDS_WITHOUT_IMAGE, SPECIAL_KINDS
from smartprod.demo.categories import CATEGORIES, UNSEEN, Category, labelled_sizes
from smartprod.demo.palette import Style, pick_style
from smartprod.demo.wording import SERIES

MINIMUM_PRODUCTS = 60


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """One image file: what it shows (`product`, `chart`, `texture`), where it goes, its side in pixels."""

    kind: str
    path: str
    size: int


@dataclass(frozen=True, slots=True)
class ProductPlan:
    """One row of the catalogue.

    Attributes:
        index: Position in the plan; seeds everything random about the product.
        id: Public id; says nothing of the category.
        category: The true category.
        label: The path written into `category`; "" in the unlabelled part.
        style, design: The design drawn: rows of one design share the seed `design`.
        picture_seed, text_seed: Seeds of poses and of words; duplicates take over their original's.
        group_id: Shared by rows that belong together; "" for none.
        domain: `studio` or `photo`.
        series: Name of the series, or "".
        images: The main image first.
        broken: One of `BROKEN_KINDS`, or "".
        special: One of `SPECIAL_KINDS` (fine but unusual files), or "".
        duplicate_of: Id of the row whose image this row repeats, or "".
    """

    index: int
    id: str
    category: Category
    label: str
    style: Style
    design: str
    picture_seed: str
    text_seed: str
    group_id: str
    domain: str
    series: str
    images: tuple[ImagePlan, ...] = ()
    broken: str = ""
    special: str = ""
    duplicate_of: str = ""

    @property
    def labelled(self) -> bool:
        """Whether the row belongs to products.csv."""
        return bool(self.label)


def plan_catalogue(products: int, seed: int) -> list[ProductPlan]:
    """Plan every row: first the labelled part, then the unlabelled one, each in its final order."""
    rng = Random(f"catalogue:{seed}")
    new = max(16, products // 6)
    labelled = products - new
    sizes = labelled_sizes(labelled)
    known = [c for c in CATEGORIES for _ in range(sizes[c.path])]
    unseen = max(2, new // 20)
    common = [c for c in CATEGORIES if not c.fixed]
    unknown = [UNSEEN] * unseen + rng.choices(common, [c.weight for c in common], k=new - unseen)
    ids = [f"P{number}" for number in rng.sample(range(10_000, 100_000), products)]
    plans: list[ProductPlan] = []
    for part in (known, unknown):
        rows = _design(
            part,
            ids[len(plans) : len(plans) + len(part)],
            seed,
            len(plans),
            is_labelled=part is known,
            rng=rng,
        )
        rows = _break(rows, rng)
        if part is known:
            rows = _repeat(rows, rng)
            rows = _mislabel(rows, rng)
        rng.shuffle(rows)
        plans += rows
    return plans


def _design(
    categories: list[Category], ids: list[str], seed: int, start: int, *, is_labelled: bool, rng: Random
) -> list[ProductPlan]:
    """Give every row its design, series, group, domain and images."""
    names = _series_names(categories, rng)
    rows: list[ProductPlan] = []
    for offset, (category, identity) in enumerate(zip(categories, ids, strict=True)):
        index = start + offset
        own = Random(f"{seed}:{index}:design")
        plan = ProductPlan(
            index=index,
            id=identity,
            category=category,
            label=category.path if is_labelled else "",
            style=pick_style(own),
            design=f"{seed}:{index}",
            picture_seed=f"{seed}:{index}:picture",
            text_seed=f"{seed}:{index}:text",
            group_id="",
            domain="studio" if own.random() < 0.65 else "photo",
            series="",
        )
        before = rows[-1] if rows else None
        if not category.fixed and own.random() < category.series:
            plan = _join_series(plan, names, is_labelled=is_labelled, rng=own)
        elif (
            before
            and before.category is category
            and not (before.series or category.fixed)
            and own.random() < 0.22
        ):
            # A colour variant of the product before: same design, another colour.
            group = before.group_id or f"V{before.index}"
            rows[-1] = replace(before, group_id=group)
            style = replace(before.style, name=plan.style.name, main=plan.style.main)
            plan = replace(plan, design=before.design, style=style, group_id=group)
        rows.append(replace(plan, images=_plan_images(plan, own)))
    return rows


def _series_names(categories: list[Category], rng: Random) -> dict[str, list[str]]:
    """Series per root, about five products each."""
    pool = list(SERIES)
    rng.shuffle(pool)
    names: dict[str, list[str]] = {}
    for root in dict.fromkeys(_root(c) for c in categories):
        expected = sum(c.series for c in categories if _root(c) == root)
        count = max(1, round(expected / 5))
        names[root] = [
            f"{pool[i % len(pool)]}{' ' + 'I' * (1 + i // len(pool)) if i >= len(pool) else ''}"
            for i in range(count)
        ]
        pool = pool[count % len(pool) :] + pool[: count % len(pool)]
    return names


def _join_series(
    plan: ProductPlan, names: dict[str, list[str]], *, is_labelled: bool, rng: Random
) -> ProductPlan:
    root = _root(plan.category)
    name = rng.choice(names[root])
    style = pick_style(Random(f"series:{root}:{name}"))  # a series has one look
    if rng.random() < 0.5:
        style = replace(style, name=plan.style.name, main=plan.style.main)
    group = f"S-{root[:2].upper()}-{name}" if is_labelled else f"N-{root[:2].upper()}-{name}"
    return replace(plan, series=name, style=style, group_id=group)


def _plan_images(plan: ProductPlan, rng: Random) -> tuple[ImagePlan, ...]:
    def path(number: int) -> str:
        ending = rng.choices(["jpg", "png", "webp"], [0.84, 0.08, 0.08])[0]
        return f"images/{plan.id}_{number}.{ending}"

    def side() -> int:
        return rng.choices([256, 384, 512, 800], [0.88, 0.06, 0.04, 0.02])[0]

    images = [ImagePlan("product", path(1), side())]
    if rng.random() < 0.45:
        for number in range(2, 2 + rng.choices([1, 2, 3], [0.5, 0.33, 0.17])[0]):
            kind = rng.choices(["product", "chart", "texture"], [0.64, 0.18, 0.18])[0]
            images.append(ImagePlan(kind, path(number), 256))
    return tuple(images)


def _break(rows: list[ProductPlan], rng: Random) -> list[ProductPlan]:
    """Choose the broken rows (about 3 %, each kind at least once) and, among labelled rows, the unusual files."""
    free = _ordinary(rows)
    rng.shuffle(free)
    each = max(1, round(0.03 * len(rows) / len(BROKEN_KINDS)))
    kinds = [kind for kind in BROKEN_KINDS for _ in range(each)]
    for kind, place in zip(kinds, free, strict=False):
        rows[place] = _broken(rows[place], kind)
    if rows[0].labelled:
        for special, place in zip(SPECIAL_KINDS, free[len(kinds) :], strict=False):
            rows[place] = _special(rows[place], special)
    return rows


def _broken(plan: ProductPlan, kind: str) -> ProductPlan:
    main = replace(plan.images[0], path=plan.images[0].path.rsplit(".", 1)[0] + ".jpg", size=256)
    # A row without its main image's name must not be answered by another image.
    others = () if kind in KINDS_WITHOUT_IMAGE else plan.images[1:]
    return replace(plan, broken=kind, images=(main, *others))


def _special(plan: ProductPlan, special: str) -> ProductPlan:
    main = plan.images[0]
    ending = "jpg" if special in ("cmyk", "exif_rotated", "big") else "png"
    size = 3000 if special == "big" else 320
    image = replace(main, path=main.path.rsplit(".", 1)[0] + "." + ending, size=size)
    return replace(plan, special=special, domain="studio", images=(image, *plan.images[1:]))


def _repeat(rows: list[ProductPlan], rng: Random) -> list[ProductPlan]:
    """Turn some rows into second listings of others: same image bytes, some with the same text, some without a group id."""
    places = [i for i in _ordinary(rows) if not rows[i].series]
    count = max(3, round(0.025 * len(rows)))
    pairs = _pairs(places, rows, count, rng)
    for number, (original, copy) in enumerate(pairs):
        source, plan = rows[original], rows[copy]
        group = source.group_id or f"D{source.index}"
        if number % 3 == 2:
            group = ""  # nobody told the shop that these are the same: leakage detection has to find them
        else:
            rows[original] = replace(source, group_id=group)
        images = tuple(replace(i, path=i.path.replace(source.id, plan.id)) for i in source.images)
        rows[copy] = replace(
            plan,
            style=source.style,
            design=source.design,
            picture_seed=source.picture_seed,
            text_seed=source.text_seed if number % 2 == 0 else plan.text_seed,
            domain=source.domain,
            images=images,
            group_id=group,
            duplicate_of=source.id,
        )
    return rows


def _pairs(places: list[int], rows: list[ProductPlan], count: int, rng: Random) -> Iterator[tuple[int, int]]:
    by_category: dict[str, list[int]] = {}
    for place in places:
        if not rows[place].group_id:
            by_category.setdefault(rows[place].category.path, []).append(place)
    found = [
        (members[i], members[i + 1])
        for members in by_category.values()
        for i in range(0, len(members) - 1, 2)
    ]
    rng.shuffle(found)
    return iter(found[:count])


def _mislabel(rows: list[ProductPlan], rng: Random) -> list[ProductPlan]:
    """Give about 2 % of the rows a wrong label, mostly one of the same root."""
    free = [i for i in _ordinary(rows) if not rows[i].duplicate_of]
    originals = {row.duplicate_of for row in rows}
    free = [i for i in free if rows[i].id not in originals]
    weighted = [c for c in CATEGORIES if not c.fixed]
    for place in rng.sample(free, min(len(free), max(1, round(0.02 * len(rows))))):
        true = rows[place].category
        others = [c for c in weighted if c is not true]
        near = [c for c in others if _root(c) == _root(true)]
        wrong = rng.choice(near if near and rng.random() < 0.6 else others)
        rows[place] = replace(rows[place], label=wrong.path)
    return rows


def _ordinary(rows: list[ProductPlan]) -> list[int]:
    """Places of rows that nothing special has happened to and whose class is not one of the tiny ones."""
    return [
        i
        for i, row in enumerate(rows)
        if not (row.broken or row.special or row.category.fixed or row.category is UNSEEN)
    ]


def _root(category: Category) -> str:
    return category.path.split(" > ", 1)[0]
