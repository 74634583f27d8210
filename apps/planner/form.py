"""Draws the form of an application. What is typed stays until it is submitted, whatever is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any

import streamlit as st

from apps.acts import keep_result, stay_in_sight
from apps.plain_words import plain_sentence
from apps.planner import panels
from apps.planner.drafts import LABELS, FormValues, check_values, explanations, first_draft, values_of
from apps.planner.forecast_chart import chart_html
from apps.planner.view import PlannerView
from apps.pressed import uninterrupted
from apps.typed.keeper import note_sent
from lfr_core.common.errors import LfrError
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.deployments.readiness import DeploymentOverview
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.figures import UseCase

__all__ = ["keep", "revise", "show"]

_KEY = "planner-form-"
_FAULTS = "planner-faults"
_BESIDE = "planner-faults-beside"
"""What stands beside a field, by its name."""
_DRAFTED = "planner-drafted"
"""Whether the faults are those of what was only to be kept."""
_SAVED = "planner-saved"
"""The values that the store of drafts has."""
_TURN = "planner-form-turn"
"""Counts how often all fields were given other values: each is another field then. Nothing is ever written into one
that the browser may show: that would take away what is being typed into it.
"""
_NAMES = tuple(each.name for each in fields(FormValues))
_LONG = ("sought", "grounds", "necessity", "proportionality")


def keep() -> None:
    """Copy what stands in the fields, on every run: Streamlit forgets those that aren't drawn."""
    kept = _kept()
    for name in _NAMES:
        if _key(name) in st.session_state:
            kept[name] = st.session_state[_key(name)]


def revise(one: DeploymentOverview) -> None:
    """Put an application into the fields, for another revision of it."""
    values = values_of(one.application, one.name, one.view.kind)
    _fill(values)
    st.session_state[_SAVED] = values  # nobody has changed it yet: it is no draft


def show(view: PlannerView, person: AuthenticatedPerson, *, go: str) -> None:
    """Draw the fields with the policy's limits beside them, and the false alert forecast, which follows what is typed.

    go: session key that names the part of the page to go to once the application is taken.
    """
    kept = _kept()
    if len(kept) < len(_NAMES):
        first = view.drafts.find(person.name, *person.former_names) or asdict(first_draft(view.policy, now=view.now()))
        for name in _NAMES:
            kept.setdefault(name, first[name])
    help_texts = explanations(view.policy)
    faults: tuple[str, ...] = st.session_state.get(_FAULTS, ())
    with stay_in_sight("-form"):  # always there, as what follows: what comes and goes moves no field
        if faults and st.session_state.get(_DRAFTED):
            st.info(f"Your draft is kept. Before you apply: {len(faults)} to mend, each beside its field.")
        elif faults and st.session_state.get(_BESIDE):
            st.error(f"Nothing was taken, and nothing typed is lost. To mend: {len(faults)}, each beside its field.")
        elif faults:  # of no field alone: said where it is seen from the button
            st.error(f"Nothing was taken, and nothing typed is lost. {' '.join(faults)}")
    with st.container():
        if faults and st.session_state.get(_BESIDE):
            say = st.info if st.session_state.get(_DRAFTED) else st.error
            say("\n".join(f"* {each}" for each in faults))
    left, right = st.columns([2, 1], gap="large")
    with left:
        _draw_fields(kept, help_texts, st.session_state.get(_BESIDE, {}))
        with st.container(horizontal=True):
            st.button(
                "Apply for authority",
                type="primary",
                key="planner-apply",
                on_click=_submit,
                args=(view, person, go, _turn()),
            )
            st.button("Keep as a draft", key="planner-keep", on_click=_keep_draft, args=(view, person, go, _turn()))
    with right, st.container(key="planner-side"):
        values = _values()
        st.html(panels.forecast_html(view.forecast(_ForecastInputs(values))))
        st.html(chart_html(view.forecast_curves(values), threshold=values.threshold, people=values.list_cap))
        _clear(view, person)
    if values != st.session_state.get(_SAVED):  # a reload, and another login, find it again
        view.drafts.keep(person.name, values)
        st.session_state[_SAVED] = values


