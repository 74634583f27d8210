"""What is typed or pasted on a page is taken whole, and refused with a sentence where it is too long."""

from __future__ import annotations

import ast
from pathlib import Path

APPS = Path(__file__).resolve().parents[3] / "apps"


def test_no_field_of_a_page_swallows_a_text_that_is_too_long() -> None:
    """A field with `max_chars` takes nothing of a longer text that is pasted into it, and says nothing."""
    bounded = [
        f"{file.relative_to(APPS)}:{node.lineno}"
        for file in sorted(APPS.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and any(each.arg == "max_chars" for each in node.keywords)
    ]

    assert bounded == []


def test_every_day_is_asked_for_as_people_here_write_it() -> None:
    asked = [
        (f"{file.relative_to(APPS)}:{node.lineno}", {each.arg for each in node.keywords})
        for file in sorted(APPS.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "date_input"
    ]

    assert asked
    assert [place for place, named in asked if "format" not in named] == []
