"""What somebody has chosen stays chosen, though its label changes or others come: no button acts on another."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def drawn() -> None:
    import streamlit as st

    from apps.choosing import choose

    st.text(choose("Which", st.session_state["labels"], "which"))


def shown(app: AppTest, labels: dict[str, str]) -> str:
    app.session_state["labels"] = labels
    assert not app.run().exception
    (text,) = app.text
    return str(text.value)


def test_a_choice_stays_when_its_label_changes_and_when_another_comes_before_it() -> None:
    app = AppTest.from_function(drawn, default_timeout=20)
    assert shown(app, {"a": "north", "b": "south"}) == "a"
    app.selectbox(key="which").set_value("b").run()

    changed = shown(app, {"a": "north", "b": "south (engaged)"})
    box = app.selectbox(key="which").proto
    again = shown(app, {"new": "west", "a": "north", "b": "south (engaged, no action)"})

    assert (changed, again) == ("b", "b")
    assert (box.set_value, box.raw_value) == (True, "south (engaged)")  # else the browser says the old label next time


def test_what_was_chosen_and_is_gone_gives_way_to_the_first() -> None:
    app = AppTest.from_function(drawn, default_timeout=20)
    shown(app, {"a": "north", "b": "south"})
    app.selectbox(key="which").set_value("b").run()

    assert shown(app, {"c": "west", "a": "north"}) == "c"


def test_two_of_one_label_are_told_apart_and_what_comes_new_renames_neither() -> None:
    app = AppTest.from_function(drawn, default_timeout=20)
    shown(app, {"b": "north", "a": "north"})
    before = app.selectbox(key="which").options
    shown(app, {"c": "north", "b": "north", "a": "north"})

    assert before == ["north (2)", "north"]
    assert app.selectbox(key="which").options == ["north (3)", "north (2)", "north"]
