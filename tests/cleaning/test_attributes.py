from __future__ import annotations

import pytest

from smartprod.cleaning import flatten_attributes


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ({"colour": ["red", "blue"], "size": 42}, "colour: red, blue. size: 42"),
        (
            {"brandName": "Palm Tree", "isNew": True, "on_sale": False},
            "brand name: Palm Tree. is new: yes. on sale: no",
        ),
        ({"size": {"width": 3, "heightCm": 4.5, "depth": None}}, "size: width 3, height cm 4.5"),
        ({"parts": [{"a": 1}, {"b": 2}]}, "parts: a 1, b 2"),
        (
            {"specs": [{"name": "Colour", "value": "red"}, {"name": "Fit", "value": ["slim"]}]},
            "colour: red. fit: slim",
        ),
        ({"material": "Cocona&reg; <b>knit</b>|Nylon"}, "material: Cocona® knit, Nylon"),
        (
            {"a": "", "b": None, "c": "N/A", "d": [], "e": {}, "f": float("nan"), "g": " ", "h": [None, ""]},
            "",
        ),
        (
            {
                "link": "https://shop.example/x",
                "image": "//cdn.example/y.jpg",
                "c": "www.example.org",
                "d": "data:x",
            },
            "",
        ),
        ({"price": 20.0, "weight": 0.1 + 0.2}, "price: 20. weight: 0.3"),
        ({"Цвет": "красный", "颜色": "红"}, "цвет: красный. 颜色: 红"),
        ({"": "no name", "note": "Ends."}, "no name. note: Ends"),
        ({"twice": ["x", "x"]}, "twice: x"),
        ({}, ""),
    ],
)
def test_attributes_read_as_text(attributes, text):
    assert flatten_attributes(attributes) == text


def test_attributes_skipped_in_any_spelling_and_level():
    attributes = {"brandName": "X", "price": 1, "inner": {"brand-name": "X", "kept": "y"}}
    assert flatten_attributes(attributes, skip=["brand_name", "Price"]) == "inner: kept y"
