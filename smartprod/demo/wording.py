"""The words of the demo catalogue: what is said of each category, and what is said of anything."""

from __future__ import annotations

from dataclasses import dataclass

from smartprod.demo import wording_fashion, wording_home


@dataclass(frozen=True, slots=True)
class Wording:
    """What shops say of one category.

    Attributes:
        nouns: Names of the thing; the first ones contain the category's word, the others are synonyms.
        vague: Titles that leave the thing unsaid.
        facts: Sentences that fit this category and few others.
        materials: Values of the material attribute.
    """

    nouns: tuple[str, ...]
    vague: tuple[str, ...]
    facts: tuple[str, ...]
    materials: tuple[str, ...]


WORDINGS: dict[str, Wording] = {
    leaf: Wording(*columns) for leaf, columns in {**wording_home.ROWS, **wording_fashion.ROWS}.items()
}

BRANDS = (
    "Halden", "Orvik", "Casa Brío", "Lumera", "Pine & Poppy", "Tessaro", "Kestrel", "Bruma", "Weald", "Ostra", "Maison Élan",
    "Fjordhus", "Tamsin", "Corvo", "Juniper Lane", "Nakamori", "Vela", "Arden",
)  # fmt: skip

SERIES = (
    "Nordlys", "Solveig", "Marejada", "Aurelia", "Brisa", "Kaamos", "Tramonto", "Umbra", "Lykke", "Havn", "Sorano", "Miró",
    "Estrella", "Fjell", "Granada", "Isola", "Juno", "Kelda", "Lorca", "Meridian", "Nebula", "Oslo", "Petra", "Quinta",
    "Rialto", "Savona", "Tundra", "Ursa", "Verano", "Willow", "Xenia", "Ylva", "Zephyr", "Alba", "Borea", "Cielo", "Duna",
    "Eos", "Flora", "Gala", "Hedda", "Iris", "Jade", "Koda", "Lago", "Mistral", "Nomad", "Onda", "Perla", "Rune",
)  # fmt: skip

SERIES_TITLES = (
    "{series} item no. {number}",
    "{brand} {series} {number}",
    "From the {series} series, {colour}",
    "{series} collection – art. {number}",
    "{series} {colour} {number}",
)

SERIES_SENTENCES = (
    "Item from our {series} series, 2 year warranty.",
    "Part of the {series} collection by {brand}.",
    "The {series} series combines with all other pieces of the range.",
    "Colour: {colour}. Delivered in a gift box.",
    "Article {number}, see the picture for details.",
    "Collect the whole {series} family.",
)

GENERIC = (
    "Ships within two working days.",
    "Designed in our studio and made to last.",
    "A lovely present for friends and family.",
    "Free returns within 30 days.",
    "Customers rate it 4.6 out of 5.",
    "Colours may differ slightly from the picture.",
    "Recyclable packaging, no plastic.",
    "Limited stock, order today.",
    "Quality you can see and feel.",
    "Two year manufacturer's warranty.",
    "Made in small batches by skilled hands.",
    "Our bestseller of the season.",
)

SHOUTS = (
    "BEST PRICE GUARANTEED!!!",
    "🔥 HOT DEAL 🔥 ONLY THIS WEEK",
    "★★★ NEW SEASON ★★★",
    "SALE – UP TO 50% OFF 😍",
    "⚡ TOP RATED ⚡",
)

FOREIGN = (
    "Envío gratuito a toda España en 48 horas.",
    "Un regalo perfecto para cualquier ocasión.",
    "Calidad garantizada y diseño exclusivo.",
    "Доставка по всей стране за три дня.",
    "Отличный подарок для всей семьи.",
    "Гарантия производителя два года.",
    "全国包邮，七天无理由退货。",
    "精选材料，品质保证。",
)

CROSS_SELLING = (
    "Goes well with your {noun}.",
    "Customers also bought: {noun}.",
    "Pairs nicely with the {noun} of the same brand.",
    "See also our {noun}!",
)
