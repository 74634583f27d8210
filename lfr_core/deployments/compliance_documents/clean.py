"""An HTML document as it is published: what `clean_html` leaves of it, in a page of ours that loads nothing."""

from __future__ import annotations

import html

from lfr_core.deployments.compliance_documents.child_reader import read_in_child

__all__ = ["clean_document"]

_PAGE = """<!doctype html>
<html lang="en-GB"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title></head>
<body>
{body}
</body></html>
"""


def clean_document(content: bytes, title: str) -> bytes:
    """Return the cleaned page of an HTML document. What is clean stays as it is: cleaning it again changes nothing.

    Args:
        content: UTF-8, with or without BOM.
        title: the document's, for the browser's window.

    Raises:
        Refused, Fatal: as `read_in_child`.
    """
    body = read_in_child("clean_html.py", content.decode("utf-8-sig"))
    return _PAGE.format(title=html.escape(title), body=body).encode()
