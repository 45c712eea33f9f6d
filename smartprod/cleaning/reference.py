"""HTML to text with BeautifulSoup: slow and plain, what the tests hold the fast way against."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from smartprod.cleaning.html import HIDING_STYLE
from smartprod.cleaning.source import MARKS, RAW_TAGS, UNSEEN_TAGS, read_markup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bs4.element import Tag


def clean_html_reference(html: str) -> str:
    """Turn HTML into clean plain text as `clean_html` does, by walking the tree of BeautifulSoup's `html.parser`.

    The two differ where the parsers read broken markup differently: closing tags that nothing opened (`a</p>b` is one
    word here), and text behind an unseen element that is never closed.

    Raises:
        RecursionError: On nesting of several hundred levels.
    """
    return read_markup(html, _parse)


def _parse(source: str) -> str:
    from bs4 import BeautifulSoup

    # A browser reads `</br>` as `<br>`, html.parser drops it; shops' descriptions are full of it.
    source = re.sub(r"</br\b", "<br", source, flags=re.IGNORECASE)
    return "".join(_texts(BeautifulSoup(source, "html.parser")))


def _texts(element: Tag) -> Iterator[str]:
    from bs4.element import NavigableString, Tag

    for child in element.children:
        if type(child) is NavigableString:
            yield str(child)
        elif isinstance(child, Tag):
            before, after = MARKS.get(child.name.lower(), ("", ""))
            yield before
            if not _is_unseen(child):
                yield from _texts(child)
                yield after


def _is_unseen(element: Tag) -> bool:
    if element.name.lower() in RAW_TAGS | UNSEEN_TAGS or element.has_attr("hidden"):
        return True
    return bool(HIDING_STYLE.search(str(element.get("style") or "")))
