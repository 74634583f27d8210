"""Tells whether a deployment is still what stood on the screen: for a click, and for the page around it."""

from __future__ import annotations

from apps.planner.remedies import Act
from lfr_core.deployments.readiness import DeploymentOverview

__all__ = ["act_key", "overview_key", "press_key"]


def act_key(one: DeploymentOverview) -> str:
    """Return the end of the acts' keys: a click reaches what stood on the screen, never what has taken its place."""
    asked = one.withholding.name if one.withholding else ""
    ends = f"{one.planned.ends_at:%H%M}"
    return (
        f"{one.view.id}-{one.view.status.value}-{one.application.revision}-{one.planned.list_digest[:12]}{ends}{asked}"
    )


def press_key(act: Act, one: DeploymentOverview) -> str:
    """Return by what a press of an act is known that has its button beside a red line, or among the acts before."""
    return f"{act.value}-{act_key(one)}"


def overview_key(one: DeploymentOverview) -> str:
    """Return what head, acts and timeline were drawn of: another one means that somebody, or a flow, moved it on."""
    planned = one.planned
    drawn_of = (
        *(one.view, one.authority, one.withholding, one.list_built_at, one.suspended_why),
        *(one.signage_by, one.briefing_by, planned.announced, planned.compiler, planned.approver),
    )
    return f"{act_key(one)}-{drawn_of!r}"
