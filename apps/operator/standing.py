"""Whether anybody is recognised now; if not, why, since when, who acts: the bar over the operator's page. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from html import escape
from textwrap import shorten
from typing import Final

from apps.operator.panels import cameras_work, duration_words
from apps.operator.values import Dashboard
from apps.operator.view import clock_words
from apps.plain_words import plain_words
from lfr_core.alerts.health import Health
from lfr_core.alerts.read import CameraHealth, DeploymentSummary
from lfr_core.common.counts import agree, counted
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.working_days import LONDON

__all__ = ["ConsoleState", "standing_html", "standing_of"]

_SYSTEM: Final = "whoever runs the system"
_WHY: Final = {
    Health.SILENT: "no camera sends",
    Health.NO_PICTURES: "no camera sends pictures",
    Health.NOT_RECOGNISING: "no picture is looked at",
    Health.LOSING: "pictures are lost on their way",
    Health.ENDED: "every camera has been stopped",
}
_POORLY: Final = {
    Health.DARK: "dark or covered",
    Health.STILL: "the same picture again and again",
    Health.MOVED: "turned elsewhere",
    Health.DAMAGED: "damaged pictures",
    Health.LOSING: "pictures lost on their way",
    Health.BEHIND: "pictures come late",
}
"""States in which pictures are looked at all the same, so that an alert may come: nobody says that none does."""
_MOST_NAMED: Final = 2
_NS: Final = 1_000_000_000
_LONGEST_WHY: Final = 160
"""Characters of a reason that somebody typed: the bar has two lines, and the planning page the whole of it."""


@dataclass(frozen=True, slots=True)
class ConsoleState:
    """Whether people are recognised now."""

    recognising: bool
    why: str
    """Why not; of those that work, how many of the cameras."""
    since_ns: int | None
    """Wall time; None where it isn't known."""
    who: str
    """Who acts; "" while people are recognised."""
    hardly: bool = False
    """Whether pictures are looked at, of cameras none of which sees as it should."""
    over: str = ""
    """What became of a deployment that is over, and when: that nobody is recognised is as it should be then."""


def standing_of(
    dashboard: Dashboard, *, live: bool, over: DeploymentSummary | None = None, suspended_why: str = ""
) -> ConsoleState:
    """Say it from what the page knows; the first cause that alone is enough.

    Args:
        dashboard: cameras and totals.
        live: whether it is open.
        over: the deployment, where it is over.
        suspended_why: "" where it isn't suspended.
    """
    if over is not None:
        left = dashboard.waiting
        waits = f"{counted(left, 'alert')} {agree(left, 'waits')} for an operator's judgement" if left else ""
        return ConsoleState(recognising=False, why=waits, since_ns=None, who="", over=_over_words(over))
    if suspended_why:
        why = shorten(plain_words(suspended_why), _LONGEST_WHY, placeholder=" …")
        return _off(f"it is suspended ({why})", None, "an authorising officer, who resumes it on the planning page")
    if not live:
        return _off("the deployment isn't open", None, "its planner")
    if not dashboard.vault.answers:
        return _off("the vault lends no key", dashboard.vault.since_ns, _SYSTEM)
    if dashboard.shut_why:
        return _off(plain_words(dashboard.shut_why), None, dashboard.shut_who)
    if dashboard.silent:
        part = dashboard.silent[0]
        return _off(f"{part.name} answers nothing", part.since_ns, _SYSTEM)
    running = [camera for camera in dashboard.cameras if camera.standing.health is not Health.ENDED]
    if not dashboard.cameras:
        return _off("no camera has sent a picture yet", None, "its planner")
    if dashboard.working:
        why = cameras_work(dashboard.working, len(running))
        return ConsoleState(recognising=True, why=why, since_ns=None, who="")
    return _no_camera_works(running or list(dashboard.cameras))


def _over_words(one: DeploymentSummary) -> str:
    was = "was cancelled" if one.view.status is DeploymentStatus.CANCELLED else "ended"
    if one.ended_at is None:
        return f"The deployment {was}."
    local = one.ended_at.astimezone(LONDON)
    return f"The deployment {was} on {local.day} {local:%B %Y at %H:%M}."


def _off(why: str, since_ns: int | None, who: str) -> ConsoleState:
    return ConsoleState(recognising=False, why=why, since_ns=since_ns, who=who)


def _no_camera_works(cameras: list[CameraHealth]) -> ConsoleState:
    poor = [each for each in cameras if each.looks_per_second > 0 and each.standing.health in _POORLY]
    if poor:
        named = ", ".join(f"{each.camera}: {_POORLY[each.standing.health]}" for each in poor[:_MOST_NAMED])
        since = [each.standing.since_ns for each in poor if each.standing.since_ns is not None]
        why = f"no camera sees as it should ({named}{', and more' if len(poor) > _MOST_NAMED else ''})"
        return ConsoleState(
            recognising=False, why=why, since_ns=max(since, default=None), who="its planner", hardly=True
        )
    worst = cameras[0].standing
    began = [camera.standing.since_ns for camera in cameras if camera.standing.since_ns is not None]
    who = "its planner" if worst.health in {Health.SILENT, Health.NO_PICTURES, Health.ENDED} else _SYSTEM
    return _off(_WHY.get(worst.health, "no camera works"), max(began, default=None), who)


def standing_html(state: ConsoleState, *, now_ns: int, opened_at: datetime | None = None) -> str:
    """Show it over the whole width, in words first.

    opened_at: since when people could be recognised at all; aware.
    """
    if state.over:
        left = f"Still to do: {state.why}." if state.why else "No alert is left to judge."
        words = escape(f"{state.over} {left}")
        return f'<p class="ops-state" role="status"><strong>OVER</strong> <span>{words}</span></p>'
    if state.recognising:
        return (
            '<p class="ops-state is-on" role="status"><strong>RECOGNISING</strong> '
            f"<span>{escape(state.why)}</span></p>"
        )
    since = ""
    if state.since_ns is not None:
        since_ns = state.since_ns if opened_at is None else max(state.since_ns, int(opened_at.timestamp()) * _NS)
        since = f" Since {clock_words(since_ns)}, {duration_words((now_ns - since_ns) / 1e9)}."
    word, whom = ("HARDLY RECOGNISING", "Hardly anybody") if state.hardly else ("NOT RECOGNISING", "Nobody")
    return (
        f'<p class="ops-state is-off" role="alert"><strong>{word}</strong> <span>{whom} is recognised: '
        f"{escape(state.why)}.{since} Who acts: {escape(state.who)}.</span></p>"
    )
