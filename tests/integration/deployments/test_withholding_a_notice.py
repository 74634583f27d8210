"""A notice withheld needs two officers; one too late shuts the gate."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta

from lfr_core.custody.people import Role
from lfr_core.deployments.announcement import ReasonClass, announce, announcements
from lfr_core.deployments.readiness import read_pending_withholdings
from lfr_core.deployments.reading import open_calls, timeline
from lfr_core.deployments.withholding import approve_withholding, ask_to_withhold, find_pending, refuse_withholding
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.gate import Condition
from tests.support.people import CAST, authenticated
from tests.support.planning import COMPLIANCE, OFFICER, OPERATOR, OTHER_OFFICER, PLANNER, PUBLISHER, PlanningHarness
from tests.support.planning_acts import red, refused

S = DeploymentStatus


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

    refused("deployment.wrong-state", ask(PUBLISHER))
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
        (waiting,) = read_pending_withholdings(harness.engine)
        harness.wait_until(waiting.asked_at + timedelta(seconds=1))
        harness.plan(place=place, expected_faces=9_000)
        harness.authorise()
        assert waiting.asked_by == PUBLISHER
        assert read_pending_withholdings(harness.engine) == ()
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
