"""What a page draws is seen: Streamlit takes SVG out of HTML, so that each drawing goes as a picture."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from apps.drawing import drawing_html, picture_html
from tests.support.texts import ROOT, drawing_in


def test_no_page_writes_svg_into_its_html() -> None:
    named = {str(file.relative_to(ROOT)) for file in (ROOT / "apps").rglob("*.py") if "<svg" in file.read_text("utf-8")}

    assert named == {"apps/drawing.py"}


def test_a_drawing_is_a_picture_with_words_and_well_formed() -> None:
    html = drawing_html('<rect class="a" width="5" height="5"/>', width=10, height=20, words='3 of "4"', style=".a{}")
    root = ET.fromstring(drawing_in(html))

    assert html.startswith('<img src="data:image/svg+xml;base64,')
    assert 'width="10" alt="3 of &quot;4&quot;"' in html
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.attrib == {"width": "10", "height": "20", "viewBox": "0 0 10 20"}
    assert picture_html("<svg/>", "a code").endswith('" alt="a code">')
