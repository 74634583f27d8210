from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from lfr_core.deployments.compliance_documents.forms import RULES, FormKind, FormSection, Table, render
from lfr_core.deployments.compliance_documents.signature import HTML, media_type_of
from tests.support.printed_forms import EVIL, printed


class Seen(HTMLParser):
    """Start tags with their attributes, and the text of each."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.mark.parametrize("kind", FormKind)
def test_a_document_says_what_it_is_for_whom_and_what_asks_for_each_part(kind: FormKind) -> None:
    page = render(printed(kind, notice="Superseded by revision 3"))
    text = " ".join(Seen(page).text.split())

    assert f"<h1>{kind.value}</h1>" in page
    for output in ("Revision 2, 23 November", "Norfolk & Co", "Superseded by revision 3", "superintendent"):
        assert output in text
    assert "Because it is needed. And for no longer." in text
    assert "Threshold not stated" in text.replace("Thresholdnot", "Threshold not")
    assert [rule for rule, asks in RULES.items() if f"{asks[0].upper()}{asks[1:]}." not in text] == []


@pytest.mark.parametrize("kind", FormKind)
def test_codes_are_for_programs_and_whoever_reads_a_document_sees_words(kind: FormKind) -> None:
    page = render(printed(kind))
    seen = Seen(page)

    assert {each.get("data-rule") for each in seen.all("li")} >= set(RULES)
    assert [rule for rule in RULES if re.search(rf">[^<]*\b{rule}\b", page)] == []
    assert "high-street-0412" not in seen.text
    assert [each["data-deployment"] for each in seen.all("footer")] == ["high-street-0412"]


def test_the_three_documents_are_three() -> None:
    assert len({render(printed(kind)).split("<main>")[1].split("</p>")[0] for kind in FormKind}) == 3


@pytest.mark.parametrize("kind", FormKind)
def test_everything_is_escaped_and_nothing_runs_or_is_loaded(kind: FormKind) -> None:
    page = render(printed(kind, text=EVIL, notice=EVIL))

    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;") >= 8
    assert media_type_of(page.encode(), "form.html") == HTML  # which refuses what runs or loads something
    assert not re.search(r"url\(|@import", page)


@pytest.mark.parametrize("kind", FormKind)
def test_a_page_has_a_language_a_title_headings_in_order_and_headed_tables(kind: FormKind) -> None:
    seen = Seen(render(printed(kind)))
    levels = [int(tag[1]) for tag, _ in seen.tags if re.fullmatch(r"h[1-6]", tag)]
    ids = [str(attributes["id"]) for _, attributes in seen.tags if "id" in attributes]

    assert seen.all("html") == [{"lang": "en-GB"}]
    assert len(seen.all("title")) == len(seen.all("main")) == levels.count(1) == 1
    assert levels[0] == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))
    assert len(seen.all("caption")) == len(seen.all("table")) == 2
    assert {attributes.get("scope") for attributes in seen.all("th")} == {"col", "row"}
    assert len(set(ids)) == len(ids)
    assert {str(each["aria-labelledby"]) for each in seen.all("section")} <= set(ids)


def test_a_section_names_rules_that_there_are() -> None:
    with pytest.raises(ValueError, match="Z9"):
        FormSection("Why", ("A4", "Z9"))
    with pytest.raises(ValueError, match="heading"):
        FormSection("", ())


@pytest.mark.parametrize(
    ("caption", "columns", "rows"), [("", ("a",), ()), ("c", (), ()), ("c", ("a", "b"), (("1",),))]
)
def test_a_table_without_caption_or_with_ragged_rows_is_refused(
    caption: str, columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]
) -> None:
    with pytest.raises(ValueError, match="a table has"):
        Table(caption, columns, rows)
