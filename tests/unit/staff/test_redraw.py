"""What refreshes by itself is no use of a session: where a whole page is drawn anew, a person did something there."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.support.texts import ROOT

BY_A_PERSON = {
    "apps/acts.py:act",
    "apps/acts.py:say_not_done",
    "apps/officer/page.py:_act",
    "apps/planner/actions.py:do",
    "apps/planner/document_panel.py:show_document_panel",
    "apps/planner/face_dialog.py:_ask",
    "apps/planner/readiness_panel.py:_button",
}
"""After a button that was pressed. What a fragment notices by itself calls `apps.sign_in.redraw`."""


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Those of the pages, by file and name."""
    for file in (ROOT / "apps").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                yield f"{file.relative_to(ROOT)}:{node.name}", node


def test_a_page_is_drawn_anew_by_what_a_person_did_or_says_that_nobody_did() -> None:
    found = {
        name
        for name, function in functions()
        if any(isinstance(each, ast.Call) and ast.unparse(each.func) == "st.rerun" for each in ast.walk(function))
    }

    assert found == BY_A_PERSON | {"apps/sign_in.py:redraw"}


def test_no_button_of_a_dialog_acts_before_the_dialog_is_drawn_again() -> None:
    """A callback comes first: the dialog, which is there still, would ask about what has just been answered."""
    found = {
        name
        for name, function in functions()
        if any(ast.unparse(each).startswith("st.dialog") for each in function.decorator_list)
        and any(isinstance(each, ast.keyword) and each.arg == "on_click" for each in ast.walk(function))
    }

    assert found == set()


def test_why_a_press_came_to_nothing_is_never_said_below_its_button_where_a_short_screen_ends() -> None:
    """`apps.acts.say_not_done` says it over the page's end. Whom no page is shown to sees nothing else."""
    found = {
        name
        for name, function in functions()
        for pressed in ast.walk(function)
        if isinstance(pressed, ast.Call) and ast.unparse(pressed.func) in {"draw_button", "draw_submit", "act"}
        for said in ast.walk(function)
        if isinstance(said, ast.Call) and ast.unparse(said.func) == "st.error" and said.lineno > pressed.lineno
    }

    assert found == {"apps/sign_in.py:_draw_refusal"}
