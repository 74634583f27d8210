"""A press before which anything else was changed or pressed is another press, however soon it comes; no other is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.scriptrunner import RerunData
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.runtime.state.session_state import SessionState
from streamlit.testing.v1 import AppTest

from apps import changes, pressed
from apps.changes import name_without_turn


@pytest.fixture(autouse=True)
def _as_the_pages_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for where, name in (
        (ScriptRunner, "__init__"),
        (ScriptRunner, "request_rerun"),
        (SafeSessionState, "on_script_will_rerun"),
    ):
        monkeypatch.setattr(where, name, getattr(where, name))  # put back at the end
    monkeypatch.setattr(pressed, "_DOUBLE_CLICK_S", 60.0)  # however slow the machine is
    pressed.keep_presses()


def page() -> None:
    import streamlit as st

    from apps.acts import act
    from apps.pressed import draw_button, draw_submit, forget_press

    def do() -> None:
        st.session_state["done"] = [*st.session_state.get("done", []), st.session_state["why"]]
        if "empties" in st.session_state:
            st.session_state["emptied"] = True

    def send() -> None:
        st.session_state["done"] = [*st.session_state.get("done", []), st.session_state["words"]]

    if st.session_state.pop("emptied", False):
        st.session_state["why"] = ""  # by the page itself
    st.text_input("Why", key="why")
    if draw_button("Take it", key="take"):
        act(do, "Taken.")
    st.button("Another month", key="month", on_click=lambda: None)
    with st.form("form"):
        st.text_input("Words", key="words")
        if draw_submit("Send", "form"):
            act(send, "Sent.")
    forget_press()


@pytest.fixture
def app() -> AppTest:
    app = AppTest.from_function(page).run()
    app.text_input(key="why").input("a").run()
    return app


def press(app: AppTest, label: str) -> None:
    next(each for each in app.button if each.label == label).click().run()
    assert not app.exception


def test_a_double_click_does_once_what_one_click_does(app: AppTest) -> None:
    press(app, "Take it")
    press(app, "Take it")

    assert app.session_state["done"] == ["a"]


@pytest.mark.parametrize(
    ("between", "words"),
    [
        (lambda app: app.text_input(key="why").input("b").run(), "b"),
        (lambda app: press(app, "Another month"), "a"),
    ],
    ids=["a field filled anew", "another button"],
)
def test_what_is_pressed_again_after_anything_else_is_done_again(
    app: AppTest, between: Callable[[AppTest], object], words: str
) -> None:
    press(app, "Take it")
    between(app)
    press(app, "Take it")
    press(app, "Take it")  # a double click, too

    assert app.session_state["done"] == ["a", words]


def test_a_form_that_is_filled_anew_and_sent_again_is_sent_twice(app: AppTest) -> None:
    app.text_input(key="words").input("first")
    press(app, "Send")
    app.text_input(key="words").input("second")
    press(app, "Send")
    press(app, "Send")

    assert app.session_state["done"] == ["first", "second"]


@pytest.mark.parametrize("comes", ["before the page is drawn", "after"])
def test_what_the_page_itself_changed_makes_no_second_click_a_press(app: AppTest, comes: str) -> None:
    app.session_state["empties"] = True
    press(app, "Take it")
    if comes == "before the page is drawn":
        app.text_input(key="why").input("a")  # the browser doesn't know yet that it is empty
    press(app, "Take it")

    assert app.session_state["done"] == ["a"]


def tell(*told: WidgetState, by_itself: bool = False) -> RerunData:
    return RerunData(widget_states=WidgetStates(widgets=told), is_auto_rerun=by_itself)


TAKE, MONTH = (WidgetState(id=name, trigger_value=True) for name in ("take", "month"))
A, B = (WidgetState(id="why", string_value=text) for text in "ab")
ALONE = tell(A)


@pytest.mark.parametrize(
    ("then", "is_another"),
    [
        ([tell(A, TAKE)], False),
        ([tell(A, TAKE), tell(B)], False),
        ([tell(B), tell(B, TAKE)], True),
        ([tell(B), tell(A), tell(A, TAKE)], True),
        ([tell(A, MONTH), tell(A, TAKE)], True),
        ([tell(A, TAKE), tell(A, MONTH)], False),
        ([tell(B, by_itself=True), tell(A, TAKE)], False),
        ([ALONE, ALONE, tell(A, TAKE)], False),
    ],
)
def test_what_comes_while_a_page_is_drawn_is_heard_in_its_order(then: list[RerunData], *, is_another: bool) -> None:
    state = SessionState()

    def last() -> changes.Press:
        found: changes.Press = state["changes-heard"].presses["take"]
        return found

    changes.hear(state, tell(A))
    changes.hear(state, tell(A, TAKE))
    before = last().changes
    for each in then:
        changes.hear(state, each)

    assert (last().changes != before) is is_another


def test_what_is_told_twice_is_heard_once() -> None:
    """As where the drawing that was asked for has just ended, and another one is begun."""
    state = SessionState()
    told = tell(B, TAKE)
    changes.hear(state, told)
    before = state["changes-heard"].presses["take"]
    changes.hear(state, told)

    assert state["changes-heard"].presses["take"] == before
    assert before.fields == {"why"}


def test_a_press_is_heard_though_more_comes_at_that_moment(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = ScriptRunner._run_script
    told: list[RerunData] = []

    def more(runner: ScriptRunner, first: RerunData) -> None:
        if not told and first.widget_states:
            told.append(RerunData(widget_states=WidgetStates(widgets=[A])))
            runner._requests.request_rerun(told[0])
        begun(runner, first)

    monkeypatch.setattr(ScriptRunner, "_run_script", more)
    press(app, "Take it")

    assert told
    assert app.session_state["done"] == ["a"]


def test_the_next_turn_of_a_form_has_the_same_button_so_that_a_second_click_in_it_is_no_other_press() -> None:
    taken, fresh = ("rights-take-turn-0-send-Take it",), ("rights-take-turn-1-send-Take it",)

    assert name_without_turn(taken) == name_without_turn(fresh)
    assert name_without_turn(("close-R-1",)) != name_without_turn(("close-R-2",))
    assert name_without_turn(None) is None
