"""What somebody opened or chose is known by a key: whatever comes and goes around it, it stays open and chosen."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.support.texts import ROOT

KEPT = frozenset(
    {
        *("expander", "popover", "tabs", "selectbox", "multiselect", "radio", "toggle", "checkbox"),
        *("date_input", "time_input", "number_input", "file_uploader", "segmented_control", "pills", "slider"),
    }
)
"""Without a key Streamlit knows each by its words, its values and its place; a text by its form and its label, and what
is typed there is kept (`apps/typed`)."""


def calls_without_a_key() -> Iterator[str]:
    for module in sorted((ROOT / "apps").rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in KEPT):
                continue
            if not any(each.arg == "key" for each in node.keywords):
                yield f"{module.relative_to(ROOT)}:{node.lineno}: {node.func.attr}"


def test_what_is_opened_or_chosen_on_a_page_has_a_key() -> None:
    assert list(calls_without_a_key()) == []
