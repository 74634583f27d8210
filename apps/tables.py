"""Makes every table of the staff's pages: one that is wider than its place scrolls in it, with the keyboard too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["heads_html", "table_html", "text_table_html"]

_WHEN = re.compile(r"<td>(?=\d{1,2} [A-Z][a-z]+ \d{4}(?:, \d\d:\d\d)?</td>)")
"""A cell of nothing but a day, or a day and a time: on a phone it keeps its width, and breaks after the day alone."""


def table_html(rows: str, *, heads: str, words: str, kind: str = "", caption: bool = True) -> str:
    """Return a table within a part of the page that scrolls, and that the tab key reaches.

    Args:
        rows: of its body, as HTML.
        heads: the cells of its first row, as HTML (`heads_html`).
        words: what it is a table of, for whoever sees it (`caption`) and whoever hears it.
        kind: its classes, by which a page's style sheet knows it.
        caption: whether `words` stand above it; not where a heading says the same.
    """
    named = f' class="{kind}"' if kind else ""
    above = f"<caption>{escape(words)}</caption>" if caption else ""
    rows = _WHEN.sub('<td class="lfr-when">', rows)
    return (
        f'<div class="lfr-scroll" role="region" tabindex="0" aria-label="{escape(words, quote=True)}">'
        f"<table{named}>{above}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def heads_html(heads: Iterable[str]) -> str:
    """Return the cells of a table's first row, of texts."""
    return "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)


def text_table_html(heads: Sequence[str], rows: Sequence[Sequence[str]], *, words: str, empty: str = "") -> str:
    """Return a table of texts, or the sentence `empty` where there is none; a column where nothing stands is left out.

    words: what it is a table of, which a heading above it says too.
    """
    if not rows:
        return f"<p>{escape(empty)}</p>"
    filled = [i for i in range(len(heads)) if any(row[i] for row in rows)]
    body = "".join("<tr>" + "".join(f"<td>{escape(row[i])}</td>" for i in filled) + "</tr>" for row in rows)
    return table_html(body, heads=heads_html(heads[i] for i in filled), words=words, caption=False)
