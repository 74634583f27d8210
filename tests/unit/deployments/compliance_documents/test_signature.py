from __future__ import annotations

import pytest

from lfr_core.common.errors import Refused
from lfr_core.deployments.compliance_documents.signature import HTML, MARKDOWN, PDF, TEXT, media_type_of

PAGE = b"<!doctype html><html lang=en><title>DPIA</title><h1>DPIA</h1>%s</html>"


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"%PDF-1.7\n\x80\x81", "dpia.PDF", PDF),
        (PAGE % b"", "dpia.html", HTML),
        (b"\xef\xbb\xbf<!-- ours -->\n<HTML><p>x</p></HTML>", "dpia.htm", HTML),
        (PAGE % b'<a href="https://example.org/">law</a><img src="data:image/png;base64,aa">', "dpia.html", HTML),
        (PAGE % b"<style>p { color: red }</style>", "dpia.html", HTML),
        ("# DPIA\r\n\tsafe – and sound\f\n".encode(), "dpia.md", MARKDOWN),
        (b"DPIA\n", "dpia.txt", TEXT),
    ],
)
def test_a_document_is_known_by_what_is_in_it(content: bytes, name: str, kind: str) -> None:
    assert media_type_of(content, name) == kind


@pytest.mark.parametrize(
    ("content", "name", "rule"),
    [
        (b"", "dpia.pdf", "documents.empty"),
        (b" \n\t ", "dpia.txt", "documents.empty"),
        (b"\x89PNG\r\n\x1a\n", "dpia.pdf", "documents.not-a-document"),
        (b"PK\x03\x04", "dpia.docx", "documents.not-a-document"),
        (b"plain text", "dpia.pdf", "documents.not-a-document"),
        (b"%PDF-1.7", "dpia.txt", "documents.not-a-document"),
        (PAGE % b"", "dpia.txt", "documents.not-a-document"),
        (b"plain text", "dpia", "documents.not-a-document"),
        (b"nul \x00", "dpia.txt", "documents.not-a-document"),
        ("latin é".encode("latin-1"), "dpia.txt", "documents.not-a-document"),
    ],
)
def test_what_is_no_document_or_not_what_its_name_says_is_refused(content: bytes, name: str, rule: str) -> None:
    with pytest.raises(Refused) as caught:
        media_type_of(content, name)

    assert caught.value.rule == rule


def test_comments_before_a_page_cost_no_more_than_they_are_long() -> None:
    comments = b" <!-- x -->\n" * 50_000

    assert media_type_of(comments + b"x", "notice.txt") == "text/plain"
    assert media_type_of(comments + PAGE % b"x", "notice.html") == "text/html"
    assert media_type_of(b"<!-- never closed " + PAGE % b"x", "notice.txt") == "text/plain"


@pytest.mark.parametrize(
    "part",
    [
        b"<script>1</script>",
        b"<SCRIPT src=x></SCRIPT>",
        b'<img src="https://example.org/pixel.gif">',
        b"<img src=/local.png>",
        b"<p onclick=go()>x</p>",
        b'<a href=" java\nscript:go()">x</a>',
        b"<iframe></iframe>",
        b"<svg><image xlink:href='http://example.org/'/></svg>",
        b"<link rel=stylesheet href=style.css>",
        b"<meta http-equiv=refresh content='0; url=http://example.org'>",
        b"<form action=/x></form>",
        b"<style>@import 'x.css';</style>",
        b"<style>p { background: url( 'http://example.org/x' ) }</style>",
        b"<p style='background:url(http://example.org/x)'>x</p>",
        b"<object data=x></object>",
        b"<base href='http://example.org/'>",
    ],
)
def test_a_page_that_runs_or_loads_something_is_refused(part: bytes) -> None:
    with pytest.raises(Refused) as caught:
        media_type_of(PAGE % part, "dpia.html")

    assert caught.value.rule == "documents.active-html"
