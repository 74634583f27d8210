"""The flow `announce`: announces a deployment to the public, unless somebody has announced or withheld it meanwhile."""

from __future__ import annotations

from datetime import timedelta

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from flows.build import ACTOR, call_role
from flows.schedule import FlowStep
from flows.step_runner import End, StepResult, run_step
from lfr_core.custody.installation import Installation
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.announcement import announce as announce_deployment
from lfr_core.deployments.build import build_announcement_store
from lfr_core.deployments.reading import read_application
from lfr_core.storage.engine import reading

__all__ = ["announce"]


@flow(name=FlowStep.ANNOUNCE.value, persist_result=False)
def announce(deployment: str, revision: int) -> State[None]:
    """Announce it as it is planned, in time; too late, ask people to move it or to withhold it."""

    def act(installation: Installation) -> StepResult:
        notice_h = compute_notice_h(installation, deployment)
        if notice_h < installation.policy.planning.notice_h:
            return call_the_publication_officer(installation, deployment, notice_h)
        return announce_to_the_public(installation, deployment)

    return run_step(FlowStep.ANNOUNCE, deployment, revision, act)


def compute_notice_h(installation: Installation, deployment: str) -> float:
    """Return the hours from now to its start."""
    with reading(installation.engine) as session:
        made = read_application(session, deployment)
    return 0.0 if made is None else (made.starts_at - installation.now) / timedelta(hours=1)


@task(name="tell the public", cache_policy=NO_CACHE)
def announce_to_the_public(installation: Installation, deployment: str) -> StepResult:
    made = announce_deployment(installation.engine, build_announcement_store(installation), deployment, by=ACTOR)
    return StepResult(
        End.DONE,
        f"Announced: {made.plan.place}, {made.plan.starts_at:%Y-%m-%d %H:%M} to {made.plan.ends_at:%H:%M %Z}.",
        "The public site shows it when it is next built (`lfr publish site` builds it now).",
    )


@task(name="call the publication officer", cache_policy=NO_CACHE)
def call_the_publication_officer(installation: Installation, deployment: str, notice_h: float) -> StepResult:
    """Let people decide: what is public can't be withheld any more, and so late a notice opens no gate."""
    asks = f"{installation.policy.planning.notice_h:g} h"
    call_role(
        installation,
        Role.PUBLICATION_OFFICER,
        deployment,
        f"too late to announce it {asks} before: withhold it, or announce it",
    )
    call_role(
        installation, Role.PLANNER, deployment, f"too late to announce it {asks} before: move it, or have it withheld"
    )
    return StepResult(
        End.FAILED,
        f"Not announced: {notice_h:.1f} h are left, the policy asks for {asks}.",
        f"* `lfr deployment withhold {deployment} --reason-class …`, which an authorising officer approves: the "
        "reasons are a closed list; or\n"
        f"* `lfr deployment plan {deployment} FORM` with a later start.\n",
    )
