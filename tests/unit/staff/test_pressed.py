"""A press reaches its button once, whatever cuts the drawing short that it began, and never another button."""

from __future__ import annotations

import ast

import pytest
from streamlit.testing.v1 import AppTest

from apps import pressed
from tests.support.texts import ROOT


def page() -> None:
    import streamlit as st

    from apps.pressed import draw_button, draw_submit, forget_press

    state = st.session_state
    if state.pop("cut", False):
        st.rerun()  # as where somebody else has moved the deployment on
    if not state.get("gone"):
        if draw_button(f"Close {state.get('what', 'a')}", key=f"close-{state.get('what', 'a')}"):
            state["done"] = [*state.get("done", []), state.get("what", "a")]
        with st.form("form"):
            st.text_input("Why", key="why")
            if draw_submit("Send", "form"):
                state["done"] = [*state.get("done", []), state["why"]]
    forget_press()


def press(app: AppTest, label: str, **state: object) -> None:
    for name, value in state.items():
        app.session_state[name] = value
    next(each for each in app.button if each.label == label).click().run()


def done(app: AppTest) -> list[str]:
    return list(app.session_state["done"]) if "done" in app.session_state else []


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_function(page).run()


def test_a_press_is_done_once_though_the_page_is_drawn_anew_before_its_button(app: AppTest) -> None:
    press(app, "Close a", cut=True)
    app.run()

    assert done(app) == ["a"]


def test_what_was_typed_is_sent_though_the_page_is_drawn_anew_before_its_button(app: AppTest) -> None:
    app.text_input[0].input("because")
    press(app, "Send", cut=True)
    app.run()

    assert done(app) == ["because"]


def test_a_press_reaches_no_button_that_has_taken_the_place_of_what_was_pressed(app: AppTest) -> None:
    press(app, "Close a", cut=True, what="b")

    assert done(app) == []


def test_a_press_whose_button_had_gone_is_done_by_none_that_comes_later(app: AppTest) -> None:
    press(app, "Close a", gone=True)
    app.session_state["gone"] = False
    app.run()

    assert done(app) == []


def test_a_press_of_long_ago_is_none(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pressed, "_KEPT_S", -1.0)
    press(app, "Close a", cut=True)

    assert done(app) == []


def test_each_button_hears_its_press_before_anything_can_cut_the_drawing_short() -> None:
    deaf = [
        f"{file.relative_to(ROOT)}:{call.lineno}"
        for file in (ROOT / "apps").rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in {"button", "form_submit_button"}
        and "on_click" not in {each.arg for each in call.keywords}
    ]

    assert deaf == []


def page_of_an_act_that_moves() -> None:
    import streamlit as st

    from apps.pressed import draw_button, forget_press

    moved = st.session_state.get("moved", False)
    if draw_button("Call it ready", key=f"beside-{moved}" if moved else "among-the-acts", act="ready-a"):
        st.session_state["done"] = [*st.session_state.get("done", []), "ready"]
    forget_press()


def test_a_press_reaches_the_same_act_though_its_button_has_moved_meanwhile() -> None:
    """It stood among the acts; confirming the briefing put it beside its red line, as somebody pressed it."""
    app = AppTest.from_function(page_of_an_act_that_moves).run()
    press(app, "Call it ready", moved=True)
    app.run()

    assert done(app) == ["ready"]


def page_of_an_act() -> None:
    import streamlit as st

    from apps.acts import act
    from apps.pressed import draw_button, forget_press

    def do() -> None:
        st.session_state["done"] = [*st.session_state.get("done", []), "taken"]

    if draw_button("Take it", key="take"):
        act(do, "Taken.")
    forget_press()


@pytest.mark.parametrize(("apart_s", "times"), [(60.0, 1), (-1.0, 2)], ids=["a double click", "another press"])
def test_the_second_click_of_a_double_click_is_no_second_act(
    monkeypatch: pytest.MonkeyPatch, apart_s: float, times: int
) -> None:
    monkeypatch.setattr(pressed, "_DOUBLE_CLICK_S", apart_s)
    app = AppTest.from_function(page_of_an_act).run()
    press(app, "Take it")
    press(app, "Take it")

    assert done(app) == ["taken"] * times


def page_that_is_pressed_meanwhile() -> None:
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    from apps.pressed import uninterrupted

    context = get_script_run_ctx()
    assert context is not None
    asked: list[str] = []
    object.__setattr__(context.session_state, "_yield_callback", lambda: asked.append("whether to end here"))
    with uninterrupted():
        st.session_state["done"] = ["taken"]
        within = list(asked)
    st.session_state["within"] = within
    st.session_state["after"] = list(asked)


def test_nothing_ends_a_drawing_between_an_act_and_the_note_that_it_is_done() -> None:
    app = AppTest.from_function(page_that_is_pressed_meanwhile).run()

    assert app.session_state["within"] == []
    assert app.session_state["after"]