def _draw_fields(kept: Mapping[str, Any], help_texts: Mapping[str, str], beside: Mapping[str, str]) -> None:
    """Draw each with what was kept of it, which counts where the browser knows nothing of the field any more."""

    def explain(name: str) -> None:
        if name in help_texts:
            st.caption(help_texts[name])
        with st.container():  # always there, as above
            if name in beside:
                st.html(panels.fault_html(beside[name]))

    def draw(field: Callable[..., object], name: str, **options: object) -> None:
        field(LABELS[name], value=kept[name], key=_key(name), **options)

    def choose(name: str, options: type[DeploymentKind | UseCase]) -> None:
        each = list(options)
        st.selectbox(LABELS[name], each, each.index(kept[name]), format_func=lambda one: one.value, key=_key(name))
        explain(name)

    def line(name: str) -> None:
        draw(st.text_input, name)
        explain(name)

    one, two = st.columns(2)
    with one:
        line("id")
    with two:
        line("name")
    choose("kind", DeploymentKind)
    line("place")
    line("footprint")
    days = st.columns(4)
    for column, name in zip(days, ("start_day", "start", "end_day", "end"), strict=True):
        with column:
            if name.endswith("_day"):
                draw(st.date_input, name, format="DD/MM/YYYY")
            else:
                draw(st.time_input, name, step=60)
    explain("start")
    explain("end")
    choose("use_case", UseCase)
    line("purpose")
    for name in _LONG:
        draw(st.text_area, name, height=90)
        explain(name)
    number, cap, faces = st.columns(3)
    with number:
        draw(st.number_input, "threshold", min_value=0.01, max_value=0.99, step=0.01, format="%.3f")
        explain("threshold")
    with cap:
        draw(st.number_input, "list_cap", min_value=1, step=100)
        explain("list_cap")
    with faces:
        draw(st.number_input, "expected_faces", min_value=0, step=1_000)
        explain("expected_faces")
    line("threshold_reason")
    draw(st.text_area, "cameras", height=90)
    explain("cameras")
    line("watchlist_folder")


def _keep_draft(view: PlannerView, person: AuthenticatedPerson, go: str, turn: int) -> None:
    """Plan it as a draft where it is whole; else keep what is typed, and say what is missing."""
    with uninterrupted():
        if turn == _turn():
            view.drafts.keep(person.name, _values())
            _take(view, person, go, submit=False)
            st.session_state[_DRAFTED] = True


def _submit(view: PlannerView, person: AuthenticatedPerson, go: str, turn: int) -> None:
    """Submit the application that was typed in this turn of the form: a second click finds another."""
    with uninterrupted():
        if turn == _turn():
            _take(view, person, go, submit=True)


def _take(view: PlannerView, person: AuthenticatedPerson, go: str, *, submit: bool) -> None:
    """Take the application, before the page is drawn again, so that the fields may be emptied."""
    st.session_state[_DRAFTED] = False
    values = _values()
    found = check_values(values, view.policy, now=view.now())
    if found.form is None:
        st.session_state[_FAULTS], st.session_state[_BESIDE] = found.faults, found.beside
        return
    try:
        view.deployments.plan(values.id, values.kind, found.form, by=person, name=values.name, submit=submit)
        view.reschedule()
    except LfrError as error:
        st.session_state[_FAULTS], st.session_state[_BESIDE] = (plain_sentence(str(error)),), {}
        return
    _forget(view, person)
    keep_result(f"{values.name or values.id} is {'applied for' if submit else 'kept as a draft'}.")
    st.session_state["planner-deployment"] = values.id
    st.session_state[go] = "deployment"


def _clear(view: PlannerView, person: AuthenticatedPerson) -> None:
    st.button("Empty all fields", key="planner-clear", type="tertiary", on_click=_forget, args=(view, person))


def _forget(view: PlannerView, person: AuthenticatedPerson) -> None:
    view.drafts.forget(person.name, *person.former_names)
    _empty()


def _empty() -> None:
    note_sent(_KEY)
    st.session_state[_TURN] = _turn() + 1
    _kept().clear()
    st.session_state.pop(_FAULTS, None)
    st.session_state.pop(_BESIDE, None)


def _fill(values: FormValues) -> None:
    """Put other values into all fields, which are other ones from then on."""
    _empty()
    _kept().update(asdict(values))


def _kept() -> dict[str, object]:
    found: dict[str, object] = st.session_state.setdefault("planner-kept", {})
    return found


def _key(name: str) -> str:
    return f"{_KEY}turn-{_turn()}-{name}"


def _turn() -> int:
    found: int = st.session_state.get(_TURN, 0)
    return found


def _values() -> FormValues:
    values = {name: _plain(st.session_state[_key(name)]) for name in _NAMES}
    return FormValues(**values)  # type: ignore[arg-type]  # each came out of the field of that name


def _plain(value: object) -> object:
    return value.strip() if isinstance(value, str) and not isinstance(value, DeploymentKind | UseCase) else value


class _ForecastInputs:
    """What can be forecast already, while the rest is still empty."""

    def __init__(self, values: FormValues) -> None:
        self.threshold = values.threshold
        self.list_cap = values.list_cap
        self.expected_faces = values.expected_faces
