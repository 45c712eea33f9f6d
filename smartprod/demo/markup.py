"""HTML of descriptions in the manner of eight shops."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from random import Random

Facts = dict[str, str]
Shop = Callable[[Sequence[str], Facts, Random], str]


def render_markup(sentences: Sequence[str], facts: Facts, rng: Random) -> str:
    """Write sentences and facts as one shop would; one shop in eight writes no markup at all."""
    return rng.choice(SHOPS)(sentences, facts, rng)


def _plain(sentences: Sequence[str], facts: Facts, rng: Random) -> str:
    return " ".join(sentences)


def _paragraphs(sentences: Sequence[str], facts: Facts, rng: Random) -> str:
    return "".join(f"<p>{_entities(s)}</p>" for s in sentences)


def _table(sentences: Sequence[str], facts: Facts, rng: Random) -> str:
    rows = "".join(f"<tr><th>{_entities(k)}</th><td>{_entities(v)}</td></tr>" for k, v in facts.items())
    lead = "<br/>".join(_entities(s) for s in sentences)
    return (
        f'<div class="desc"><p>{lead}</p><table border="1" cellpadding=4><tbody>{rows}</tbody></table></div>'
    )


def _list(sentences: Sequence[str], facts: Facts, rng: Random) -> str:
    head, rest = sentences[0], sentences[1:]
    items = "".join(f"<li>{_entities(s)}" for s in rest)
    return f"<h3>{_entities(head)}</h3>\n<ul>\n{items}</ul>"


def _styled(sentences: Sequence[str], facts: Facts, rng: Random) -> str:
    style = "<style>.pd{font:12px/1.4 Arial;color:#333}.pd b{color:red}</style>"
    body = "".join(
        f'<span style="color:#{rng.randint(0, 0xFFF):03x};font-weight:bold">{_entities(s)}</span>&nbsp;'
        for s in sentences
    )
    return f'{style}<div class="pd" style="margin:0 auto;padding:4px">{body}</div>'


def _scripted(sentences: Sequence[str], facts: Facts, rng: Random) -> str:
    script = "<script>var w=document.write;if(1<2){w('<b>mug boot watch</b>')}</script>"
    comment = "<!-- imported 2024-03-11; template: bowl_sandal_v2 -->"
    body = "</p>\n<p>".join(_entities(s) for s in sentences)
    return f"{comment}<p>{body}</p>{script}"


def _broken(sentences: Sequence[str], facts: Facts, rng: Random) -> str:
    body = "<br>".join(
        f"<b>{_entities(s)}" if i % 2 else f"{_entities(s)}</i>" for i, s in enumerate(sentences)
    )
    return f"<div><p>{body}</div></span><a href='http://shop.example/p?id={rng.randint(1, 999)}&amp"


def _nested(sentences: Sequence[str], facts: Facts, rng: Random) -> str:
    pairs = "".join(f"<dt>{_entities(k).title()}</dt><dd>{_entities(v)}</dd>" for k, v in facts.items())
    cells = "".join(f"<div><div><font size='2'>{_entities(s)}</font></div></div>" for s in sentences)
    return f"&lt;&lt; {cells}<dl>{pairs}</dl><hr><small>&copy;&nbsp;Shop&trade; &mdash; all prices incl. VAT</small>"


SHOPS: tuple[Shop, ...] = (_plain, _paragraphs, _table, _list, _styled, _scripted, _broken, _nested)


def only_markup(rng: Random) -> str:
    """A description that cleans to nothing."""
    return rng.choice(
        [
            "<div><p>&nbsp;</p><br/><!-- todo --></div>",
            "<style>.a{color:red}</style><script>track('view')</script>",
            "<p></p><ul><li></li><li>&nbsp;</li></ul>",
        ]
    )


def _entities(text: str) -> str:
    escaped = html.escape(text, quote=False)
    for char, entity in (
        ("é", "&eacute;"),
        ("ó", "&oacute;"),
        ("ñ", "&ntilde;"),
        ("–", "&ndash;"),
        ("É", "&#201;"),
        ("'", "&#39;"),
    ):
        escaped = escaped.replace(char, entity)
    return escaped
