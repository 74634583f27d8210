"""What was chosen and not sent is there again where it is still offered; nothing else is ever chosen by itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from apps.typed.store import TypedText

APPS = Path(__file__).resolve().parents[3] / "apps"
CHOICES = frozenset(
    {
        *("selectbox", "multiselect", "radio", "toggle", "checkbox", "date_input", "time_input", "segmented_control"),
        *("pills", "slider", "select_slider", "datetime_input", "color_picker", "feedback"),
    }
)
NOT_KEPT = {
    "choosing.py": {"key": "what is looked at"},
    "compliance/page.py": {
        "'compliance-report'": "what is looked at",
        "'compliance-page'": "what is looked at",
        "'compliance-trail-of'": "what is sought",
        "'compliance-trail-from'": "what is sought",
        "'compliance-trail-begin'": "what is sought",
        "'compliance-trail-to'": "what is sought",
        "'compliance-trail-end'": "what is sought",
    },
    "operator/page.py": {"MUTED": "a switch of this screen"},
    "parts.py": {"key": "what is looked at"},
    "planner/camera_panel.py": {"f'camera-network-{one.view.id}'": "what is sought"},
    "planner/form.py": {
        "_key(name)": "an application has its file of drafts",
        "date_input is handed on": "as above",
        "time_input is handed on": "as above",
    },
    "planner/list_panel.py": {"_WHOLE": "how files are chosen, which aren't kept"},
    "planner/page.py": {"_WHERE": "what is looked at", "'planner-over'": "what is looked at"},
    "planner/photographs_panel.py": {"key": "what is looked at, anew by each who decides"},
    "rights/page.py": {"'rights-closed'": "what is looked at", "'rights-chosen'": "what is looked at"},
}
"""Views, filters and switches, by module and key, and why none of them has to be there again."""


def drawn() -> None:
    import datetime as dt

    import streamlit as st

    from apps.typed import choices

    choices.give_back(st.session_state.get("kept", {}))
    st.session_state["found"] = {
        "one": choices.choose_one("One", ["a", "b", "c"], "one", words=str.upper),
        "held": choices.choose_one("Held", ["a", "b", "c"], "held", default=st.session_state.get("held", "b")),
        "none": choices.choose_or_none("None", ["Ann", "Bo"], "none", placeholder="Choose"),
        "few": choices.choose_of_few("Few", ["x", "y"], "few"),
        "several": choices.choose_several("Several", ["a", "b", "c"], "several", words=str.upper, default=["a"]),
        "tick": choices.tick("Tick", "tick"),
        "day": choices.set_day("Day", "day", dt.date(2026, 5, 4)),
        "no_day": choices.set_day("No day", "no_day"),
        "time": choices.set_time("Time", "time", dt.time(12, 30)),
        "no_time": choices.set_time("No time", "no_time"),
        "alike": choices.choose_one("Alike", ["p", "q", "r"], "alike", words=lambda each: each.replace("q", "p")),
    }


NATURAL = {
    "one": "a",
    "held": "b",
    "none": None,
    "few": "x",
    "several": ["a"],
    "tick": False,
    "day": "2026-05-04",
    "no_day": None,
    "time": "12:30:00",
    "no_time": None,
    "alike": "p",
}
KEPT = {
    "one": ("B", "A", "b"),
    "held": ("c", "b", "c"),
    "none": ("Bo", "", "Bo"),
    "few": ("y", "x", "y"),
    "several": ("C\nA", "A", ["c", "a"]),
    "tick": ("yes", "no", True),
    "day": ("2026-06-01", "2026-05-03", "2026-06-01"),
    "no_day": ("2026-06-02", "", "2026-06-02"),
    "time": ("09:05:00", "12:30:00", "09:05:00"),
    "no_time": ("23:59:00", "", "23:59:00"),
    "alike": ("r", "p", "r"),
}
"""By field: what it showed, what it had shown before, and what it is."""


def found(kept: dict[str, TypedText], **state: object) -> dict[str, object]:
    app = AppTest.from_function(drawn, default_timeout=20)
    app.session_state["kept"] = kept
    for name, value in state.items():
        app.session_state[name] = value
    assert not app.run().exception
    values: dict[str, object] = app.session_state["found"]
    return {name: str(each) if isinstance(each, date | time) else each for name, each in values.items()}


def test_each_kind_of_field_begins_with_what_was_chosen_and_without_it_as_ever() -> None:
    assert found({}) == NATURAL
    assert found({name: TypedText(text, before) for name, (text, before, _) in KEPT.items()}) == {
        name: value for name, (_, _, value) in KEPT.items()
    }


@pytest.mark.parametrize(
    "text",
    [
        *("", "D", "b\0", "<b>B</b>", "B\nC", "maybe", "true", "Cy", "x" * 100_000),
        *("2026-13-40", "0001-01-01", "9999-12-31", "2026-W20-1", "04/05/2026", "2026-05-04T10:00"),
        *("25:00:00", "12:30", "12:30:30", "12:30:00+01:00", "٠٩:٠٥:٠٠", "٢٠٢٦-٠٦-٠١"),
    ],
)
def test_whatever_a_browser_says_that_was_chosen_what_is_not_offered_is_not_chosen(text: str) -> None:
    kept = {name: TypedText(text, before) for name, (_, before, _) in KEPT.items()}

    assert found(kept) in (NATURAL, NATURAL | {"several": []}, NATURAL | {"several": ["b", "c"]})


def test_of_two_options_with_the_same_words_neither_is_chosen_for_anybody() -> None:
    assert found({"alike": TypedText("p", "r")}) == NATURAL


def test_what_was_chosen_instead_of_what_the_records_said_goes_when_they_say_something_else() -> None:
    kept = {"held": TypedText("c", "b")}

    assert found(kept)["held"] == "c"
    assert found(kept, held="a")["held"] == "a"


def in_turns() -> None:
    import streamlit as st

    from apps.typed.choices import choose_one, give_back

    give_back(st.session_state["kept"])
    if st.session_state.get("is_drawn", True):
        st.session_state["found"] = choose_one("One", ["a", "b", "c"], f"form-turn-{st.session_state['turn']}-one")


def test_what_was_sent_with_one_turn_of_a_form_is_not_there_in_the_next_and_what_is_chosen_then_is() -> None:
    """The page's script tells that it was sent only after the form was drawn anew."""
    app = AppTest.from_function(in_turns, default_timeout=20)
    app.session_state["kept"], app.session_state["turn"] = {"form-one": TypedText("b", "a")}, 0
    assert app.run().session_state["found"] == "b"
    app.session_state["turn"] = 1
    assert app.run().session_state["found"] == "a"

    app.session_state["kept"] = {"form-one": TypedText("b", "a")}  # chosen again, and the page left
    for is_drawn in (False, True):
        app.session_state["is_drawn"] = is_drawn
        app.run()
    assert app.session_state["found"] == "b"


