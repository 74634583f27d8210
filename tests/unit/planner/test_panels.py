"""The planner's HTML: what came from outside is escaped, and what isn't met is said in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from apps.planner.list_html import uploaded_html
from apps.planner.panels import coming_html, forecast_html, quality_html, timeline_html
from apps.planner.step_words import STEP_WORDS, step_words
from apps.planner.uploaded_lists import StagedList
from lfr_core.common.quality.findings import Finding, Unchecked
from lfr_core.deployments.application import Application
from lfr_core.deployments.evaluations import load_evaluations
from lfr_core.deployments.false_alert_forecast import forecast_false_alerts
from lfr_core.deployments.readiness import CalendarEntry
from lfr_core.deployments.reading import TimelineEntry
from lfr_core.deployments.steps import Step
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus
from lfr_core.domain.policy import load_policy
from lfr_core.watchlists.quality.result import ListQuality
from lfr_core.watchlists.upload import LeftOut
from tests.support.planning import form

EVIL = '<img src=x onerror="alert(1)">'
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def test_what_was_left_out_of_an_upload_is_named_escaped_and_not_without_end() -> None:
    left_out = (LeftOut(EVIL, "it is no photograph"), *(LeftOut(f"{n}.md", "it is no photograph") for n in range(30)))
    shown = uploaded_html(StagedList(Path(), "Pat Planner", 1, left_out))

    assert "Uploaded: the list and 1 photograph." in shown
    assert "<img" not in shown
    assert "0.md: it is no photograph" in shown
    assert "and 21 more" in shown
    assert "Left out" not in uploaded_html(StagedList(Path(), "Pat Planner", 1))


def test_what_people_typed_is_escaped_wherever_it_is_shown() -> None:
    made = Application(
        **form(NOW + timedelta(days=3)).model_copy(update={"place": EVIL}).model_dump(),
        deployment="dep",
        revision=1,
        applied_by=EVIL,
        applied_at=NOW,
    )
    entry = TimelineEntry(NOW, "plan", "draft", EVIL, 1, EVIL)

    for shown in (coming_html(CalendarEntry("dep", EVIL, DeploymentStatus.READY, made)), timeline_html([entry])):
        assert "&lt;img" in shown
        assert "<img" not in shown


def test_refused_entries_come_with_line_reason_and_rule_and_what_was_not_checked_is_said() -> None:
    def finding(line: int | None, *, refuses: bool) -> Finding:
        return Finding("watchlist.expiry", line, EVIL, "a.jpg", "2026-01-01", "expired before the end", refuses)

    found = ListQuality(
        kind=DeploymentKind.OPERATIONAL,
        today=date(2026, 12, 1),
        last_day=date(2026, 12, 4),
        rows=3,
        photographs_looked_at=0,
        findings=(finding(None, refuses=True), finding(2, refuses=True), finding(3, refuses=False)),
        checked=(),
        unchecked=(Unchecked("one-face", "no face was embedded"),),
        composition=(),
        minors=0,
        newest_check=None,
    )

    shown = quality_html(found)

    assert "2 refused" in shown
    assert "1 to look at, not refused" in shown
    assert "Not checked: one face (no face was embedded)" in shown
    assert "<td>2</td>" in shown
    assert "<img" not in shown
    assert "No report" in quality_html(None)


def test_a_forecast_that_is_not_measured_is_never_a_number() -> None:
    unknown = forecast_html(forecast_false_alerts(form(NOW + timedelta(days=3)), [], load_policy()))

    assert "not measured" in unknown
    assert "not shown" in unknown
    assert "0 false" not in unknown


def test_the_timeline_says_days_and_times_as_people_do() -> None:
    shown = timeline_html([TimelineEntry(NOW, "plan", "draft", "Pat Planner", 1, "Norwich, 2026-11-27 20:34")])

    assert "Norwich, 27 November 2026, 20:34" in shown


def test_the_timeline_names_no_process_of_the_software() -> None:
    shown = timeline_html([TimelineEntry(NOW, "announce", "authorised", "system:flows", 1, "")])

    assert "<td>the platform itself</td>" in shown
    assert "system:" not in shown


def test_the_timeline_says_each_step_in_words() -> None:
    assert set(STEP_WORDS) == set(Step)
    shown = timeline_html([TimelineEntry(NOW, "approve-list", "list approved", "Cass", 1, "")])

    assert "<td>list approved</td>" in shown
    assert step_words("confirm-signs") == "confirm signs"
    assert {Step.PLAN: "application written", Step.CLOSE: "ended"}.items() <= STEP_WORDS.items()


def test_a_forecast_says_its_interval_without_a_statistician() -> None:
    made = form(NOW + timedelta(days=3))
    shown = forecast_html(forecast_false_alerts(made, load_evaluations(), load_policy()))

    assert "about " in shown
    assert "Most likely between" in shown
    assert "interval" not in shown.split("pln-small")[0]
