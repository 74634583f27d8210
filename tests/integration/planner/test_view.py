"""The planner's view over real records: what waits for whom, what is offered, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

import pytest

from apps.planner.view import PlannerView
from lfr_core.common.errors import Poison, Refused, Retryable
from lfr_core.common.quality.findings import Finding, Unchecked
from lfr_core.custody.people import Role
from lfr_core.deployments.compliance_documents import ComplianceDocumentKind
from lfr_core.deployments.readiness import steps_for
from lfr_core.deployments.reading import read_authority
from lfr_core.deployments.steps import Step
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus
from lfr_core.domain.gate import Condition
from lfr_core.storage.engine import reading
from lfr_core.watchlists.quality.result import RESULT_FILE, CategoryCount, ListQuality
from tests.support.people import authenticated
from tests.support.planner_view import planner_view_of
from tests.support.planning import OFFICER, OPERATOR, OTHER_OFFICER, PLANNER, PUBLISHER, PlanningHarness
from tests.support.records import entry

S = DeploymentStatus


@dataclass
class PlannerCalls:
    """What the view told the world."""

    dropped: list[str] = field(default_factory=list)
    moved: int = 0


@pytest.fixture
def calls() -> PlannerCalls:
    return PlannerCalls()


def view_of(harness: PlanningHarness, calls: PlannerCalls, drop_gallery: Callable[[str], None]) -> PlannerView:
    def reschedule() -> None:
        calls.moved += 1

    return planner_view_of(harness, drop_gallery=drop_gallery, reschedule=reschedule)


@pytest.fixture
def view(harness: PlanningHarness, calls: PlannerCalls) -> PlannerView:
    return view_of(harness, calls, calls.dropped.append)


def refused(rule: str, act: Callable[[], object]) -> None:
    with pytest.raises(Refused) as error:
        act()
    assert error.value.rule == rule, str(error.value)


def test_what_waits_for_an_officer_waits_for_nobody_else_and_is_gone_once_done(
    harness: PlanningHarness, view: PlannerView
) -> None:
    def waiting(name: str) -> list[tuple[str, Role]]:
        return [(one.deployment, one.role) for one in view.waiting(harness.person(name))]

    harness.plan("dep")
    officers = [("dep", Role.AUTHORISING_OFFICER)]
    assert [waiting(name) for name in (OTHER_OFFICER, PUBLISHER, OPERATOR)] == [officers, [], []]

    harness.authorise("dep")
    assert [waiting(name) for name in (OTHER_OFFICER, PUBLISHER)] == [[], [("dep", Role.PUBLICATION_OFFICER)]]
    harness.announce("dep")
    harness.compile("dep")

    assert [waiting(name) for name in (OTHER_OFFICER, PUBLISHER)] == [officers, []]  # its list, though nobody called
    harness.approve("dep")
    assert waiting(OTHER_OFFICER) == []


def test_the_officer_authorises_the_revision_that_was_on_the_screen(
    harness: PlanningHarness, view: PlannerView, calls: PlannerCalls
) -> None:
    harness.plan("dep")
    harness.register_document(ComplianceDocumentKind.COMMUNITY, deployment="dep")
    harness.plan("dep", place="Great Yarmouth")

    def authorise(revision: int, by: str = OTHER_OFFICER, *, signed: bool = True) -> None:
        view.authorise(
            "dep", revision=revision, by=authenticated(by), reason="necessary and proportionate", signed=signed
        )

    refused("deployment.revised", lambda: authorise(1))
    refused("people.wrong-role", lambda: authorise(2, PLANNER))
    assert calls.moved == 0
    authorise(2)

    with reading(harness.engine) as session:
        given = read_authority(session, "dep")
    assert given is not None
    assert (given.revision, given.by, calls.moved) == (2, OTHER_OFFICER, 1)


def test_the_board_lists_every_condition_and_calls_the_clock_unseen(
    harness: PlanningHarness, view: PlannerView
) -> None:
    harness.walk(S.READY)

    readiness = view.read_overview("dep").readiness

    assert {line.finding.condition for line in readiness} == set(Condition)
    assert {line.finding.condition for line in readiness if not line.looked} == {Condition.CLOCK_SANE}
    missing = {line.finding.condition for line in readiness if line.looked and not line.finding.met}
    assert missing == {
        Condition.GALLERY_UNCHANGED,  # not yet compared
        Condition.PROVEN,
        Condition.WITHIN_HOURS,
        Condition.LIVE,
        Condition.OPERATOR_ATTENDING,
    }


def test_the_calendar_has_planned_deployments_by_their_start_and_no_trial(
    harness: PlanningHarness, view: PlannerView
) -> None:
    harness.deployments.create("trial", DeploymentKind.EVALUATION, name="t")
    harness.plan("late", place="Cromer", cameras=("pier",))
    harness.plan("over", place="Diss", cameras=("east",))
    harness.deployments.cancel("over", "the event was called off", by=authenticated(PLANNER))

    assert [one.id for one in view.calendar()] == ["late"]
    assert [(one.id, one.status) for one in view.calendar(over=True)] == [("over", S.CANCELLED)]
    refused("deployment.trial", lambda: view.read_overview("trial"))
    refused("deployment.unknown", lambda: view.read_overview("no\x00ne"))


def test_giving_up_or_closing_drops_the_gallery_and_moves_the_schedule(
    harness: PlanningHarness, view: PlannerView, calls: PlannerCalls
) -> None:
    harness.walk(S.LIST_BUILT)
    gallery = view.read_overview("dep").view.gallery
    view.cancel("dep", "rain", by=authenticated(PLANNER))

    assert gallery
    assert calls.dropped == [gallery]
    assert calls.moved == 1
    assert view.read_overview("dep").view.status is S.CANCELLED


def test_a_gallery_that_can_not_be_dropped_now_is_said_to_go_later_and_the_deployment_is_over(
    harness: PlanningHarness, view: PlannerView, calls: PlannerCalls
) -> None:
    def away(_gallery: str) -> None:
        raise Retryable("the gallery doesn't answer")

    harness.walk(S.LIST_BUILT)
    broken = view_of(harness, calls, away)

    with pytest.raises(Retryable, match=r"it is over.*next sweep"):
        broken.cancel("dep", "rain", by=authenticated(PLANNER))

    assert view.read_overview("dep").view.status is S.CANCELLED
    assert calls.moved == 1


def test_the_forecast_of_the_list_as_built_is_that_of_its_people(harness: PlanningHarness, view: PlannerView) -> None:
    harness.walk(S.LIST_BUILT, entries=(entry(),))
    one = view.read_overview("dep")

    built, cap = (
        view.forecast(one.application, people=one.list_people).forecast,
        view.forecast(one.application).forecast,
    )

    assert one.list_people == 1
    assert built is not None
    assert cap is not None
    assert built.expected == pytest.approx(10_000 * 85 / 850_000)
    assert built.expected < cap.expected


def test_each_role_is_offered_its_own_steps_and_the_auditor_none(harness: PlanningHarness) -> None:
    def offered(name: str, status: DeploymentStatus) -> frozenset[Step]:
        return steps_for(harness.person(name), status)

    assert {Step.AUTHORISE, Step.REFUSE} <= offered(OFFICER, S.APPLIED)
    assert not {Step.AUTHORISE, Step.REFUSE} & offered(PLANNER, S.APPLIED)
    assert Step.WITHHOLD in offered(OFFICER, S.AUTHORISED)
    assert Step.WITHHOLD not in offered(PUBLISHER, S.AUTHORISED)
    assert Step.RESUME not in offered(OPERATOR, S.SUSPENDED)
    assert all(not offered("Ada Auditor", status) for status in S)


def test_a_report_on_the_list_is_read_and_a_damaged_one_is_called_that(
    harness: PlanningHarness, view: PlannerView
) -> None:
    assert view.list_quality("dep") is None
    folder = harness.home / "quality" / "dep"
    folder.mkdir(parents=True)
    file = folder / RESULT_FILE
    finding = Finding("expiry", 2, "S1", "a.jpg", "2026-01-01", "expired", refuses=True)
    written = ListQuality(
        kind=DeploymentKind.OPERATIONAL,
        today=date(2026, 12, 1),
        last_day=date(2026, 12, 4),
        rows=1,
        photographs_looked_at=0,
        findings=(finding,),
        checked=("rows",),
        unchecked=(Unchecked("one-face", "no face was embedded"),),
        composition=(CategoryCount("victim", 1, 0),),
        minors=0,
        newest_check=date(2026, 11, 30),
    )
    file.write_text(json.dumps(written.as_dict()), encoding="utf-8")

    shown = replace(finding, subject="", photograph="", value="")  # a planner sees nobody of the list
    assert view.list_quality("dep") == replace(written, findings=(shown,))

    file.write_text('{"passes": true}', encoding="utf-8")
    with pytest.raises(Poison, match="can't be read"):
        view.list_quality("dep")
