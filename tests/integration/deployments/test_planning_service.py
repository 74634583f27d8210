"""A planned deployment in the records: who may take it how far, and what takes it back."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from lfr_core.alerts.decisions import DecisionService
from lfr_core.common.errors import Refused
from lfr_core.custody.people import Rank, Role
from lfr_core.custody.vault.port import KeyKind
from lfr_core.deployments.announcement import ReasonClass, announce, announcements
from lfr_core.deployments.application import Authority
from lfr_core.deployments.attendance import Attendance
from lfr_core.deployments.compliance_documents import ComplianceDocumentKind, ComplianceDocumentRegister
from lfr_core.deployments.evaluations import Evaluation
from lfr_core.deployments.gate_facts import gate_facts
from lfr_core.deployments.locking import locked
from lfr_core.deployments.readiness import pending_withholdings
from lfr_core.deployments.reading import open_calls, read_authority, timeline
from lfr_core.deployments.service import PlanningService
from lfr_core.deployments.withholding import approve_withholding, ask_to_withhold, find_pending, refuse_withholding
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.alerts import Judgement
from lfr_core.domain.claims import faces_needed
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus
from lfr_core.domain.gate import Condition, GateLimits, gate
from lfr_core.domain.watchlists import Category
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.watchlists import WatchlistEntryRow
from tests.support.people import CAST, authenticated
from tests.support.planning import (
    COMPLIANCE,
    OFFICER,
    OPERATOR,
    OTHER_OFFICER,
    PLANNER,
    PUBLISHER,
    PlanningHarness,
    form,
)
from tests.support.records import alerts_of, entry, recorder_of, sighting
from tests.support.shown_pictures import seen

S = DeploymentStatus


def refused(rule: str, act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as error:
        act()
    assert error.value.rule == rule, str(error.value)
    return str(error.value)


def decide(harness: PlanningHarness, by: str) -> None:
    why = "necessary and proportionate"
    harness.planning.authorise("dep", by=authenticated(by), reason=why, revision=1, claim_not_shown=True)


def status(harness: PlanningHarness, deployment: str = "dep") -> DeploymentStatus:
    found = harness.store.find(deployment)
    assert found is not None
    return found.status


def red(harness: PlanningHarness, deployment: str = "dep") -> set[Condition]:
    with reading(harness.engine) as session:
        facts = gate_facts(session, locked(session, deployment), harness.now)
    found = gate(facts, GateLimits.of(harness.policy), now_ns=harness.clock.time_ns())
    return {each.condition for each in found if not each.met}


def test_a_deployment_goes_its_whole_line_and_the_timeline_names_three_people(harness: PlanningHarness) -> None:
    harness.walk(S.LIVE)

    assert red(harness) == {Condition.OPERATOR_ATTENDING}
    harness.store.suspend("dep", "two false alerts", by=authenticated(OPERATOR))
    harness.store.resume("dep", by=authenticated(OFFICER))
    harness.store.close("dep", by=SystemActor.FLOWS)

    steps = timeline(harness.engine, "dep")
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
    assert status(harness) is S.ENDED


def test_the_planner_never_authorises_the_same_deployment(harness: PlanningHarness) -> None:
    harness.planning.plan(
        "dep", DeploymentKind.OPERATIONAL, form(harness.start()), by=authenticated(OFFICER)
    )  # an officer who also plans
    harness.register_document(ComplianceDocumentKind.COMMUNITY, deployment="dep")

    refused("life.same-person", lambda: decide(harness, OFFICER.upper()))
    refused("people.wrong-role", lambda: decide(harness, PLANNER))
    decide(harness, OTHER_OFFICER)

    assert status(harness) is S.AUTHORISED


def test_an_officer_signs_that_no_evaluation_shows_the_public_claim(harness: PlanningHarness) -> None:
    harness.plan()
    harness.register_document(ComplianceDocumentKind.COMMUNITY, deployment="dep")

    def sign(*, claim_not_shown: bool) -> Authority:
        return harness.planning.authorise(
            "dep", by=authenticated(OFFICER), reason="necessary", revision=1, claim_not_shown=claim_not_shown
        )

    reported = refused("life.claim-not-shown", lambda: sign(claim_not_shown=False))
    assert "1 false alert in 100,000 faces" in reported
    given = sign(claim_not_shown=True)

    assert (given.claim_not_shown, given.expected_false_alerts) == (True, None)


def test_an_authority_states_who_with_which_rank_and_for_which_limit(harness: PlanningHarness) -> None:
    harness.walk(S.AUTHORISED, list_cap=1_000)
    harness.plan("large", place="Great Yarmouth", list_cap=10_000, cameras=("east",))
    harness.authorise("large")

    with reading(harness.engine) as session:
        small, large = read_authority(session, "dep"), read_authority(session, "large")
    assert small is not None
    assert large is not None
    assert (small.by, small.rank, small.granted) == (OFFICER, Rank.SUPERINTENDENT, True)
    assert (small.false_alerts_one_in, large.false_alerts_one_in) == (100_000, 10_000)


def test_an_officer_who_is_revoked_doesn_t_open_a_gate_any_more(harness: PlanningHarness) -> None:
    harness.walk(S.LIVE)
    harness.people.revoke(OFFICER, why="left the force", by=authenticated("Dee Compliance"))

    assert Condition.AUTHORITY in red(harness)
    refused("people.revoked", lambda: harness.store.suspend("dep", "x", by=authenticated(OFFICER)))
    harness.people.add(OFFICER, {Role.AUTHORISING_OFFICER}, Rank.SUPERINTENDENT, by=authenticated("Dee Compliance"))
    assert Condition.AUTHORITY in red(harness)  # what was done before doesn't come back with the name


def test_an_expired_or_missing_document_blocks_the_authority_and_shuts_the_gate(harness: PlanningHarness) -> None:
    made = harness.plan()
    reported = refused("life.papers", lambda: decide(harness, OFFICER))
    assert "community" in reported
    last = made.ends_at.date()
    harness.register_document(ComplianceDocumentKind.COMMUNITY, deployment="dep", review_by=last)
    decide(harness, OFFICER)
    assert Condition.DOCUMENTS_IN_DATE not in red(harness)

    harness.wait_until(made.ends_at + timedelta(days=1))

    assert Condition.DOCUMENTS_IN_DATE in red(harness)


def test_moving_a_deployment_takes_its_authority_and_announcement_back(harness: PlanningHarness) -> None:
    harness.walk(S.AUTHORISED)
    later = form(harness.start(9))

    harness.planning.plan("dep", DeploymentKind.OPERATIONAL, later, by=authenticated(PLANNER))

    assert status(harness) is S.APPLIED
    assert {Condition.AUTHORITY, Condition.ANNOUNCED, Condition.WITHIN_HOURS} <= red(harness)
    refused("watchlist.attached", harness.compile)
    with reading(harness.engine) as session:
        assert read_authority(session, "dep") is None
        assert locked(session, "dep").closes_at is None


def test_a_refused_application_says_why_and_may_be_revised(harness: PlanningHarness) -> None:
    harness.plan()
    harness.planning.refuse("dep", by=authenticated(OFFICER), reason="the footprint takes in a school")

    assert status(harness) is S.DRAFT
    (asked,) = open_calls(harness.engine, frozenset({Role.PLANNER}))
    assert "takes in a school" in asked.why
    harness.planning.plan(
        "dep", DeploymentKind.OPERATIONAL, form(harness.start(), footprint="The market"), by=authenticated(PLANNER)
    )
    assert open_calls(harness.engine, frozenset({Role.PLANNER})) == ()
    harness.authorise()


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("life.overlap", {"place": "  norwich "}),
        ("life.overlap", {"place": "Great Yarmouth", "cameras": ("south", "west")}),
    ],
)
def test_two_deployments_share_neither_place_nor_camera_at_a_time(
    harness: PlanningHarness, rule: str, change: dict[str, object]
) -> None:
    harness.plan()

    reported = refused(rule, lambda: harness.plan("other", **change))  # type: ignore[arg-type]  # fields by name
    assert "dep" in reported
    harness.plan("other", wanted=form(harness.start() + timedelta(hours=6), **change))  # type: ignore[arg-type]  # by name


def test_a_window_in_the_past_over_the_clock_change_or_too_long_is_refused(harness: PlanningHarness) -> None:
    def plan(start: datetime, hours: float = 6.0) -> Callable[[], object]:
        return lambda: harness.plan(wanted=form(start, hours=hours))

    refused("life.past-window", plan(harness.now))
    refused("life.too-long", plan(harness.start(), hours=12.5))
    refused("life.clock-change", plan(datetime(2027, 3, 27, 23, tzinfo=UTC)))
    refused("life.over-cap", lambda: harness.plan(list_cap=20_001))
    refused("life.threshold-reason", lambda: harness.plan(threshold=0.4))
    assert harness.plan(threshold=0.4, threshold_reason="measured on these cameras").threshold == 0.4
    with pytest.raises(ValueError, match="not after its start"):
        form(harness.start(), hours=-1)


def test_a_list_over_the_authoritys_cap_or_of_entries_that_end_too_early_is_refused(harness: PlanningHarness) -> None:
    harness.walk(S.AUTHORISED, list_cap=1)
    two = (entry("a"), entry("b"))

    refused("watchlist.over-cap", lambda: harness.compile(entries=two))
    refused("watchlist.entry-expired", lambda: harness.compile(entries=(entry("a", expires_on=date(2026, 11, 26)),)))
    harness.compile(entries=(entry("a"), entry("v", category=Category.BLUE_LIST)))  # test subjects don't count
    assert status(harness) is S.LIST_BUILT


def test_a_list_may_be_compiled_anew_until_it_is_approved_and_only_what_was_seen_is_approved(
    harness: PlanningHarness,
) -> None:
    harness.walk(S.LIST_BUILT)
    seen = harness.digest()
    harness.compile(entries=(entry("somebody else"),))

    refused("life.list-changed", lambda: harness.planning.approve_list("dep", seen, by=authenticated(OFFICER)))
    with reading(harness.engine) as session:
        assert session.exec(select(WatchlistEntryRow.id)).all() == ["somebody else"]
    harness.approve()
    refused("watchlist.attached", harness.compile)


def test_the_same_list_has_the_same_digest_and_another_photograph_another(harness: PlanningHarness) -> None:
    harness.walk(S.LIST_BUILT, entries=(entry("a"), entry("b")))
    first = harness.digest()
    harness.compile(entries=(entry("b"), entry("a")))
    assert harness.digest() == first
    harness.compile(entries=(entry("b"), entry("a", crop=b"another crop")))
    assert harness.digest() != first


def test_a_withheld_notice_needs_another_persons_approval_who_is_an_officer_and_nothing_less_counts(
    harness: PlanningHarness,
) -> None:
    harness.walk(S.APPLIED)
    store, because = harness.announcements, ReasonClass.THREAT_TO_LIFE

    def ask(by: str, why: ReasonClass = because) -> Callable[[], object]:
        return lambda: ask_to_withhold(store, "dep", because=why, by=authenticated(by))

    def approve(by: str, request: str = "") -> Callable[[], object]:
        def do() -> object:
            return approve_withholding(
                store, "dep", request=request or find_pending(store, "dep").name, by=authenticated(by)
            )

        return do

    refused("life.wrong-state", ask(PUBLISHER))
    harness.authorise()
    refused("people.wrong-role", ask(OPERATOR))
    refused("announcement.nothing-asked", approve(OFFICER))
    steps = len(timeline(harness.engine, "dep"))
    ask(PUBLISHER)()

    ask(PUBLISHER)()  # the same again
    refused("announcement.withholding-asked", ask(PUBLISHER, ReasonClass.NATIONAL_SECURITY))
    refused("announcement.withholding-asked", ask(OFFICER))
    refused("announcement.withholding-asked", harness.announce)
    refused("people.wrong-role", approve(PUBLISHER))
    refused("people.wrong-role", approve(OPERATOR))
    refused("approval.other-request", approve(OFFICER, "1-0123456789abcdef"))
    assert Condition.ANNOUNCED in red(harness)
    assert announcements(harness.engine) == ()
    assert len(timeline(harness.engine, "dep")) == steps

    approve(OFFICER)()
    assert Condition.ANNOUNCED not in red(harness)
    (last,) = timeline(harness.engine, "dep")[steps:]
    assert (last.step, last.by) == ("withhold", OFFICER)
    assert PUBLISHER in last.note
    refused("announcement.nothing-asked", approve(OTHER_OFFICER))


def test_an_officer_does_not_approve_what_they_asked_for_or_planned_or_what_a_revoked_person_asked_for(
    harness: PlanningHarness,
) -> None:
    harness.walk(S.APPLIED)
    harness.authorise()
    store, because = harness.announcements, ReasonClass.THREAT_TO_LIFE

    def ask(by: str) -> None:
        ask_to_withhold(store, "dep", because=because, by=authenticated(by))

    def approve(by: str) -> Callable[[], object]:
        asked = find_pending(store, "dep").name
        return lambda: approve_withholding(store, "dep", request=asked, by=authenticated(by))

    ask(OFFICER)
    refused("announcement.same-person", approve(OFFICER))
    refuse_withholding(store, "dep", by=authenticated(OFFICER), reason="taken back")
    ask(PLANNER)
    harness.people.change(PLANNER, *CAST[OFFICER], by=authenticated(COMPLIANCE))
    refused("announcement.same-person", approve(PLANNER))
    harness.people.revoke(PLANNER, why="left", by=authenticated(COMPLIANCE))
    refused("people.revoked", approve(OFFICER))
    assert announcements(harness.engine) == ()


def test_a_refused_withholding_calls_for_the_announcement_and_one_for_other_hours_is_asked_anew(
    harness: PlanningHarness,
) -> None:
    harness.walk(S.APPLIED)
    harness.authorise()
    store, because = harness.announcements, ReasonClass.THREAT_TO_LIFE
    ask_to_withhold(store, "dep", because=because, by=authenticated(PUBLISHER))

    refused("people.wrong-role", lambda: refuse_withholding(store, "dep", by=authenticated(PLANNER), reason="no"))
    refuse_withholding(store, "dep", by=authenticated(OFFICER), reason="nobody is in danger")
    (asked, *_) = [each for each in open_calls(harness.engine) if "nobody is in danger" in each.why]
    assert asked.role is Role.PUBLICATION_OFFICER

    for place in ("Great Yarmouth", "Great Yarmouth"):  # the second time nothing of it is in the announcement
        ask_to_withhold(store, "dep", because=because, by=authenticated(PUBLISHER))
        (waiting,) = pending_withholdings(harness.engine)
        harness.wait_until(waiting.asked_at + timedelta(seconds=1))
        harness.plan(place=place, expected_faces=9_000)
        harness.authorise()
        assert waiting.asked_by == PUBLISHER
        assert pending_withholdings(harness.engine) == ()
        refused(
            "announcement.nothing-asked",
            functools.partial(approve_withholding, store, "dep", request=waiting.name, by=authenticated(OFFICER)),
        )
    harness.announce()


def test_an_announcement_that_comes_too_late_shuts_the_gate(harness: PlanningHarness) -> None:
    made = harness.plan()
    harness.authorise()
    harness.wait_until(made.starts_at - timedelta(hours=47))

    announce(harness.engine, harness.announcements, "dep", by=authenticated(PUBLISHER))

    assert Condition.ANNOUNCED in red(harness)


def test_nothing_is_ready_or_open_before_its_conditions_are_met(harness: PlanningHarness) -> None:
    made = harness.walk(S.LIST_APPROVED)
    harness.touch()
    refused("gate.signage", lambda: harness.planning.ready("dep", by=authenticated(PLANNER)))
    harness.planning.confirm("dep", by=authenticated(PLANNER), signage=True)
    refused("gate.briefing", lambda: harness.planning.ready("dep", by=authenticated(PLANNER)))
    harness.planning.confirm("dep", by=authenticated(OPERATOR), briefing=True)
    harness.planning.ready("dep", by=authenticated(PLANNER))

    refused("gate.proven", lambda: harness.planning.open("dep", by=authenticated(OPERATOR), compare=harness.compare))
    harness.prove()
    refused(
        "gate.within-hours", lambda: harness.planning.open("dep", by=authenticated(OPERATOR), compare=harness.compare)
    )
    harness.wait_until(made.starts_at)
    harness.touch()
    refused(
        "gate.proven", lambda: harness.planning.open("dep", by=authenticated(OPERATOR), compare=harness.compare)
    )  # that was hours ago
    harness.prove()
    harness.planning.open("dep", by=authenticated(OPERATOR), compare=harness.compare)
    assert status(harness) is S.LIVE
    refused("deployment.planned", lambda: harness.store.open("dep"))


def test_cancelling_destroys_the_list_that_was_built(harness: PlanningHarness) -> None:
    harness.walk(S.LIST_APPROVED)
    assert harness.vault.kept(KeyKind.WATCHLIST, "dep")

    refused("deployment.reason-missing", lambda: harness.store.cancel("dep", " ", by=authenticated(PLANNER)))
    harness.store.cancel("dep", "rain", by=authenticated(PLANNER))

    assert status(harness) is S.CANCELLED
    assert harness.vault.kept(KeyKind.WATCHLIST, "dep") == ()
    with reading(harness.engine) as session:
        assert session.exec(select(WatchlistEntryRow.id)).all() == []
    refused("life.wrong-state", harness.plan)


def test_a_process_may_do_only_what_its_line_says(harness: PlanningHarness) -> None:
    harness.walk(S.LIVE)

    refused("life.wrong-role", lambda: harness.store.suspend("dep", "x", by=SystemActor.FLOWS))
    harness.store.suspend("dep", "live probe missed", by=SystemActor.WATCH)
    refused("life.wrong-role", lambda: harness.store.resume("dep", by=SystemActor.WATCH))
    refused("people.wrong-role", lambda: harness.store.resume("dep", by=authenticated(OPERATOR)))
    refused("people.unknown", lambda: harness.store.close("dep", by=authenticated("a stranger")))
    harness.store.close("dep", by=authenticated(OPERATOR))


def test_an_id_is_never_used_for_a_trial_and_a_planned_one(harness: PlanningHarness) -> None:
    harness.store.create("dep", DeploymentKind.DEMO, name="d", policy=harness.policy)

    refused("deployment.exists", harness.plan)
    refused("life.trial", lambda: harness.planning.ready("dep", by=authenticated(PLANNER)))
    refused("life.trial", lambda: harness.store.cancel("dep", "x", by=authenticated(PLANNER)))


def test_only_registered_operators_attend_and_decide_at_a_planned_deployment(harness: PlanningHarness) -> None:
    harness.walk(S.LIVE)
    attendance, decisions = (
        Attendance(harness.engine, harness.clock),
        DecisionService(harness.engine, harness.trail, harness.clock),
    )
    recorder = recorder_of(harness.engine, harness.clock)
    recorder.record_sightings([sighting(0.0, vault=harness.vault, sealed_ns=harness.clock.time_ns())])
    (alert,) = alerts_of(harness.engine, "dep")

    refused("people.unknown", lambda: attendance.record_heartbeat("dep", authenticated("a stranger")))
    refused("people.wrong-role", lambda: attendance.record_heartbeat("dep", authenticated(PLANNER)))
    assert Condition.OPERATOR_ATTENDING in red(harness)
    refused(
        "people.wrong-role",
        lambda: decisions.judge(alert.id, Judgement.SAME, authenticated(PLANNER), shown=seen(harness.engine, alert.id)),
    )
    attendance.record_heartbeat("dep", authenticated(OPERATOR))
    decisions.judge(alert.id, Judgement.SAME, authenticated(OPERATOR), shown=seen(harness.engine, alert.id))
    assert Condition.OPERATOR_ATTENDING not in red(harness)
    harness.people.revoke(OPERATOR, why="moved on", by=authenticated("Dee Compliance"))
    refused("people.revoked", lambda: attendance.record_heartbeat("dep", authenticated(OPERATOR)))


def test_a_measured_evaluation_authorises_without_the_signature_where_and_only_where_it_carries_the_claim(
    harness: PlanningHarness,
) -> None:
    made = form(harness.start())
    for deployment, cap in (("dep", made.list_cap), ("far", 10_000)):
        harness.plan(deployment, list_cap=cap, cameras=(f"of-{deployment}",), place=deployment)
        harness.register_document(ComplianceDocumentKind.COMMUNITY, deployment=deployment)
    row = Evaluation(
        contract="model",
        threshold=made.threshold,
        probes=faces_needed(100_000),
        list_people=made.list_cap,
        false_matches=0,
        source="passes of people who weren't listed",
        indicative=False,
    )

    def sign(deployment: str, *evaluations: Evaluation) -> Authority:
        planning = PlanningService(harness.engine, harness.trail, harness.clock, harness.policy, evaluations)
        return planning.authorise(deployment, by=authenticated(OFFICER), reason="necessary", revision=1)

    one_fewer = row.model_copy(update={"probes": row.probes - 1})
    refused("life.claim-not-shown", lambda: sign("dep", one_fewer))
    refused("life.claim-not-shown", lambda: sign("far", row))  # a list ten times as long as the one that was measured
    given = sign("dep", row)

    assert (given.claim_not_shown, given.expected_false_alerts) == (False, 0.0)


@pytest.mark.parametrize(
    ("model", "threshold", "words"),
    [("", None, "another model"), ("another", None, "another model"), ("model", 0.6, "the threshold 0.6")],
)
def test_an_equality_assessment_of_something_else_shuts_the_way_to_authorities_until_it_is_renewed(
    harness: PlanningHarness, model: str, threshold: float | None, words: str
) -> None:
    made = harness.plan()
    harness.register_document(ComplianceDocumentKind.COMMUNITY, deployment="dep")

    def assess(version: str, of: float | None) -> None:
        file = harness.home / f"equality-{version}.md"
        file.write_text("# Equality\n\nBy group.\n", encoding="utf-8")
        folder, policy = harness.home / "papers", harness.policy.papers
        register = ComplianceDocumentRegister(
            harness.engine, harness.trail, harness.clock, folder, policy, model="model", threshold=of
        )
        register.add(
            ComplianceDocumentKind.EQUALITY,
            file,
            title="Equality",
            version=version,
            review_by=harness.now.date() + timedelta(days=100),
            by=authenticated(COMPLIANCE),
        )

    def sign(in_use: str) -> Authority:
        planning = PlanningService(harness.engine, harness.trail, harness.clock, harness.policy, model=in_use)
        return planning.authorise(
            "dep", by=authenticated(OFFICER), reason="necessary", revision=1, claim_not_shown=True
        )

    assess("2", threshold)
    assert words in refused("life.equality", lambda: sign(model))
    assess("3", made.threshold)
    assert sign("model").granted
