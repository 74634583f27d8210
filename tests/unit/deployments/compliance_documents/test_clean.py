"""What is left of an HTML document, judged by a browser's rules for reading HTML."""

from __future__ import annotations

import pytest

from lfr_core.common.errors import Refused
from lfr_core.deployments.compliance_documents import child_reader
from lfr_core.deployments.compliance_documents.clean import clean_document
from lfr_core.deployments.compliance_documents.clean_html import clean_body
from lfr_core.deployments.compliance_documents.signature import HTML, media_type_of

PAGE = "<!doctype html><html><head><title>x</title></head><body><h1>DPIA</h1>{}<p>end</p></body></html>"


def body(part: str) -> str:
    return clean_body(PAGE.format(part))


@pytest.mark.parametrize(
    "part",
    [
        "<!--><script>alert(1)</script>-->",
        "<!--><script src=https://example.org/x.js></script><!-- -->",
        "<!---><img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<a href='java&#10;script:alert(1)'>x</a>",
        "<a href='&#x6a;avascript:alert(1)'>x</a>",
        "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
        "<a href='vbscript:alert(1)'>x</a>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<object data=x.swf></object><embed src=x>",
        "<img src=https://example.org/pixel.png>",
        "<img src=//example.org/pixel.png>",
        "<img src='data:image/svg+xml;base64,PHN2Zz4='>",
        "<img srcset='https://example.org/a.png 2x'>",
        "<link rel=stylesheet href=https://example.org/a.css>",
        "<meta http-equiv=refresh content='0;url=https://example.org/'>",
        "<base href=https://example.org/>",
        "<form action=https://example.org/><input name=a><button formaction=javascript:x>go</button></form>",
        "<style>@import 'https://example.org/a.css'; p { background: url(https://example.org/b.png) }</style>",
        "<p style='background: url(https://example.org/b.png)'>x</p>",
        r"<p style='color: u\72l(https://example.org/b.png)'>x</p>",
        "<p onclick=alert(1) onmouseover=alert(1)>x</p>",
        "<video src=https://example.org/a.mp4 poster=https://example.org/b.png></video>",
        "<template><script>alert(1)</script></template>",
    ],
)
def test_nothing_that_runs_or_loads_is_left_in_a_document(part: str) -> None:
    left = body(part).casefold()

    for word in ("script", "alert", "onerror", "onload", "example.org", "svg", "url(", "refresh", "srcdoc", "x.swf"):
        assert word not in left
    assert "<h1>dpia</h1>" in left
    assert "end" in left


def test_text_tables_links_and_pictures_within_the_document_stay() -> None:
    part = (
        '<table><tr><th scope="col">A &amp; B</th></tr></table><p style="text-align:center" id="s1">Zoë</p>'
        '<a href="https://www.legislation.gov.uk/">law</a> <a href="#s1">1</a>'
        '<img src="data:image/png;base64,aGk=" alt="chart">'
    )
    left = body(part)

    for kept in ('scope="col"', "A &amp; B", "text-align:center", "Zoë", 'href="https://www.legislation.gov.uk/"',
                 'href="#s1"', 'src="data:image/png;base64,aGk="', 'alt="chart"'):  # fmt: skip
        assert kept in left


def test_a_clean_document_stays_as_it_is_and_is_one() -> None:
    once = clean_document(PAGE.format('<p style="color:red">a &lt; b</p>\n\n').encode(), 'D"P<IA')

    assert clean_document(once, 'D"P<IA') == once
    assert media_type_of(once, "dpia.html") == HTML
    assert b"default-src 'none'" in once


def test_a_document_that_would_take_minutes_to_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_reader, "_CPU_S", 1)

    with pytest.raises(Refused) as caught:
        clean_document(PAGE.format("<div>" * 200_000).encode(), "dpia.html")

    assert caught.value.rule == "documents.too-complicated"


def test_a_document_of_tags_that_are_never_closed_is_refused_or_read_in_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Python 3.14 reads in no time what earlier ones take minutes for."""
    monkeypatch.setattr(child_reader, "_CPU_S", 1)

    try:
        came_of_it = media_type_of(("<!doctype html>" + "<a " * 100_000).encode(), "dpia.html")
    except Refused as refused:
        came_of_it = refused.rule

    assert came_of_it in {"documents.too-complicated", HTML}
