"""Cleaning: HTML, attributes and short fields of a product to one clean text."""

from __future__ import annotations

from smartprod.cleaning.account import CleanAccount
from smartprod.cleaning.attributes import flatten_attributes
from smartprod.cleaning.html import clean_html
from smartprod.cleaning.products import CLEAN_SCHEMA, clean_products, cut_at_word
from smartprod.cleaning.reference import clean_html_reference
from smartprod.cleaning.words import tokenize_words

__all__ = [
    "CLEAN_SCHEMA",
    "CleanAccount",
    "clean_html",
    "clean_html_reference",
    "clean_products",
    "cut_at_word",
    "flatten_attributes",
    "tokenize_words",
]
