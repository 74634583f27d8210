"""What kind of document a file is, by what is in it; what isn't a document for the public is refused.

They are published as they are, beside pages that need no script and ask nobody for anything; so an HTML document
that runs something or loads something is refused. What a PDF may do is its reader's affair, which sites don't extend.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import PurePath

from lfr_core.common.errors import Refused

__all__ = ["HTML", "MARKDOWN", "PDF", "TEXT", "media_type_of"]

PDF, HTML, MARKDOWN, TEXT = "application/pdf", "text/html", "text/markdown", "text/plain"
_BY_SUFFIX = {".pdf": PDF, ".html": HTML, ".htm": HTML, ".md": MARKDOWN, ".markdown": MARKDOWN, ".txt": TEXT}
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_HTML_START = re.compile(r"<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_RUNS = frozenset({"script", "iframe", "frame", "object", "embed", "applet", "form", "base", "portal"})
_LOADS = frozenset({"src", "srcset", "poster", "background", "data", "ping", "formaction", "action", "xlink:href"})
_OUTSIDE_STYLE = re.compile(r"@import|url\(\s*['\"]?(?!data:|#)", re.IGNORECASE)


def media_type_of(content: bytes, name: str) -> str:
    """Return the media type of a document: PDF, HTML, Markdown or plain text, by its signature and the name's ending.

    Raises:
        Refused: `papers.empty`; `papers.not-a-document` (another kind of file, or one whose name says another kind
            than its bytes); `papers.active-html` (it runs or loads something).
    """
    if not content.strip():
        raise Refused("papers.empty", f"{name} is empty: give the file of the document itself")
    claimed = _BY_SUFFIX.get(PurePath(name).suffix.casefold())
    found = _found(content, name)
    if found == TEXT and claimed == MARKDOWN:
        return MARKDOWN
    if claimed != found:
        raise Refused(
            "papers.not-a-document",
            f"{name} is {found} inside, and its name says {claimed or 'nothing known'}: "
            "a document is a .pdf, .html, .md or .txt that is what its name says",
        )
    return found


def _found(content: bytes, name: str) -> str:
    if content.startswith(b"%PDF-"):
        return PDF
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\x00"
    if _BINARY.search(text):
        raise Refused("papers.not-a-document", f"{name} is neither PDF nor HTML, Markdown or plain text in UTF-8")
    if not _HTML_START.match(text, _after_comments(text)):
        return TEXT
    reader = _Active()
    reader.feed(text)
    reader.close()
    if reader.found:
        raise Refused(
            "papers.active-html",
            f"{name} has {reader.found}: a public document runs and loads nothing; save it as PDF or plain HTML",
        )
    return HTML


def _after_comments(text: str) -> int:
    """Where the text begins behind white space and comments of HTML."""
    at = 0
    while True:
        while text[at : at + 1].isspace():
            at += 1
        if not text.startswith("<!--", at) or (end := text.find("-->", at + 4)) < 0:
            return at
        at = end + len("-->")


class _Active(HTMLParser):
    """Finds the first thing that an HTML page would run or load."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found = ""
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        values = {name: "".join((value or "").split()) for name, value in attrs}
        if tag in _RUNS:
            self._say(f"<{tag}>")
        elif tag == "meta" and values.get("http-equiv", "").casefold() == "refresh":
            self._say("a meta refresh")
        elif tag == "link" and values.get("href") and "data:" not in values["href"][:5]:
            self._say("a <link> to load")
        for name, value in values.items():
            if name.startswith("on"):
                self._say(f"the handler {name}")
            elif name in _LOADS and not value.casefold().startswith(("data:image/", "#")):
                self._say(f"something to load in {name}")
            elif name == "href" and value.casefold().startswith(("javascript:", "vbscript:", "data:")):
                self._say("a link that runs something")
            elif name == "style" and _OUTSIDE_STYLE.search(value):
                self._say("a style that loads something")

    def handle_endtag(self, tag: str) -> None:
        if tag == "style":
            self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style and _OUTSIDE_STYLE.search(data):
            self._say("a style that loads something")

    def _say(self, what: str) -> None:
        self.found = self.found or what
