"""The demo catalogue's category table: paths, sizes, drawings and what tells a class apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Category:
    """One leaf category.

    Attributes:
        path: Three levels joined by " > ".
        drawing: Name of its drawing in `drawings.DRAWINGS`; categories may share one.
        weight: Its share of the labelled products relative to the others; 0 where `fixed` says the size.
        fixed: Number of labelled products whatever the size of the catalogue; 0 for a share by weight.
        series: Share of its products sold as items of a series, whose texts say nothing of the category.
    """

    path: str
    drawing: str
    weight: float = 0.0
    fixed: int = 0
    series: float = 0.1

    @property
    def leaf(self) -> str:
        """Last level of the path."""
        return self.path.rsplit(" > ", 1)[-1]


# Shampoo, conditioner and body lotion share a bottle, the teas a box: only their texts differ.
# Where `series` is high, the texts of many products give a series name and little else: only the image tells.
CATEGORIES: tuple[Category, ...] = (
    Category("Home > Kitchen > Mug", "mug", 13.5, series=0.33),
    Category("Home > Kitchen > Bowl", "bowl", 4.5, series=0.33),
    Category("Home > Kitchen > Plate", "plate", 5.5, series=0.33),
    Category("Home > Kitchen > Glass", "glass", 4.0, series=0.26),
    Category("Home > Kitchen > Teapot", "teapot", 2.2, series=0.28),
    Category("Home > Kitchen > Pan", "pan", 2.6),
    Category("Home > Kitchen > Knife", "knife", 2.0),
    Category("Home > Lighting > Table lamp", "table_lamp", 3.0),
    Category("Home > Lighting > Candle", "candle", fixed=3),
    Category("Home > Decoration > Cushion", "cushion", 3.0),
    Category("Home > Decoration > Wall clock", "wall_clock", 1.2),
    Category("Beauty > Hair > Shampoo", "care_bottle", 6.5, series=0.0),
    Category("Beauty > Hair > Conditioner", "care_bottle", 4.0, series=0.0),
    Category("Beauty > Body > Body lotion", "care_bottle", 3.0, series=0.0),
    Category("Food > Tea > Green tea", "tea_box", 3.2, series=0.0),
    Category("Food > Tea > Black tea", "tea_box", 3.6, series=0.0),
    Category("Fashion > Shoes > Sneaker", "sneaker", 8.5, series=0.26),
    Category("Fashion > Shoes > Boot", "boot", 4.5, series=0.26),
    Category("Fashion > Shoes > Sandal", "sandal", 3.5, series=0.26),
    Category("Fashion > Accessories > Watch", "watch", 4.5),
    Category("Fashion > Accessories > Handbag", "handbag", 5.0, series=0.2),
    Category("Fashion > Accessories > Backpack", "backpack", 3.4, series=0.2),
    Category("Fashion > Accessories > Cap", "cap", 2.0),
    Category("Fashion > Accessories > Sunglasses", "sunglasses", fixed=3),
    Category("Toys > Vehicles > Toy car", "toy_car", 2.4),
    Category("Toys > Outdoor > Ball", "ball", fixed=2),
    Category("Tools > Hand tools > Hammer", "hammer", 1.6),
    Category("Tools > Hand tools > Screwdriver", "screwdriver", fixed=1),
)

UNSEEN = Category("Music > Strings > Guitar", "guitar", series=0.0)
"""The class that only the unlabelled part contains."""


def labelled_sizes(products: int) -> dict[str, int]:
    """Count of labelled products per category path: fixed sizes first, the rest by weight, at least one each."""
    sizes = {c.path: c.fixed for c in CATEGORIES if c.fixed}
    weighted = [c for c in CATEGORIES if not c.fixed]
    left = products - sum(sizes.values()) - len(weighted)
    total = sum(c.weight for c in weighted)
    shares = {c.path: left * c.weight / total for c in weighted}
    for path, share in shares.items():
        sizes[path] = 1 + int(share)
    missing = products - sum(sizes.values())
    for path in sorted(shares, key=lambda p: (int(shares[p]) - shares[p], p))[:missing]:
        sizes[path] += 1
    return sizes
