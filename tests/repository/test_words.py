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

PAGES = (*sorted(page.parent.name for page in (ROOT / "apps").glob("*/page.py")), "staff", "public/app.py")
BESIDE = (
    *("answer_words.py", "deployment_labels.py", "drawing.py", "placeholders.py", "response_words.py"),
    *("say_why.py", "sign_in.py"),
)
"""What pages share."""
SHOWN = (
    *(
        f"domain/{each}.py"
        for each in ("gate", "gate_conditions", "working_days", "thumbnails", "alerts", "categories")
    ),
    *(f"alerts/{each}.py" for each in ("dead_letters", "health")),
    *(f"deployments/{each}.py" for each in ("announcement", "deadlines", "false_alert_forecast", "readiness")),
    *(f"deployments/{each}.py" for each in ("reading", "waiting", "withholding", "withholding_requests")),
    *(f"deployments/monitoring/{each}.py" for each in ("circuit_breaker", "gallery", "selftest")),
    *(f"publication/{each}.py" for each in ("documents", "document_words", "notices", "printing", "not_decided")),
    *(f"publication/rights/{each}.py" for each in ("wording", "receipt_page", "types")),
    *(f"retention/{each}.py" for each in ("status", "steps/galleries", "steps/ended_deployments")),
)
"""Modules of lfr_core whose sentences stand on a page, on a receipt or on a printed form."""
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
    found = [ROOT / "apps" / each for each in (*PAGES, *BESIDE)]
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
    evaluations = tomllib.loads((ROOT / "infra" / "evaluations.toml").read_text())["evaluation"]
    texts["evaluations.toml"] = [each["source"] for each in evaluations]  # beside the planner's forecast
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


NOUNS = (
    "accounts|alerts|cameras|certificates|complaints|days|deployments|documents|enquiries|entries|faces|fields|hours|"
    "keys|kinds|lists|minutes|people|photographs|pieces|records|requests|rows|seconds|segments|versions"
)
COUNT = re.compile(rf"(?<!in )(?<!of )\bX (?:[a-z]+ )?(?:{NOUNS})\b(?! a second)")
"""A count before a noun that is of several whatever the count is."""
UNCOUNTED = {
    "X answers nothing",
    "X holds something",
    "X of deployments",
    "to alerts X",
    "X: X faces, X; X",
    "drawn test face",
}
PUBLIC = tuple(sorted((ROOT / "lfr_core" / "publication").rglob("*.py")))


def test_no_text_says_of_one_thing_that_it_is_several() -> None:
    """Counts are written with `lfr_core.common.counts`."""
    files = [*page_files(), *PUBLIC, *(ROOT / "lfr_core" / each for each in SHOWN)]
    wrong = [
        (file.relative_to(ROOT).as_posix(), text)
        for file in files
        for text in said(ast.parse(file.read_text(encoding="utf-8")))
        if COUNT.search(text) and not any(each in text for each in UNCOUNTED)
    ]

    assert wrong == []


def test_no_day_of_a_month_is_written_with_a_nought_before_it() -> None:
    """People write 1 December: `{day.day} {day:%B}`."""
    files = [file for folder in ("apps", "lfr_core", "flows", "streams") for file in (ROOT / folder).rglob("*.py")]

    assert [file.relative_to(ROOT).as_posix() for file in files if "%d %B" in file.read_text(encoding="utf-8")] == []


def test_no_page_and_no_document_writes_a_deadline_as_a_moment() -> None:
    """It is the end of a day: midnight of the next is taken for that one."""
    moment = re.compile(r"(?:london|_moment|say\.moment|when)\([^()]*\bdue_at|\bdue(?:_at)?(?:\|moment|:%)")
    terminal = ROOT / "apps" / "cli"
    sources = [file for root in ("apps", "lfr_core", "flows") for file in sorted((ROOT / root).rglob("*.py"))]
    files = [file for file in (*sources, *TEMPLATES) if not file.is_relative_to(terminal)]

    assert [file.relative_to(ROOT).as_posix() for file in files if moment.search(file.read_text("utf-8"))] == []


def test_each_text_of_the_site_with_a_count_has_a_form_for_one() -> None:
    noun = re.compile(rf"\{{\w+\}} (?:[a-z]+ )?(?:{NOUNS})\b")

    def uncounted(value: Any, name: str = "") -> Iterator[str]:
        if isinstance(value, dict) and "other" not in value:
            for key, each in value.items():
                yield from uncounted(each, f"{name}.{key}")
        elif isinstance(value, dict):
            yield from [] if "one" in value else [name]
        else:
            yield from (
                [name] if any(noun.search(each) for each in ([value] if isinstance(value, str) else value)) else []
            )

    found = {file.name: list(uncounted(tomllib.loads(file.read_text("utf-8")))) for file in WORDS.glob("*.toml")}

    assert {name: names for name, names in found.items() if names} == {}


def test_no_page_and_no_report_prints_a_rule_by_its_id() -> None:
    printed = re.compile(r"\{\{ *(?:each\.)?rule *\}\}(?!\")|\{(?:escape\()?each\.rule\)?\}")
    reports = [*TEMPLATES, *sorted((ROOT / "lfr_core").rglob("templates/*.j2"))]
    forms = ROOT / "lfr_core" / "deployments" / "compliance_documents" / "templates"
    files = [*page_files(), *reports, *sorted(forms.glob("*.html"))]

    assert [file.name for file in files if printed.search(file.read_text(encoding="utf-8"))] == []


def test_no_printed_form_and_no_refusal_names_a_category_as_it_is_stored() -> None:
    named = re.compile(r"\b(?:c|category|each|one|share)\.(?:category\.)?value for \w+ in Category")
    files = [file for root in ("lfr_core", "apps") for file in sorted((ROOT / root).rglob("*.py"))]
    joined = [
        (file.relative_to(ROOT).as_posix(), ast.unparse(node))
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr) and named.search(ast.unparse(node))
    ]

    assert joined == []


def messages(errors: set[str]) -> Iterator[tuple[str, str]]:
    """What an error of ours says, wherever a page may show it."""
    for root in ("lfr_core", "flows", "streams"):
        for file in sorted((ROOT / root).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in errors and node.args:
                    yield file.relative_to(ROOT).as_posix(), next(said(node.args[-1]), "")


def shown(text: str) -> str:
    """Return a sentence as pages show it; what is put in before "UTC" is a day and a time, which become London's."""
    return plain_words(text.replace("X UTC", "2026-01-01 10:00 UTC"))


def test_no_refusal_that_a_page_may_show_has_a_forbidden_word() -> None:
    found = list(messages(ERRORS - {"Fatal"}))  # which ends a process, at a terminal
    wrong = [(file, pattern, text) for file, text in found for pattern in patterns() if re.search(pattern, shown(text))]

    assert len(found) > 500
    assert wrong == []


@pytest.mark.parametrize("name", SHOWN)
def test_no_sentence_of_the_core_that_a_page_shows_has_a_forbidden_word(name: str) -> None:
    texts = said(ast.parse((ROOT / "lfr_core" / name).read_text(encoding="utf-8")))
    sentences = [text for text in texts if " " in text.strip() and not text.startswith("%")]

    assert [(each, text) for text in sentences for each in patterns() if re.search(each, shown(text))] == []


def test_each_refusal_still_says_something_without_its_command() -> None:
    found = [each for each in messages(ERRORS) if "`lfr" in each[1]]
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
    raw = re.findall(
        r"(?<!plain_words\()(?<!plain_sentence\()str\((?:error|refused|away)\)|\{(?:error|refused|away)\}", source
    )

    assert raw == []
