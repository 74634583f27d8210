"""Texts that officers, operators and citizens read: free of commands, ids, hashes, other clocks and our own jargon."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.plain_words import plain_words
from lfr_core.publication.site.words import WORDS
from tests.support.texts import ROOT

PAGES = (*sorted(page.parent.name for page in (ROOT / "apps").glob("*/page.py")), "staff", "sign_in.py")
TEMPLATES = (
    *sorted((WORDS.parent / "templates").glob("*.html")),
    *sorted((ROOT / "lfr_core" / "publication" / "rights" / "templates").glob("*.html")),
)
ERRORS = {"Refused", "Poison", "Fatal", "Retryable", "Stale"}


def patterns() -> list[str]:
    """The second table of docs/words.md."""
    text = (ROOT / "docs" / "words.md").read_text(encoding="utf-8").split("## What no page shows")[1]
    return [each.replace("\\|", "|") for each in re.findall(r"^\| `(.+?)` \|", text, re.MULTILINE)]


def said(tree: ast.AST) -> Iterator[str]:
    """Every text in a module but docstrings, formats of dates among them; what an f-string puts in is "X"."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    notes = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(each.value) if isinstance(each, ast.Constant) else "X" for each in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings | notes:
            yield node.value


def page_files() -> list[Path]:
    found = [ROOT / "apps" / each for each in PAGES]
    return [file for each in found for file in (sorted(each.glob("*.py")) if each.is_dir() else [each])]


@pytest.mark.parametrize("file", page_files(), ids=lambda file: file.relative_to(ROOT / "apps").as_posix())
def test_no_page_shows_what_the_glossary_forbids(file: Path) -> None:
    texts = list(said(ast.parse(file.read_text(encoding="utf-8"))))
    found = {each for each in patterns() for text in texts if re.search(each, text, re.IGNORECASE)}

    assert found == set()


def test_no_text_of_the_public_site_or_of_a_receipt_has_a_forbidden_word() -> None:
    def flat(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for each in value.values():
                yield from flat(each)
        else:
            yield from value if isinstance(value, list) else [value]

    texts = {file.name: list(flat(tomllib.loads(file.read_text()))) for file in WORDS.glob("*.toml")}
    texts |= {file.name: [re.sub(r"<style>.*?</style>", "", file.read_text(), flags=re.DOTALL)] for file in TEMPLATES}
    wrong = [
        (name, pattern, text[:80])
        for name, each in texts.items()
        for text in each
        for pattern in patterns()
        if re.search(pattern, text)
    ]

    assert len(patterns()) >= 10
    assert wrong == []


def messages() -> Iterator[tuple[str, str]]:
    """What an error of ours says, wherever a page may show it."""
    for root in ("lfr_core", "flows", "streams"):
        for file in sorted((ROOT / root).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ERRORS and node.args:
                    text = next(said(node.args[-1]), "")
                    if "`lfr" in text:
                        yield file.relative_to(ROOT).as_posix(), text


def test_each_refusal_still_says_something_without_its_command() -> None:
    found = list(messages())
    plain = [(file, plain_words(text)) for file, text in found]

    assert len(found) > 50
    assert [one for one in plain if "`lfr" in one[1] or len(one[1].split()) < 3] == []


def test_ids_and_commands_go_and_the_sentence_stays() -> None:
    alert = "0b2f5a0e-3d2f-4a52-9a60-3f9f60a3f1c2"

    assert plain_words(f"there is no alert {alert}; `lfr alerts list` shows those there are") == "there is no alert"
    assert plain_words("there is no such deployment; see `lfr deployment list`") == "there is no such deployment"
    assert plain_words("log in again (`lfr login`)") == "log in again"
    assert plain_words("he said so and it stands.") == "he said so and it stands"


@pytest.mark.parametrize("file", page_files(), ids=lambda file: file.relative_to(ROOT / "apps").as_posix())
def test_no_page_shows_an_error_as_it_is_written_for_terminals(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    raw = re.findall(r"(?<!plain_words\()str\((?:error|refused|away)\)|\{(?:error|refused|away)\}", source)

    assert raw == []