def test_what_is_chosen_anew_stands_against_what_was_given_back_which_is_not_there_once_it_was_sent() -> None:
    app = AppTest.from_function(in_turns, default_timeout=20)
    app.session_state["kept"], app.session_state["turn"] = {"form-one": TypedText("b", "a")}, 0
    app.run().selectbox[0].set_value("c").run()
    app.session_state["kept"] = {}

    assert app.run().session_state["found"] == "c"
    assert app.selectbox[0].proto.default == 1  # it is the same field as long as it is drawn
    for is_drawn in (False, True):
        app.session_state["is_drawn"] = is_drawn
        app.run()
    assert app.session_state["found"] == "a"


def of_somebody() -> None:
    import streamlit as st

    from apps.typed.choices import choose_one, give_back
    from apps.typed.store import TypedText

    give_back({"change-Ann-O-Neil-Jr--roles": TypedText("b", "a")})
    st.session_state["found"] = [
        choose_one("One", ["a", "b"], f"change-turn-{turn}-{who}-roles")
        for turn, who in ((0, "Ann O'Neil Jr."), (12, "Ann O'Neil"))
    ]


def test_a_field_is_known_by_its_key_as_the_browser_has_it_and_without_its_turn() -> None:
    assert AppTest.from_function(of_somebody, default_timeout=20).run().session_state["found"] == ["b", "a"]


def of_deployments() -> None:
    import streamlit as st

    from apps.acts import act, show_result
    from apps.pressed import draw_button
    from apps.typed.choices import choose_one

    show_result()
    labels = st.session_state["labels"]
    chosen = choose_one("Deployment", list(labels), "of", words=labels.__getitem__)
    if draw_button("Hold it", "hold"):
        act(lambda: st.session_state["done"].append(chosen), "Held.")


def press_while_second_of_three_is_chosen(**labels: str) -> AppTest:
    app = AppTest.from_function(of_deployments, default_timeout=20)
    app.session_state["labels"], app.session_state["done"] = {"a": "Alpha", "b": "Beta", "c": "Gamma"}, []
    app.run().selectbox[0].select("b").run()
    app.session_state["labels"] = labels
    return app.button[0].click().run()


def test_a_press_for_a_choice_that_has_gone_does_nothing_to_the_first_and_says_so() -> None:
    app = press_while_second_of_three_is_chosen(a="Alpha", c="Gamma")

    assert app.session_state["done"] == []
    assert "isn't offered any more" in app.error[0].value
    assert app.button[0].click().run().session_state["done"] == []  # a double click's second


def test_a_press_for_a_choice_that_is_called_otherwise_by_now_is_for_that_one() -> None:
    app = press_while_second_of_three_is_chosen(a="Alpha", b="Beta, an hour later", c="Gamma")

    assert app.session_state["done"] == ["b"]
    assert app.run().selectbox[0].value == "b"


def choices_of_pages() -> Iterator[tuple[str, str]]:
    for file in sorted(APPS.rglob("*.py")):
        module = file.relative_to(APPS).as_posix()
        if module.startswith("cli/") or module == "typed/choices.py":
            continue
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        keys = {
            id(node.func): next((ast.unparse(each.value) for each in node.keywords if each.arg == "key"), "none")
            for node in nodes
            if isinstance(node, ast.Call)
        }
        for node in nodes:
            if isinstance(node, ast.Attribute) and node.attr in CHOICES:
                yield module, keys.get(id(node), f"{node.attr} is handed on")


def test_every_choice_that_is_no_view_and_no_filter_is_there_again() -> None:
    assert set(choices_of_pages()) == {(module, key) for module, keys in NOT_KEPT.items() for key in keys}
