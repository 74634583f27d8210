"""Whoever watches the operator's page attends; who gets up, or falls silent, doesn't."""

from __future__ import annotations

import pytest
from sqlalchemy import event
from sqlmodel import select

from apps.operator.view import OperatorView
from apps.plain_words import plain_words
from lfr_core.alerts import read
from lfr_core.common.errors import Refused
from lfr_core.domain.policy import load_policy
from lfr_core.domain.thumbnails import Thumbnail
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.vault import AttendanceRow
from tests.support.alert_harness import AlertHarness
from tests.support.operator_app import again, page
from tests.support.people import authenticated

POLICY = load_policy()


def summary(harness: AlertHarness) -> read.DeploymentSummary:
    found = read.deployment(harness.engine, "dep")
    assert found is not None
    return found


def attending(harness: AlertHarness) -> dict[str, int]:
    with reading(harness.engine) as session:
        return {row.operator: row.last_ns for row in session.exec(select(AttendanceRow))}


@pytest.fixture
def view(harness: AlertHarness) -> OperatorView:
    return OperatorView(harness.engine, POLICY, harness.vault, harness.trail, harness.clock)


def test_the_gate_opens_while_a_named_operator_watches_and_shuts_when_they_get_up(
    harness: AlertHarness, view: OperatorView
) -> None:
    view.attend(summary(harness), authenticated("Ann Operator"))

    assert harness.vault.check_gate("dep") > 0
    view.sign_off("dep", authenticated("Ann Operator"))
    harness.clock.advance(1.0)
    with pytest.raises(Refused) as caught:
        harness.vault.check_gate("dep")
    assert caught.value.rule == "gate.operator-attending"


def test_the_page_says_that_nobody_attends_and_so_nobody_is_recognised(
    harness: AlertHarness, view: OperatorView
) -> None:
    before = view.dashboard(summary(harness)).shut_why
    view.attend(summary(harness), authenticated("Ann Operator"))

    assert plain_words(before) == "no operator attends: an operator presses “Start deciding” on the operator's page"
    assert view.dashboard(summary(harness)).shut_why == ""


def test_who_loads_the_page_anew_goes_on_and_nobody_else_does(harness: AlertHarness, view: OperatorView) -> None:
    ann = authenticated("Ann Operator")
    before = view.resumes("dep", ann)
    view.attend(summary(harness), ann)
    harness.clock.advance(59.0)

    assert before is False
    assert view.resumes("dep", ann)
    assert not view.resumes("dep", authenticated("Bob Operator"))
    harness.clock.advance(2.0)
    assert not view.resumes("dep", ann)  # away for over a minute

    view.attend(summary(harness), ann)
    view.sign_off("dep", ann)
    assert not view.resumes("dep", ann)


def test_a_page_without_a_name_attends_nothing(harness: AlertHarness, view: OperatorView) -> None:
    view.attend(summary(harness), None)

    assert attending(harness) == {}


def test_a_page_drawn_often_writes_seldom_and_often_enough(harness: AlertHarness, view: OperatorView) -> None:
    written = set()
    longest_ns = 0
    for _ in range(40):
        view.attend(summary(harness), authenticated("Ann"))
        last_ns = attending(harness)["Ann"]
        written.add(last_ns)
        longest_ns = max(longest_ns, harness.clock.time_ns() - last_ns)
        harness.clock.advance(1.5)

    assert len(written) == 20
    assert longest_ns < POLICY.vault.attendance_s * 1e9 / 2


def test_an_ended_deployment_is_attended_by_nobody(harness: AlertHarness, view: OperatorView) -> None:
    harness.deployments.close("dep")

    view.attend(summary(harness), authenticated("Ann"))

    assert attending(harness) == {}


def test_thumbnails_of_cameras_are_for_who_has_the_deployment_in_hand(harness: AlertHarness) -> None:
    asked: list[str] = []

    def read_thumbnails(deployment: str) -> dict[str, Thumbnail]:
        asked.append(deployment)
        return {}

    view = OperatorView(harness.engine, POLICY, harness.vault, harness.trail, harness.clock, thumbnails=read_thumbnails)
    with pytest.raises(Refused) as refused:
        view.poll("other", authenticated("Ann Operator"))
    assert view.poll("dep", authenticated("Ann Operator")).thumbnails == {}

    assert refused.value.rule == "operator.not-signed-on"
    assert asked == ["dep"]


def test_a_drawing_of_the_page_asks_once_who_has_the_deployment_in_hand(harness: AlertHarness) -> None:
    harness.alert()
    app = page(harness)
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(harness.engine, "before_cursor_execute", note)
    again(app)
    event.remove(harness.engine, "before_cursor_execute", note)

    assert len([each for each in asked if "FROM sign_on" in each]) == 1
