"""A planned deployment in the records: who may take it how far, and what takes it back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from lfr_core.alerts.decisions import DecisionService
from lfr_core.common.errors import Refused
from lfr_core.custody.people import Rank, Role
from lfr_core.custody.vault.port import KeyKind
from lfr_core.deployments.announcement import ReasonClass
from lfr_core.deployments.announcing import announce, withhold
from lfr_core.deployments.attendance import Attendance
from lfr_core.deployments.compliance_documents import ComplianceDocumentKind
from lfr_core.deployments.gate_facts import gate_facts
from lfr_core.deployments.locking import locked
from lfr_core.deployments.reading import open_calls, read_authority, timeline
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.alerts import Judgement
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus
from lfr_core.domain.gate import Condition, GateLimits, gate
from lfr_core.domain.watchlists import Category
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.watchlists import WatchlistEntryRow
from tests.support.deciding import seen
from tests.support.planning import OFFICER, OPERATOR, OTHER_OFFICER, PLANNER, PUBLISHER, PlanningHouse, form
from tests.support.records import alerts_of, entry, recorder_of, sighting

S = DeploymentStatus


def refused(rule: str, act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as error:
        act()
    assert error.value.rule == rule, str(error.value)
    return str(error.value)


def decide(house: PlanningHouse, by: str) -> None:
    house.planning.authorise("dep", by=by, reason="necessary and proportionate", claim_not_shown=True)


def status(house: PlanningHouse, deployment: str = "dep") -> DeploymentStatus:
    found = house.store.find(deployment)
    assert found is not None
    return found.status


def red(house: PlanningHouse, deployment: str = "dep") -> set[Condition]:
    with reading(house.engine) as session:
        facts = gate_facts(session, locked(session, deployment), house.now)
    found = gate(facts, GateLimits.of(house.policy), now_ns=house.clock.time_ns())
    return {each.condition for each in found if not each.met}


def test_a_deployment_goes_its_whole_line_and_the_timeline_names_three_people(house: PlanningHouse) -> None:
    house.walk(S.LIVE)

    assert red(house) == {Condition.OPERATOR_ATTENDING}
    house.store.suspend("dep", "two false alerts", by=OPERATOR)
    house.store.resume("dep", by=OFFICER)
    house.store.close("dep", by=SystemActor.FLOWS)

    steps = timeline(house.engine, "dep")
    assert [each.step for each in steps] == [
        "plan",
        "apply",
        "authorise",
        "announce",
        "compile",
        "approve-list",
        "ready",
        "open",
        "suspend",
        "resume",
        "close",
    ]
    assert {each.by for each in steps} == {PLANNER, OFFICER, PUBLISHER, OPERATOR, "system:flows"}
    assert status(house) is S.ENDED


def test_the_planner_never_authorises_the_same_deployment(house: PlanningHouse) -> None:
    house.planning.plan("dep", DeploymentKind.OPERATIONAL, form(house.start()), by=OFFICER)  # an officer who also plans
    house.register_document(ComplianceDocumentKind.COMMUNITY, deployment="dep")

    refused("life.same-person", lambda: decide(house, OFFICER.upper()))
    refused("people.wrong-role", lambda: decide(house, PLANNER))
    decide(house, OTHER_OFFICER)

    assert status(house) is S.AUTHORISED


def test_an_officer_signs_that_no_evaluation_shows_the_public_claim(house: PlanningHouse) -> None:
    house.plan()
    house.register_document(ComplianceDocumentKind.COMMUNITY, deployment="dep")

    reported = refused("life.claim-not-shown", lambda: house.planning.authorise("dep", by=OFFICER, reason="necessary"))
    assert "1 false alert in 100,000 faces" in reported
    given = house.planning.authorise("dep", by=OFFICER, reason="necessary", claim_not_shown=True)

    assert (given.claim_not_shown, given.expected_false_alerts) == (True, None)


def test_an_authority_states_who_with_which_rank_and_for_which_limit(house: PlanningHouse) -> None:
    house.walk(S.AUTHORISED, list_cap=1_000)
    house.plan("large", place="Great Yarmouth", list_cap=10_000, cameras=("east",))
    house.authorise("large")

    with reading(house.engine) as session:
        small, large = read_authority(session, "dep"), read_authority(session, "large")
    assert small is not None
    assert large is not None
    assert (small.by, small.rank, small.granted) == (OFFICER, Rank.SUPERINTENDENT, True)
    assert (small.false_alerts_one_in, large.false_alerts_one_in) == (100_000, 10_000)


def test_an_officer_who_is_revoked_doesn_t_open_a_gate_any_more(house: PlanningHouse) -> None:
    house.walk(S.LIVE)
    house.people.revoke(OFFICER, why="left the force", by="Dee Compliance")

    assert Condition.AUTHORITY in red(house)
    refused("people.revoked", lambda: house.store.suspend("dep", "x", by=OFFICER))
    house.people.add(OFFICER, {Role.AUTHORISING_OFFICER}, Rank.SUPERINTENDENT, by="Dee Compliance")
    assert Condition.AUTHORITY in red(house)  # what was done before doesn't come back with the name


def test_an_expired_or_missing_document_blocks_the_authority_and_shuts_the_gate(house: PlanningHouse) -> None:
    made = house.plan()
    reported = refused("life.papers", lambda: decide(house, OFFICER))
    assert "community" in reported
    last = made.ends_at.date()
    house.register_document(ComplianceDocumentKind.COMMUNITY, deployment="dep", review_by=last)
    decide(house, OFFICER)
    assert Condition.DOCUMENTS_IN_DATE not in red(house)

    house.wait_until(made.ends_at + timedelta(days=1))

    assert Condition.DOCUMENTS_IN_DATE in red(house)


def test_moving_a_deployment_takes_its_authority_and_announcement_back(house: PlanningHouse) -> None:
    house.walk(S.AUTHORISED)
    later = form(house.start(9))

    house.planning.plan("dep", DeploymentKind.OPERATIONAL, later, by=PLANNER)

    assert status(house) is S.APPLIED
    assert {Condition.AUTHORITY, Condition.ANNOUNCED, Condition.WITHIN_HOURS} <= red(house)
    refused("watchlist.attached", house.compile)
    with reading(house.engine) as session:
        assert read_authority(session, "dep") is None
        assert locked(session, "dep").closes_at is None


def test_a_refused_application_says_why_and_may_be_revised(house: PlanningHouse) -> None:
    house.plan()
    house.planning.refuse("dep", by=OFFICER, reason="the footprint takes in a school")

    assert status(house) is S.DRAFT
    (asked,) = open_calls(house.engine, frozenset({Role.PLANNER}))
    assert "takes in a school" in asked.why
    house.planning.plan("dep", DeploymentKind.OPERATIONAL, form(house.start(), footprint="The market"), by=PLANNER)
    assert open_calls(house.engine, frozenset({Role.PLANNER})) == ()
    house.authorise()


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("life.overlap", {"place": "  norwich "}),
        ("life.overlap", {"place": "Great Yarmouth", "cameras": ("south", "west")}),
    ],
)
def test_two_deployments_share_neither_place_nor_camera_at_a_time(
    house: PlanningHouse, rule: str, change: dict[str, object]
) -> None:
    house.plan()

    reported = refused(rule, lambda: house.plan("other", **change))  # type: ignore[arg-type]  # fields by name
    assert "dep" in reported
    house.plan("other", wanted=form(house.start() + timedelta(hours=6), **change))  # type: ignore[arg-type]  # by name


def test_a_window_in_the_past_over_the_clock_change_or_too_long_is_refused(house: PlanningHouse) -> None:
    def plan(start: datetime, hours: float = 6.0) -> Callable[[], object]:
        return lambda: house.plan(wanted=form(start, hours=hours))

    refused("life.past-window", plan(house.now))
    refused("life.too-long", plan(house.start(), hours=12.5))
    refused("life.clock-change", plan(datetime(2027, 3, 27, 23, tzinfo=UTC)))
    refused("life.over-cap", lambda: house.plan(list_cap=20_001))
    refused("life.threshold-reason", lambda: house.plan(threshold=0.4))
    assert house.plan(threshold=0.4, threshold_reason="measured on these cameras").threshold == 0.4
    with pytest.raises(ValueError, match="not after its start"):
        form(house.start(), hours=-1)


def test_a_list_over_the_authoritys_cap_or_of_entries_that_end_too_early_is_refused(house: PlanningHouse) -> None:
    house.walk(S.AUTHORISED, list_cap=1)
    two = (entry("a"), entry("b"))

    refused("watchlist.over-cap", lambda: house.compile(entries=two))
    refused("watchlist.entry-expired", lambda: house.compile(entries=(entry("a", expires_on=date(2026, 11, 26)),)))
    house.compile(entries=(entry("a"), entry("v", category=Category.BLUE_LIST)))  # test subjects don't count
    assert status(house) is S.LIST_BUILT


def test_a_list_may_be_compiled_anew_until_it_is_approved_and_only_what_was_seen_is_approved(
    house: PlanningHouse,
) -> None:
    house.walk(S.LIST_BUILT)
    seen = house.digest()
    house.compile(entries=(entry("somebody else"),))

    refused("life.list-changed", lambda: house.planning.approve_list("dep", seen, by=OFFICER))
    with reading(house.engine) as session:
        assert session.exec(select(WatchlistEntryRow.id)).all() == ["somebody else"]
    house.approve()
    refused("watchlist.attached", house.compile)


def test_the_same_list_has_the_same_digest_and_another_photograph_another(house: PlanningHouse) -> None:
    house.walk(S.LIST_BUILT, entries=(entry("a"), entry("b")))
    first = house.digest()
    house.compile(entries=(entry("b"), entry("a")))
    assert house.digest() == first
    house.compile(entries=(entry("b"), entry("a", crop=b"another crop")))
    assert house.digest() != first


def test_a_withheld_notice_needs_an_officer_who_didn_t_plan_it(house: PlanningHouse) -> None:
    house.walk(S.APPLIED)
    house.authorise()
    because = ReasonClass.THREAT_TO_LIFE

    def hold(by: str, approved_by: str) -> Callable[[], object]:
        return lambda: withhold(
            house.engine, house.announcements, "dep", because=because, by=by, approved_by=approved_by
        )

    refused("people.wrong-role", hold(PUBLISHER, OPERATOR))
    refused("announcement.same-person", hold(PUBLISHER, PUBLISHER))
    refused("people.wrong-role", hold(OPERATOR, OFFICER))
    assert Condition.ANNOUNCED in red(house)
    hold(PUBLISHER, OFFICER)()
    assert Condition.ANNOUNCED not in red(house)


def test_an_announcement_that_comes_too_late_shuts_the_gate(house: PlanningHouse) -> None:
    made = house.plan()
    house.authorise()
    house.wait_until(made.starts_at - timedelta(hours=47))

    announce(house.engine, house.announcements, "dep", by=PUBLISHER)

    assert Condition.ANNOUNCED in red(house)


def test_nothing_is_ready_or_open_before_its_conditions_are_met(house: PlanningHouse) -> None:
    made = house.walk(S.LIST_APPROVED)
    house.touch()
    refused("gate.signage", lambda: house.planning.ready("dep", by=PLANNER))
    house.planning.confirm("dep", by=PLANNER, signage=True)
    refused("gate.briefing", lambda: house.planning.ready("dep", by=PLANNER))
    house.planning.confirm("dep", by=OPERATOR, briefing=True)
    house.planning.ready("dep", by=PLANNER)

    refused("gate.proven", lambda: house.planning.open("dep", by=OPERATOR, compare=house.compare))
    house.prove()
    refused("gate.within-hours", lambda: house.planning.open("dep", by=OPERATOR, compare=house.compare))
    house.wait_until(made.starts_at)
    house.touch()
    refused("gate.proven", lambda: house.planning.open("dep", by=OPERATOR, compare=house.compare))  # that was hours ago
    house.prove()
    house.planning.open("dep", by=OPERATOR, compare=house.compare)
    assert status(house) is S.LIVE
    refused("deployment.planned", lambda: house.store.open("dep"))


def test_cancelling_destroys_the_list_that_was_built(house: PlanningHouse) -> None:
    house.walk(S.LIST_APPROVED)
    assert house.vault.kept(KeyKind.WATCHLIST, "dep")

    refused("deployment.reason-missing", lambda: house.store.cancel("dep", " ", by=PLANNER))
    house.store.cancel("dep", "rain", by=PLANNER)

    assert status(house) is S.CANCELLED
    assert house.vault.kept(KeyKind.WATCHLIST, "dep") == ()
    with reading(house.engine) as session:
        assert session.exec(select(WatchlistEntryRow.id)).all() == []
    refused("life.wrong-state", house.plan)


def test_a_process_may_do_only_what_its_line_says(house: PlanningHouse) -> None:
    house.walk(S.LIVE)

    refused("life.wrong-role", lambda: house.store.suspend("dep", "x", by=SystemActor.FLOWS))
    house.store.suspend("dep", "live probe missed", by=SystemActor.WATCH)
    refused("life.wrong-role", lambda: house.store.resume("dep", by=SystemActor.WATCH))
    refused("people.wrong-role", lambda: house.store.resume("dep", by=OPERATOR))
    refused("people.unknown", lambda: house.store.close("dep", by="a stranger"))
    house.store.close("dep", by=OPERATOR)


def test_an_id_is_never_used_for_a_trial_and_a_planned_one(house: PlanningHouse) -> None:
    house.store.create("dep", DeploymentKind.DEMO, name="d", policy=house.policy)

    refused("deployment.exists", house.plan)
    refused("life.trial", lambda: house.planning.ready("dep", by=PLANNER))
    refused("life.trial", lambda: house.store.cancel("dep", "x", by=PLANNER))


def test_only_registered_operators_attend_and_decide_at_a_planned_deployment(house: PlanningHouse) -> None:
    house.walk(S.LIVE)
    attendance, decisions = (
        Attendance(house.engine, house.clock),
        DecisionService(house.engine, house.trail, house.clock),
    )
    recorder = recorder_of(house.engine, house.clock)
    recorder.record_sightings([sighting(0.0, vault=house.vault, sealed_ns=house.clock.time_ns())])
    (alert,) = alerts_of(house.engine, "dep")

    refused("people.unknown", lambda: attendance.heard("dep", "a stranger"))
    refused("people.wrong-role", lambda: attendance.heard("dep", PLANNER))
    assert Condition.OPERATOR_ATTENDING in red(house)
    refused(
        "people.wrong-role",
        lambda: decisions.judge(alert.id, Judgement.SAME, PLANNER, shown=seen(house.engine, alert.id)),
    )
    attendance.heard("dep", OPERATOR)
    decisions.judge(alert.id, Judgement.SAME, OPERATOR, shown=seen(house.engine, alert.id))
    assert Condition.OPERATOR_ATTENDING not in red(house)
    house.people.revoke(OPERATOR, why="moved on", by="Dee Compliance")
    refused("people.revoked", lambda: attendance.heard("dep", OPERATOR))
