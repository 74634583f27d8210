"""A site with a deployment in a second language: what isn't translated is the force's own, or marked as English."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.publication.site.data import gather_site_data
from lfr_core.publication.site.pages import pages
from lfr_core.publication.site.words import WORDS, read_languages
from tests.support.planning import PlanningHarness
from tests.unit.publication.test_site_words import translated, write_translation

_EMPTY = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough for what a page says."""
    return sqlite_url


class Texts(HTMLParser):
    """Gathers the texts of a page with the language each is marked as."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _EMPTY:
            self.open.append((tag, dict(attrs).get("lang") or (self.open[-1][1] if self.open else "")))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if re.search("[A-Za-z]", data) and self.open and self.open[-1][0] not in {"script", "style"}:
            self.found.append((self.open[-1][1], data.strip()))


def texts_of(page: str) -> Iterator[tuple[str, str]]:
    reader = Texts()
    reader.feed(page)
    yield from reader.found


def test_what_a_second_language_leaves_in_english_is_marked_so_or_is_the_forces_own(
    engine: Engine, tmp_path: Path
) -> None:
    harness = PlanningHarness.on(engine, tmp_path)
    harness.walk(DeploymentStatus.AUTHORISED)
    folder = tmp_path / "words"
    folder.mkdir()
    english = tomllib.loads((WORDS / "en.toml").read_text())
    languages = read_languages(write_translation(folder, translated(english)))
    data = gather_site_data(
        harness.engine, harness.policy, documents_folder=harness.home / "papers", now=harness.now + timedelta(minutes=1)
    )
    made = dict(pages(data, harness.policy, draft=True, languages=languages))
    own = {"Norwich"}  # and nothing else: of a draft what the force hasn't given is said in the page's language
    second = {name: page for name, page in made.items() if name.startswith("cy/")}

    left = [
        (name, text)
        for name, page in second.items()
        for language, text in texts_of(page)
        if language == "cy" and "§" not in text and text not in own
    ]
    assert left == []
    told = [text for language, text in texts_of(second["cy/deployments/dep.html"]) if language == "en"]
    assert any("will use live facial recognition" in text for text in told)  # what is announced is said in English
    assert len(second) > 5
