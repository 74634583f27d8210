"""The flow `open-deployment`: opens a deployment at the start of its hours, or calls those who must act first."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from flows.build import ACTOR, call_role
from flows.schedule import FlowStep
from flows.step_runner import End, StepResult, run_step
from lfr_core.common.errors import LfrError
from lfr_core.custody.installation import Installation
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.build import build_deployment_service, build_gallery_comparison
from lfr_core.deployments.gate_reading import read_gate
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.gate import TO_BE_OPENED, Condition, GateFinding
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow

__all__ = ["open_deployment"]


@flow(name=FlowStep.OPEN.value, persist_result=False)
def open_deployment(deployment: str, revision: int) -> State[None]:
    """Open it, or say which conditions are red and call those who must act; a minute later it is tried again."""

    def act(installation: Installation) -> StepResult:
        status, unmet = find_unmet_conditions(installation, deployment)
        if any(each.condition is Condition.GALLERY_UNCHANGED for each in unmet):
            compare_gallery_with_list(installation, deployment)
            status, unmet = find_unmet_conditions(installation, deployment)
        if any(each.condition is Condition.PROVEN for each in unmet):
            test_the_whole_chain(installation, deployment)
            status, unmet = find_unmet_conditions(installation, deployment)
        if unmet or status is not DeploymentStatus.READY:
            return call_who_must_act(installation, deployment, status, unmet)
        return open_it(installation, deployment)

    return run_step(FlowStep.OPEN, deployment, revision, act)


@task(name="look at the gate's conditions", cache_policy=NO_CACHE)
def find_unmet_conditions(
    installation: Installation, deployment: str
) -> tuple[DeploymentStatus, tuple[GateFinding, ...]]:
    with reading(installation.engine) as session:
        row = session.get_one(DeploymentRow, deployment)
        status = DeploymentStatus(row.status)
    found = read_gate(installation.engine, deployment, installation.policy, now_ns=installation.now_ns)
    return status, tuple(each for each in found if each.condition in TO_BE_OPENED and not each.met)


@task(name="compare the gallery with the list", cache_policy=NO_CACHE)
def compare_gallery_with_list(installation: Installation, deployment: str) -> None:
    """Compare them and keep what differs: the gate is decided on that."""
    with suppress(LfrError):  # what is away is seen in what is still unmet
        build_gallery_comparison(installation)(deployment)


@task(name="test the whole chain", cache_policy=NO_CACHE)
def test_the_whole_chain(installation: Installation, deployment: str) -> None:
    """Run the self-test: a green one meets the gate's condition; a red one's lines are kept for `lfr probe show`."""
    from streams.live_probe_selftest import run_self_test

    with suppress(LfrError):  # what is away is seen in what is still unmet
        run_self_test(installation, deployment, by=ACTOR)


@task(name="call who must act", cache_policy=NO_CACHE)
def call_who_must_act(
    installation: Installation, deployment: str, status: DeploymentStatus, unmet: Sequence[GateFinding]
) -> StepResult:
    roles = {role.value: role for role in Role}
    for each in unmet:
        if each.who in roles:
            condition = each.condition.value.replace("-", " ")
            call_role(installation, roles[each.who], deployment, f"its hours have begun and it can't open: {condition}")
    rows = [f"| {each.condition} | {each.who} | {each.why.replace('|', '/')} |" for each in unmet]
    if status is not DeploymentStatus.READY:
        call_role(installation, Role.PLANNER, deployment, "its hours have begun and nobody has called it ready")
        rows.append(f"| ready | planner | it is {status.value}: `lfr deployment ready {deployment}` |")
    names = ", ".join(
        [*(each.condition.value for each in unmet), *(() if status is DeploymentStatus.READY else ("ready",))]
    )
    table = "\n".join(["| red | who must act | why |", "| --- | --- | --- |", *rows])
    return StepResult(
        End.FAILED, f"Not opened: {names}.", f"{table}\n\nIt is tried again each minute until its hours end."
    )


@task(name="open it", cache_policy=NO_CACHE)
def open_it(installation: Installation, deployment: str) -> StepResult:
    build_deployment_service(installation).open(deployment, by=ACTOR)
    return StepResult(
        End.DONE,
        "Opened.",
        "Nothing is recognised until an operator attends: the operator's page, or `lfr operator attend`.",
    )
