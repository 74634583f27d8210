"""One bar says whether anybody is recognised: never RECOGNISING while nobody is, and why, since when, who acts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.operator.parts import SilentPart
from apps.operator.standing import standing_html, standing_of
from apps.operator.values import Dashboard
from lfr_core.alerts.health import CameraState, Health
from lfr_core.alerts.read import DeploymentCounts, DeploymentSummary
from lfr_core.common.clock import utc_from_ns
from lfr_core.custody.vault.reachability import VaultState
from lfr_core.domain.deployments import DeploymentStatus
from tests.support.records import NOW_NS
from tests.unit.operator.test_panels import ANSWERS, CAMERA, NO_ALERTS, summary

WORKING = Dashboard(
    (CAMERA,), DeploymentCounts(CAMERA.counts, 4, 1, 1, NO_ALERTS, NO_ALERTS), CAMERA.latency, 2000.0, NOW_NS, ANSWERS
)
SINCE_NS = NOW_NS - 90 * 10**9


def bar(dashboard: Dashboard, *, live: bool = True, over: DeploymentSummary | None = None) -> str:
    return standing_html(standing_of(dashboard, live=live, over=over), now_ns=NOW_NS)


def test_a_camera_in_whose_pictures_people_are_recognised_is_said_to_work() -> None:
    assert "<strong>RECOGNISING</strong> <span>1 of 1 camera works</span>" in bar(WORKING)


def test_nobody_is_said_not_to_have_been_recognised_before_the_deployment_was_open() -> None:
    dark = replace(WORKING, vault=VaultState("gone", SINCE_NS))
    state = standing_of(dark, live=True)

    assert ", 1 min." in standing_html(state, now_ns=NOW_NS)
    assert ", 20 s." in standing_html(state, now_ns=NOW_NS, opened_at=utc_from_ns(NOW_NS - 20 * 10**9))


def test_of_a_suspended_deployment_the_bar_says_why_and_that_an_officer_resumes_it() -> None:
    why = "the circuit breaker: 2 false alerts in 25 faces compared"

    said = standing_html(standing_of(WORKING, live=False, suspended_why=why), now_ns=NOW_NS)

    assert f"it is suspended ({why}). Who acts: an authorising officer" in said


def test_a_long_reason_leaves_the_bar_its_two_lines() -> None:
    why = "Insp. O'Neill asks for it <at once>. " * 27

    said = standing_html(standing_of(WORKING, live=False, suspended_why=why), now_ns=NOW_NS)

    assert " …)" in said
    assert len(said) < 500
    assert "<at once>" not in said


@pytest.mark.parametrize(
    ("dashboard", "why", "who"),
    [
        (
            replace(WORKING, vault=VaultState("gone", SINCE_NS)),
            "the vault lends no key. Since",
            "whoever runs the system",
        ),
        (
            replace(WORKING, shut_why="no operator attends: open it, or `lfr operator attend`", shut_who="operator"),
            "no operator attends: open it.",
            "operator",
        ),
        (
            replace(WORKING, silent=(SilentPart("the recogniser", SINCE_NS),)),
            "the recogniser answers nothing. Since",
            "whoever runs the system",
        ),
        (replace(WORKING, cameras=()), "no camera has sent a picture yet", "its planner"),
    ],
)
def test_what_keeps_people_from_being_recognised_is_named_with_who_acts(
    dashboard: Dashboard, why: str, who: str
) -> None:
    output = bar(dashboard)

    assert "NOT RECOGNISING" in output
    assert why in output
    assert f"Who acts: {who}." in output
    assert "`" not in output


@pytest.mark.parametrize("health", [each for each in Health if not each.works])
def test_no_camera_that_does_not_work_is_called_recognising(health: Health) -> None:
    output = bar(replace(WORKING, cameras=(replace(CAMERA, standing=CameraState(health, SINCE_NS)),)))

    assert "is-off" in output
    assert "<strong>RECOGNISING" not in output
    assert "1 min" in output


def test_of_a_camera_that_sees_badly_the_bar_never_says_that_nobody_is_recognised_while_alerts_may_come() -> None:
    dark = replace(CAMERA, standing=CameraState(Health.DARK, SINCE_NS))
    looked_at = bar(replace(WORKING, cameras=(dark,)))
    not_looked_at = bar(replace(WORKING, cameras=(replace(dark, looks_per_second=0.0),)))

    assert "HARDLY RECOGNISING" in looked_at
    assert "no camera sees as it should (north: dark or covered)." in looked_at
    assert "Nobody" not in looked_at
    assert "<strong>NOT RECOGNISING</strong> <span>Nobody is recognised: no camera works." in not_looked_at


def test_a_deployment_that_is_not_open_recognises_nobody_whatever_its_cameras_do() -> None:
    assert "NOT RECOGNISING" in bar(WORKING, live=False)


@pytest.mark.parametrize(
    ("status", "waiting", "expected"),
    [
        (DeploymentStatus.ENDED, 0, "The deployment ended on 23 November 2026 at 12:00. No alert is left to judge."),
        (DeploymentStatus.ENDED, 2, "at 12:00. Still to do: 2 alerts wait for an operator&#x27;s judgement."),
        (DeploymentStatus.CANCELLED, 0, "The deployment was cancelled on 23 November 2026 at 12:00. No alert is left"),
    ],
)
def test_of_a_deployment_that_is_over_the_bar_says_so_when_and_what_is_left_to_do_and_raises_no_alarm(
    status: DeploymentStatus, waiting: int, expected: str
) -> None:
    over = replace(summary(status), ended_at=utc_from_ns(NOW_NS))
    output = bar(replace(WORKING, waiting=waiting), live=False, over=over)

    assert expected in output
    assert "RECOGNISING" not in output
    assert 'role="alert"' not in output
    assert "is-off" not in output
