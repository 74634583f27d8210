"""Great Expectations' Data Docs made fit for a machine without internet: outside links go, a style of ours comes.

As shipped they load scripts, styles, fonts and images from eight places (docs/facts.md#great-expectations). What
counts is in the HTML; everything else is dropped: scripts, styles, images, event handlers and every link that leaves
the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from html.parser import HTMLParser

__all__ = ["GENERATOR", "localised"]

GENERATOR = "OpenLFR data quality"
_DROPPED = frozenset({"script", "style", "svg", "iframe", "form", "footer", "nav", "button", "noscript"})
"""Elements that go with all that is in them."""
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "input", "link", "meta", "source", "track", "wbr"})
_VOID_KEPT = frozenset({"br", "col", "hr"})
_KEPT_ATTRIBUTES = frozenset({"class", "colspan", "rowspan", "scope", "id", "lang", "title", "role"})
_ICONS = {"fa-check-circle": "kept", "fa-times": "broken", "fa-exclamation": "not evaluated"}
"""The status of an expectation is shown by an icon of a font that isn't loaded: its class says which."""
_HEADINGS = frozenset({"h4", "h5", "h6"})
_WORDS = {
    "Expectation Validation Result": "What each rule found, column by column",
    "Evaluates whether a batch of data matches expectations.": "",
    "Table-Level Expectations": "Rules about several columns",
    "Expectation": "Rule",
    "Observed Value": "Found",
    "Unexpected Value": "What doesn't fit",
    "To retrieve all unexpected values...": "",
    "Data asset: None": "",
}
"""What the pages call things that our readers have other words for."""
_ADDRESS = re.compile(r"(?:https?:)?//[^\s<>\"']+")


def localised(page: str, title: str, verdict: str, *, is_kept: bool) -> str:
    """Put the body of a Data Docs page under a head of ours. It asks nobody for anything, with or without a script.

    verdict: what it came to and when, in words. is_kept: whether every rule is.
    """
    reader = _Body()
    reader.feed(page)
    reader.close()
    return (
        '<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="{GENERATOR}">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'self'\">\n"
        f'<title>{escape(title)}</title>\n<link rel="stylesheet" href="style.css">\n</head>\n<body>\n<main>\n'
        f'<p><a href="index.html">Back to the report</a></p>\n<h1>{escape(title)}</h1>\n'
        f'<p class="verdict {"good" if is_kept else "bad"}">{escape(verdict)}</p>\n'
        f"{''.join(reader.out)}\n</main>\n</body>\n</html>\n"
    )


class _Body(HTMLParser):
    """Keeps the structure and the text of <body>."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self._in_body = False
        self._dropping: list[str] = []
        self._in_heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "body":
            self._in_body = True
            return
        if self._dropping or tag in _DROPPED or _is_of_programs(dict(attrs)):
            if tag not in _VOID and tag != "img":
                self._dropping.append(tag)
            return
        if not self._in_body or tag == "img" or (tag in _VOID and tag not in _VOID_KEPT):
            return
        self.out += [word for icon, word in _ICONS.items() if icon in str(dict(attrs).get("class", ""))]
        self._in_heading = tag in _HEADINGS
        kept = [(name, value or "") for name, value in attrs if name in _KEPT_ATTRIBUTES]
        written = "".join(f' {name}="{escape(_ADDRESS.sub("", value))}"' for name, value in kept)
        self.out.append(f"<{_tag(tag)}{written}>")

    def handle_endtag(self, tag: str) -> None:
        if self._dropping:
            if tag in self._dropping:  # an element left open inside goes with it
                del self._dropping[len(self._dropping) - 1 - self._dropping[::-1].index(tag) :]
            return
        if tag == "body":
            self._in_body = False
        elif self._in_body and tag not in _VOID and tag != "img":
            self.out.append(f"</{_tag(tag)}>")

    def handle_data(self, data: str) -> None:
        if self._in_body and not self._dropping:
            said = _WORDS.get(data.strip(), data)
            self.out.append(escape(_ADDRESS.sub("", said.replace("_", " ") if self._in_heading else said)))


def _is_of_programs(attributes: Mapping[str, str | None]) -> bool:
    """Return whether an element does nothing without a script, is code, or tells of the suite and the run.

    They are told of in ids, hashes and times of another clock; what they came to stands at the head.
    """
    classes = (attributes.get("class") or "").split()
    return bool({"sticky", "collapse"} & set(classes)) or attributes.get("id") == "section-1"


def _tag(tag: str) -> str:
    """Return the element to write: a link leads nowhere any more, it becomes a span."""
    return {"a": "span", "h1": "h2"}.get(tag, tag)
