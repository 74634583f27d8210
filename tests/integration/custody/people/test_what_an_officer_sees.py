"""What a signed-on officer has on a phone, and for how long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from lfr_core.alerts import read
from lfr_core.alerts.decisions import DecisionService
from lfr_core.alerts.recorder import Recorder
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Refused
from lfr_core.custody.people import Role
from lfr_core.custody.people.sign_on import SIGN_ON_H
from lfr_core.custody.vault.port import KeyKind
from lfr_core.deployments.attendance import Attendance
from lfr_core.domain.alerts import Engagement, EngagementOutcome, Judgement, Review
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.storage.tables.alerts import AlertRow
from tests.support.deployments import deployment_service
from tests.support.galleries import held_by
from tests.support.looking import (
    COMPLIANCE,
    OPERATOR,
    REVOKED,
    STREET,
    STREET_ELSEWHERE,
    STREET_IDLE,
    Harness,
    looking_at,
    now_ns,
)
from tests.support.overwriting import overwriting
from tests.support.people import add_people, authenticated, give_accounts
from tests.support.records import entry, sighting
from tests.support.shown_pictures import seen


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with looking_at(tmp_path_factory) as harness:
        yield harness


def test_a_sign_on_ends_by_itself_and_a_revocation_ends_it_for_good(harness: Harness) -> None:
    name = "Eve Evening"
    add_people(harness.engine, (name, Role.OPERATOR), trail=harness.trail)
    see = partial(read.alerts, harness.looks, "dep", by=authenticated(name))
    harness.signs.sign_on("dep", authenticated(name))
    assert see(now_ns=now_ns())
    with pytest.raises(Refused, match="hasn't signed on"):
        see(now_ns=now_ns() + SIGN_ON_H * 3_600 * 10**9)

    harness.people.revoke(name, why="left", by=authenticated(COMPLIANCE))
    harness.people.add(name, {Role.OPERATOR}, harness.people.list()[0].rank, by=authenticated(COMPLIANCE), again=True)
    give_accounts(harness.people, name, by=authenticated(COMPLIANCE))
    with pytest.raises(Refused) as refused:
        see(now_ns=now_ns())
    assert refused.value.rule == "people.revoked"
    harness.signs.sign_on("dep", authenticated(name))
    assert see(now_ns=now_ns())
    harness.signs.sign_off("dep", authenticated(name))
    with pytest.raises(Refused):
        see(now_ns=now_ns())


@pytest.mark.parametrize("name", ["Joe Public", REVOKED, COMPLIANCE, "Pat Planner", "system:recorder", ""])
def test_only_a_registered_operator_signs_on(harness: Harness, name: str) -> None:
    with pytest.raises(Refused):
        harness.signs.sign_on("dep", authenticated(name))


def test_an_officers_phone_has_what_was_judged_and_says_what_was_done_and_nothing_else(harness: Harness) -> None:
    decisions, officer = DecisionService(harness.engine, harness.trail, SystemClock()), authenticated(STREET)
    assert [one.id for one in harness.street.alerts("dep", officer)] == [harness.alert]

    for refused in (
        lambda: decisions.judge(harness.waiting, Judgement.SAME, officer, shown=seen(harness.engine, harness.waiting)),
        lambda: decisions.review(harness.alert, Review.CONFIRMED_TRUE, officer),
        lambda: decisions.undo(harness.alert, Engagement.ENGAGED, officer),
        lambda: decisions.engage(harness.waiting, Engagement.ENGAGED, officer),
        lambda: decisions.engage(harness.alert, Engagement.EVADED, authenticated(STREET_IDLE), correct=True),
        lambda: decisions.record_outcome(harness.alert, EngagementOutcome.ARREST, authenticated(STREET_ELSEWHERE)),
        lambda: Attendance(harness.engine, harness.trail, harness.clock).record_heartbeat("dep", officer),
    ):
        with pytest.raises(Refused):
            refused()
    decisions.engage(harness.alert, Engagement.ENGAGED, officer, correct=True)
    decisions.record_outcome(harness.alert, EngagementOutcome.NO_ACTION, officer)


def test_an_answer_that_somebody_wrote_into_the_records_shows_no_officer_a_picture(harness: Harness) -> None:
    key = next(info.id for info in harness.vault.kept(KeyKind.ALERT, "dep") if info.subject == str(harness.waiting))

    def written(judgement: str | None) -> None:
        with overwriting(harness.engine) as session:
            row = session.get_one(AlertRow, harness.waiting)
            row.judgement, row.judged_by = judgement, None if judgement is None else OPERATOR
            session.add(row)

    written("same")
    try:
        with pytest.raises(Refused) as refused:
            harness.key(key, STREET)
    finally:
        written(None)
    assert refused.value.rule == "records.not-on-trail"


def test_everything_is_gone_from_the_phone_once_the_deployment_is_over(harness: Harness) -> None:
    name, store = "Pc Late", deployment_service(harness.engine, harness.vault, harness.trail, SystemClock())
    add_people(harness.engine, (name, Role.ENGAGING_OFFICER), trail=harness.trail)
    entries = (entry(),)
    store.create("brief", DeploymentKind.DEMO, name="brief")
    store.attach_watchlist("brief", "contract", "gallery_brief", entries, held=held_by(entries))
    store.open("brief")
    recorder = Recorder(harness.engine, harness.policy.alerts, harness.clock, harness.vault, harness.trail)
    one = sighting(0.0, vault=harness.vault, sealed_ns=time.time_ns(), deployment="brief")
    (alert,) = recorder.record_sightings([one]).opened
    harness.signs.sign_on("brief", authenticated(OPERATOR))
    harness.signs.sign_on("brief", authenticated(name))
    decisions = DecisionService(harness.engine, harness.trail, SystemClock())
    decisions.judge(alert, Judgement.SAME, authenticated(OPERATOR), shown=seen(harness.engine, alert))
    crops = read.AlertCrops(harness.engine, harness.vault)
    crops.open(alert, authenticated(name), "look")
    key = next(info.id for info in harness.vault.kept(KeyKind.ALERT, "brief"))
    store.close("brief")

    looks: tuple[Callable[[], object], ...] = (
        lambda: harness.street.alerts("brief", authenticated(name)),
        lambda: crops.open(alert, authenticated(name), "look"),
        lambda: harness.key(key, name),
        lambda: decisions.engage(alert, Engagement.ENGAGED, authenticated(name)),
        lambda: harness.signs.sign_on("brief", authenticated(name)),
    )
    for look in looks:
        with pytest.raises(Refused) as refused:
            look()
        assert refused.value.rule == "officer.deployment-over"
    crops.open(alert, authenticated(OPERATOR), "look")


def test_a_phone_that_loads_its_page_anew_goes_on_until_its_officer_stops(harness: Harness) -> None:
    name = "Ned Nightshift"
    add_people(harness.engine, (name, Role.ENGAGING_OFFICER), trail=harness.trail)
    view = harness.street
    before = view.in_hand(authenticated(name))

    view.sign_on("dep", authenticated(name))

    assert (before, view.in_hand(authenticated(name))) == ("", "dep")
    view.sign_off("dep", authenticated(name))
    assert view.in_hand(authenticated(name)) == ""
