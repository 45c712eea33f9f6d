"""What happens to HTML before and after it is parsed, whichever parser does it.

The parsers hand back the text of a document with four marks in it, control characters that no text contains:
where a line ends, where a table row ends, where a cell begins, and a `<` that is no tag. `read_markup` makes the
source safe to parse, has it parsed as often as it was escaped, and `_settle` turns the marks into plain text.
"""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LINE = "\x01"
ROW = "\x02"
CELL = "\x03"
LESS_THAN = "\x04"


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LINE_TAGS = _names(
    "address article aside blockquote body br button caption center details dialog dir div fieldset "
    "figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li listing main menu nav ol "
    "optgroup option p plaintext pre search section select summary tbody textarea tfoot thead ul xmp"
)

MARKS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(_LINE_TAGS, (LINE, LINE)),
    **dict.fromkeys(_names("dl table tr"), (ROW, ROW)),
    **dict.fromkeys(_names("dd td th"), (CELL, " ")),
    "dt": (ROW + CELL, " "),  # a term and its definition read like a row of two cells
}
"""What stands in the text where an element begins and where it ends; other elements do not part words."""

RAW_TAGS = _names("iframe noembed noframes script style title")
"""Elements without visible text whose content is not markup, so that they never nest."""

UNSEEN_TAGS = _names("audio canvas datalist noscript object svg template video")
"""Elements without visible text that may hold other elements."""

VOID_TAGS = _names("area base br col embed hr img input link meta param source track wbr")

_INLINE_TAGS = _names(
    "a abbr acronym b bdi bdo big cite code data del dfn em font head html i ins kbd label map mark math meter "
    "output picture progress q rp rt ruby s samp small span strike strong sub sup time tt u var"
)
_HTML_TAGS = frozenset(MARKS) | RAW_TAGS | UNSEEN_TAGS | VOID_TAGS | _INLINE_TAGS

MAX_SOURCE_CHARACTERS = 2_000_000
_MAX_ROUNDS = 4

# \x01-\x08 are the marks and other controls; \x0b and later ones that part lines are handled by _BREAKS.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u206f\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
_INVISIBLE_BUT_MARKS = re.compile(_INVISIBLE.pattern.replace("\x00-\x08", "\x00\x05-\x08"))
# A zero-width joiner belongs between two letters of scripts that use it and inside emoji; elsewhere it is dirt.
_JOINER = "\u200c\u200d"
_LOOSE_JOINER = re.compile(
    rf"(?<![^\x00-\x7f\s{_JOINER}])[{_JOINER}]++|[{_JOINER}]++(?![^\x00-\x7f\s{_JOINER}])"
)
_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_WRITTEN_BREAK = re.compile(
    r"\\(?:r\\n|[rnt])(?![a-z])"
)  # a backslash and a letter, left over from an export

_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
_SELF_CLOSED = re.compile(rf"<(?:{'|'.join(sorted(RAW_TAGS | UNSEEN_TAGS))})\b[^<>]*+(?<=/)>", re.IGNORECASE)
_NO_TAG = re.compile(r"<(?!/?[A-Za-z]|!--|[!?][^<>]*+>)")
_UNCLOSED_TAG = re.compile(
    r"""<(/?)([A-Za-z][^\s/<>]*+)(?![^<>]*+>)(?!(?:[^<>"']|"[^"]*+"|'[^']*+')*+>)([^<]*+)"""
)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_ANY_TAG = re.compile(r"</?[A-Za-z][^<>]*+>")


def read_markup(source: str, parse: Callable[[str], str]) -> str:
    """Read HTML as plain text.

    A source that was escaped once more than it should be is parsed once more; a source without any tag keeps its own
    line breaks.

    Args:
        source: HTML, or plain text with or without entities; what is beyond 2,000,000 characters is left out.
        parse: From a source in which every `<` opens a tag to its visible text, with marks.

    Returns:
        Lines of text without empty ones, normalised to NFC.
    """
    text = _BREAKS.sub("\n", source[:MAX_SOURCE_CHARACTERS])
    text = _INVISIBLE.sub("", text)
    if "\\" in text:
        text = _WRITTEN_BREAK.sub("\n", text)
    if "<" not in text and "&" not in text:
        return _settle(text.replace("\n", LINE))
    has_tags = False
    for _ in range(_MAX_ROUNDS):
        text = _mark_lone_brackets(text)
        if "<" in text:
            has_tags = True
            text = parse(text)
        else:
            text = unescape(text)
        if "<" not in text and not _ENTITY.search(text):
            break
    else:
        text = _ANY_TAG.sub("", text)
    return _settle(text if has_tags else text.replace("\n", LINE))


def _mark_lone_brackets(text: str) -> str:
    """Leave only such `<` as open a tag or a comment; unwrap CDATA and drop what is self-closed and unseen."""
    if "<" not in text:
        return text
    if "[CDATA[" in text:
        text = _CDATA.sub(" ", text)
    text = _SELF_CLOSED.sub("", text)
    text = _NO_TAG.sub(LESS_THAN, text)
    return _UNCLOSED_TAG.sub(_close_tag, text)


def _close_tag(tag: re.Match[str]) -> str:
    """Mend a tag that never ends: close it, drop it with its attributes, or keep it as text if it is no HTML."""
    slash, name, rest = tag.groups()
    if name.lower() not in _HTML_TAGS:
        return f"{LESS_THAN}{slash}{name}{rest}"
    return "" if "=" in rest else f"<{slash}{name}>{rest}"


def _settle(text: str) -> str:
    """Turn marks into line breaks and punctuation, and drop what cannot be seen."""
    text = _BREAKS.sub(" ", text.replace(LESS_THAN, "<"))  # written as entities, or they would be gone by now
    text = _INVISIBLE_BUT_MARKS.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", _LOOSE_JOINER.sub("", text))
    if CELL in text or ROW in text:
        text = LINE.join(_read_row(row) for row in text.split(ROW))
    return "\n".join(_filled_lines(text))


def _read_row(row: str) -> str:
    """Write a table row: two filled cells as `name: value`, any other number with a space between them."""
    before, *cells = row.split(CELL)
    filled = [LINE.join(lines) for cell in cells if (lines := _filled_lines(cell))]
    is_pair = len(filled) == 2 and LINE not in filled[0] and filled[0][-1] not in ":.!?…："
    return f"{before}{LINE}{(': ' if is_pair else ' ').join(filled)}"


def _filled_lines(text: str) -> list[str]:
    return [joined for line in text.split(LINE) if (joined := " ".join(line.split()))]
