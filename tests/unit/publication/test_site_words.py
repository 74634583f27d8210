"""The texts of the public site: all in one file, so that another language is a file beside it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lfr_core.common.errors import Fatal
from lfr_core.domain.categories import EXPLAINED
from lfr_core.domain.policy import load_policy
from lfr_core.publication.promises.catalogue import promises
from lfr_core.publication.promises.ledger import LedgerEntry, LedgerView
from lfr_core.publication.promises.port import PromiseFinding, Result
from lfr_core.publication.promises.render import render
from lfr_core.publication.site.data import SiteData
from lfr_core.publication.site.pages import pages
from lfr_core.publication.site.words import WORDS, read_languages

TEMPLATES = WORDS.parent / "templates"
POLICY = load_policy()
NOW = datetime(2026, 7, 1, 12, 30, tzinfo=UTC)
TIME_NS = round(NOW.timestamp() * 1e9)
BROKEN = "footage.gone"


def site_of_promises() -> SiteData:
    """Nothing but promises, of which one is broken."""
    entries = tuple(
        LedgerEntry(
            one,
            PromiseFinding(Result.BROKEN if one.id == BROKEN else Result.HOLDS, "what was seen"),
            TIME_NS,
            TIME_NS,
        )
        for one in promises(POLICY)
    )
    ledger = render(LedgerView(entries, TIME_NS))
    return SiteData(NOW, (), (), {}, 0, (), (), ledger)


def translated(text: Any) -> Any:
    """Each text with a mark before it, as a translator's file would have other words."""
    if isinstance(text, Mapping):
        return {name: translated(each) for name, each in text.items()}
    return [translated(each) for each in text] if isinstance(text, list) else f"§{text}"


def write_translation(folder: Path, texts: Mapping[str, Any]) -> Path:
    (folder / "en.toml").write_text((WORDS / "en.toml").read_text())
    lines = []

    def table(name: str, of: Mapping[str, Any]) -> None:
        if name:
            lines.append(f"[{name}]")
        lines.extend(f"{key!r} = {_toml(value)}" for key, value in of.items() if not _is_table(value))
        for key, value in of.items():
            if _is_table(value):
                table(f"{name}.{key}" if name else key, value)

    table("", texts)
    (folder / "cy.toml").write_text("\n".join(lines))
    return folder


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) and "other" not in value


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f"'''{value}'''"


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda one: one.name)
def test_no_page_has_a_text_outside_the_file_of_texts(template: Path) -> None:
    source = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", template.read_text(), flags=re.DOTALL)
    shown = re.sub(r"<[^>]*>", " ", source)
    said = re.findall(r'(?:aria-label|title|alt|placeholder)="([^"]*[A-Za-z][^"]*)"', source)

    assert re.findall(r"[A-Za-z]+", shown) + said == []


def test_a_translation_is_published_beside_english_and_each_page_leads_to_the_other(tmp_path: Path) -> None:
    folder = write_translation(tmp_path, translated(tomllib.loads((WORDS / "en.toml").read_text())))
    made = dict(pages(site_of_promises(), POLICY, draft=False, languages=read_languages(folder)))

    english = {name for name in made if not name.startswith("cy/")}
    assert {name.removeprefix("cy/") for name in made} == english
    assert len(made) == 2 * len(english)
    for name in english:
        welsh = made[f"cy/{name}"]
        assert '<html lang="cy">' in welsh
        assert f'<a href="../{name}" lang="en"' in welsh
        assert f'<a href="cy/{name}" lang="cy"' in made[name]
        assert "§" not in made[name].replace("§English", "")
        main = welsh.split("<main", 1)[1]
        texts = re.findall(
            r"<(?:h1|h2|p|th|summary)(?: [^>]*)?>([^<{]*[A-Za-z][^<]*)<", re.sub(r'<h2[^>]*lang="en".*?</h2>', "", main)
        )
        assert [text for text in texts if "§" not in text and "CHANGE ME" not in text] == []


def test_a_translation_that_lacks_a_text_or_puts_in_something_unknown_is_refused(tmp_path: Path) -> None:
    whole = tomllib.loads((WORDS / "en.toml").read_text())
    for wrong in (
        whole | {"documents": {}},
        whole | {"kind": whole["kind"] | {"demo": "{unknown}"}},
    ):
        write_translation(tmp_path, wrong)
        with pytest.raises(Fatal, match=r"documents\.|kind\.demo"):
            read_languages(tmp_path)


def test_broken_promises_stand_first_with_what_is_being_done() -> None:
    page = dict(pages(site_of_promises(), POLICY, draft=False, languages=read_languages()))["promises.html"]
    first = page.index("<h2 id=")

    assert page[first:].startswith(f'<h2 id="{BROKEN}">')
    assert "What is being done" in page[first : page.index("<h2 id=", first + 1)]
    assert page.count("What is being done") == 1
    assert "Last look 1 July 2026, 13:30" in page
    assert not re.search(r"<code>|\b[0-9a-f]{16,}\b|\d{4}-\d\d-\d\d|policy\.|_s\b", page.split("<main")[1])


def test_every_page_says_the_rights_and_whom_to_ask() -> None:
    made = dict(pages(site_of_promises(), POLICY, draft=False, languages=read_languages()))

    assert [name for name, page in made.items() if POLICY.force.complaints not in page or "one month" not in page] == []


def test_a_draft_says_what_the_force_has_not_given_yet_and_shows_no_placeholder() -> None:
    made = dict(pages(site_of_promises(), POLICY, draft=True, languages=read_languages()))

    assert [name for name, page in made.items() if "CHANGE ME" in page] == []
    assert "the force hasn&#39;t said yet" in made["contact.html"]
    assert "hasn&#39;t given its name yet" in made["index.html"]


def test_a_mail_with_the_questions_in_it_is_offered_where_the_force_has_an_address() -> None:
    force = POLICY.force.model_copy(update={"enquiries": "Data team, ask@force.example or 0100", "complaints": "0101"})
    policy = POLICY.model_copy(update={"force": force})
    page = dict(pages(site_of_promises(), policy, draft=False, languages=read_languages()))["contact.html"]

    assert page.count('href="mailto:') == 1
    assert 'href="mailto:ask@force.example?subject=' in page
    assert "Time%20at%20which%20I%20passed" in page


def test_a_category_is_called_as_on_every_page_of_the_staff() -> None:
    (english, *_) = read_languages()

    assert {each: english(f"category.{each}") for each in EXPLAINED} == EXPLAINED


def test_a_number_of_things_has_a_text_for_one_of_them() -> None:
    (english, *_) = read_languages()
    of_several = re.compile(r"\{\w+\} (seconds|minutes|hours|days|alerts|photographs|arrests|cameras)\b")

    assert english("forgotten.short", n=1.0, seconds="1").startswith("Nobody can open a picture of you 1 second after")
    assert "15 seconds" in english("forgotten.short", n=15.0, seconds="15")
    texts = {name: text for name, text in english.texts.items() if isinstance(text, str)}
    assert [name for name, text in texts.items() if of_several.search(text)] == []
