"""A planned deployment in the records: who may take it how far, and what takes it back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from apps.planner.step_words import step_words
from lfr_core.alerts.decisions import DecisionService
from lfr_core.common.errors import Refused
from lfr_core.custody.vault.port import KeyKind
from lfr_core.deployments.attendance import Attendance
from lfr_core.deployments.reading import timeline
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.alerts import Judgement
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus
from lfr_core.domain.gate import Condition
from lfr_core.domain.watchlists import Category
from lfr_core.domain.working_days import LONDON
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.publication import PublishedRecordRow
from lfr_core.storage.tables.watchlists import WatchlistEntryRow
from tests.support.overwriting import overwriting
from tests.support.people import authenticated
from tests.support.planning import OFFICER, OPERATOR, PLANNER, PUBLISHER, PlanningHarness, form
from tests.support.planning_acts import red, refused, status
from tests.support.records import alerts_of, entry, recorder_of, sighting_now
from tests.support.shown_pictures import seen

S = DeploymentStatus


def test_a_deployment_goes_its_whole_line_and_the_timeline_names_three_people(harness: PlanningHarness) -> None:
    harness.walk(S.LIVE)

    assert red(harness) == {Condition.OPERATOR_ATTENDING}
    harness.deployments.suspend("dep", "two false alerts", by=authenticated(OPERATOR))
    harness.deployments.resume("dep", by=authenticated(OFFICER))
    harness.deployments.close("dep", by=SystemActor.FLOWS)

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


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("deployment.overlap", {"place": "  norwich "}),
        ("deployment.overlap", {"place": "Great Yarmouth", "cameras": ("south", "west")}),
    ],
)
def test_two_deployments_share_neither_place_nor_camera_at_a_time(
    harness: PlanningHarness, rule: str, change: dict[str, object]
) -> None:
    harness.plan()

    reported = refused(rule, lambda: harness.plan("other", **change))  # type: ignore[arg-type]  # fields by name
    local = harness.start().astimezone(LONDON)
    assert "dep has the camera " in reported
    assert f"from {local.day} {local:%B %Y, %H:%M}, to " in reported  # of no other clock, and as people write it
    harness.plan("other", wanted=form(harness.start() + timedelta(hours=6), **change))  # type: ignore[arg-type]  # by name


def test_a_window_in_the_past_over_the_clock_change_or_too_long_is_refused(harness: PlanningHarness) -> None:
    def plan(start: datetime, hours: float = 6.0) -> Callable[[], object]:
        return lambda: harness.plan(wanted=form(start, hours=hours))

    refused("deployment.past-window", plan(harness.now))
    refused("deployment.too-long", plan(harness.start(), hours=12.5))
    refused("deployment.clock-change", plan(datetime(2027, 3, 27, 23, tzinfo=UTC)))
    refused("deployment.over-cap", lambda: harness.plan(list_cap=20_001))
    refused("deployment.threshold-reason", lambda: harness.plan(threshold=0.4))
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

    refused("deployment.list-changed", lambda: harness.deployments.approve_list("dep", seen, by=authenticated(OFFICER)))
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


def test_nothing_is_ready_or_open_before_its_conditions_are_met(harness: PlanningHarness) -> None:
    made = harness.walk(S.LIST_APPROVED)
    harness.touch()
    refused("gate.signage", lambda: harness.deployments.mark_ready("dep", by=authenticated(PLANNER)))
    harness.deployments.confirm("dep", by=authenticated(PLANNER), signage=True)
    refused("gate.briefing", lambda: harness.deployments.mark_ready("dep", by=authenticated(PLANNER)))
    harness.deployments.confirm("dep", by=authenticated(OPERATOR), briefing=True)
    harness.deployments.mark_ready("dep", by=authenticated(PLANNER))

    refused("gate.proven", lambda: harness.deployments.open("dep", by=authenticated(OPERATOR)))
    harness.prove()
    refused("gate.within-hours", lambda: harness.deployments.open("dep", by=authenticated(OPERATOR)))
    harness.wait_until(made.starts_at)
    harness.touch()
    refused("gate.proven", lambda: harness.deployments.open("dep", by=authenticated(OPERATOR)))  # that was hours ago
    harness.prove()
    harness.deployments.open("dep", by=authenticated(OPERATOR))
    assert status(harness) is S.LIVE
    refused("deployment.planned", lambda: harness.deployments.open("dep", hours=1.0))


def test_cancelling_destroys_the_list_that_was_built(harness: PlanningHarness) -> None:
    harness.walk(S.LIST_APPROVED)
    assert harness.vault.kept(KeyKind.WATCHLIST, "dep")

    refused("deployment.reason-missing", lambda: harness.deployments.cancel("dep", " ", by=authenticated(PLANNER)))
    harness.deployments.cancel("dep", "rain", by=authenticated(PLANNER))

    assert status(harness) is S.CANCELLED
    assert harness.vault.kept(KeyKind.WATCHLIST, "dep") == ()
    with reading(harness.engine) as session:
        assert session.exec(select(WatchlistEntryRow.id)).all() == []
    refused("deployment.wrong-state", harness.plan)


def test_a_process_may_do_only_what_its_line_says(harness: PlanningHarness) -> None:
    harness.walk(S.LIVE)

    refused("deployment.wrong-role", lambda: harness.deployments.suspend("dep", "x", by=SystemActor.FLOWS))
    harness.deployments.suspend("dep", "live probe missed", by=SystemActor.WATCH)
    refused("deployment.wrong-role", lambda: harness.deployments.resume("dep", by=SystemActor.WATCH))
    refused("people.wrong-role", lambda: harness.deployments.resume("dep", by=authenticated(OPERATOR)))
    refused("people.unknown", lambda: harness.deployments.close("dep", by=authenticated("a stranger")))
    harness.deployments.close("dep", by=authenticated(OPERATOR))


def test_an_id_is_never_used_for_a_trial_and_a_planned_one(harness: PlanningHarness) -> None:
    harness.deployments.create("dep", DeploymentKind.DEMO, name="d")

    refused("deployment.exists", harness.plan)
    refused("deployment.trial", lambda: harness.deployments.mark_ready("dep", by=authenticated(PLANNER)))
    refused("deployment.trial", lambda: harness.deployments.cancel("dep", "x", by=authenticated(PLANNER)))


def test_only_registered_operators_attend_and_decide_at_a_planned_deployment(harness: PlanningHarness) -> None:
    harness.walk(S.LIVE)
    attendance, decisions = (
        Attendance(harness.engine, harness.trail, harness.clock),
        DecisionService(harness.engine, harness.trail, harness.clock),
    )
    recorder = recorder_of(harness.engine, harness.clock)
    recorder.record_sightings([sighting_now(harness.vault, harness.clock.time_ns())])
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


def test_a_reason_of_580_characters_is_kept_whole_and_one_that_is_too_long_is_told_how_long_it_is(
    harness: PlanningHarness,
) -> None:
    """An officer pasted one into a field of 300, which took nothing and said nothing."""
    harness.walk(S.LIST_APPROVED)
    with pytest.raises(Refused) as refusal:
        harness.deployments.cancel("dep", "because " * 200, by=authenticated(PLANNER))
    reason = ("It rains, the square is flooded, and nobody is expected there. " * 10)[:580].strip()

    harness.deployments.cancel("dep", reason, by=authenticated(PLANNER))

    assert "the reason has 1,599 characters: say it in at most 1,000" in str(refusal.value)
    assert reason in [step.note for step in timeline(harness.engine, "dep")]


def test_the_timeline_ends_with_the_results_once_they_are_published_and_with_each_correction(
    harness: PlanningHarness,
) -> None:
    harness.walk(S.LIVE)
    harness.deployments.close("dep", by=authenticated(OPERATOR))
    before = timeline(harness.engine, "dep")
    with overwriting(harness.engine) as session:
        for revision, by, reason in ((1, "system:flows", ""), (2, PUBLISHER, "a count was wrong")):
            session.add(
                PublishedRecordRow(
                    deployment="dep", revision=revision, published_at=harness.now, published_by=by, reason=reason,
                    body="{}", sha256="",
                )
            )  # fmt: skip

    shown = timeline(harness.engine, "dep")

    assert shown[: len(before)] == before
    told = [(step_words(each.step), each.status, each.by, each.note) for each in shown[len(before) :]]
    assert told == [
        ("results published", "ended", "system:flows", ""),
        ("results corrected", "ended", PUBLISHER, "a count was wrong"),
    ]
