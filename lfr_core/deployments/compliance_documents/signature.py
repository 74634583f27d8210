"""What kind of document a file is, by what is in it; what isn't a document for the public is refused.

They are published as they are, beside pages that need no script and ask nobody for anything; so an HTML document
that runs something or loads something is refused. What a PDF may do is its reader's affair, which sites don't extend.
"""

from __future__ import annotations

import re
from pathlib import PurePath

from lfr_core.common.errors import Refused
from lfr_core.deployments.compliance_documents.child_reader import read_in_child

__all__ = ["HTML", "MARKDOWN", "PDF", "TEXT", "media_type_of"]

PDF, HTML, MARKDOWN, TEXT = "application/pdf", "text/html", "text/markdown", "text/plain"
_BY_SUFFIX = {".pdf": PDF, ".html": HTML, ".htm": HTML, ".md": MARKDOWN, ".markdown": MARKDOWN, ".txt": TEXT}
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_HTML_START = re.compile(r"<(?:!doctype\s+html|html)\b", re.IGNORECASE)


def media_type_of(content: bytes, name: str) -> str:
    """Return the media type of a document: PDF, HTML, Markdown or plain text, by its signature and the name's ending.

    Raises:
        Refused: `documents.empty`; `documents.not-a-document` (another kind of file, or whose name says another kind
            than its bytes); `documents.active-html` (it runs or loads something); as `read_in_child`.
        Fatal: as `read_in_child`.
    """
    if not content.strip():
        raise Refused("documents.empty", f"{name} is empty: give the file of the document itself")
    claimed = _BY_SUFFIX.get(PurePath(name).suffix.casefold())
    found = _found(content, name)
    if found == TEXT and claimed == MARKDOWN:
        return MARKDOWN
    if claimed != found:
        raise Refused(
            "documents.not-a-document",
            f"{name} is {found} inside, and its name says {claimed or 'nothing known'}: "
            "a document is PDF, HTML, Markdown or text, and its name says which",
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
        raise Refused("documents.not-a-document", f"{name} is neither PDF nor HTML, Markdown or plain text in UTF-8")
    if not _HTML_START.match(text, _after_comments(text)):
        return TEXT
    if active := read_in_child("active_html.py", text):
        raise Refused(
            "documents.active-html",
            f"{name} has {active}: a public document runs and loads nothing; save it as PDF or plain HTML",
        )
    return HTML


def _after_comments(text: str) -> int:
    """Return where the text begins behind white space and comments of HTML."""
    at = 0
    while True:
        while text[at : at + 1].isspace():
            at += 1
        if not text.startswith("<!--", at) or (end := text.find("-->", at + 4)) < 0:
            return at
        at = end + len("-->")
