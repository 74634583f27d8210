"""Refuses a flow run of a deployment's life that the reconciler didn't make, or that was changed since, and raises it.

Whoever has the login of Prefect's server can make a run, or change one's parameters. What a flow does is bound by the
plan anyhow (`flows.step_runner`); a run that isn't ours, or isn't as we made it, does nothing at all. The sweep is
different: it takes no parameter and destroys only what is due, so that one of somebody else's is raised, and purges.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.states import Failed
from sqlalchemy import Engine
from sqlmodel import Session, select

from flows.build import ACTOR
from flows.run_register import is_sweep_key
from flows.schedule import FlowStep, parse_run_key
from lfr_core.common.errors import LfrError
from lfr_core.common.logs import get_logger
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.installation import Installation
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.reading import call, call_at_newest
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.deployments import DeploymentRow, ScheduledRunRow

__all__ = ["raise_lost_flows", "raise_strange_sweep", "refuse_strange_run", "refuse_unfit_run"]

_LONGEST_FACT = 200
_WAIT_S, _LOOKS = 0.5, 20
"""A run that is due at once may begin before it is written down that it was made."""


def refuse_strange_run(
    installation: Installation, step: FlowStep, deployment: str, revision: int | None = None
) -> State[None] | None:
    """Look whether the reconciler made this run for these parameters. None if so; else it is on the trail, and refused.

    Raises:
        Retryable: the records or the vault are away.
    """
    run_id = _read_run_id()
    key = _find_key(installation.engine, run_id)
    made = parse_run_key(key) if key else None
    if made is not None and (made.step, made.deployment) == (step, deployment) and revision in {None, made.revision}:
        return None
    why = "with other parameters than it was made with" if key else "that nobody has planned"
    return _refuse(installation, step.value, deployment, run_id, why)


def refuse_unfit_run(installation: Installation, flow: str, run_id: str) -> State[None]:
    """Refuse a run with parameters that its flow doesn't take; nobody of ours makes such. It is on the trail.

    While the records or the vault are away it is in the log alone, and refused too.
    """
    why = "with parameters that it doesn't take"
    try:
        return _refuse(installation, flow, "", run_id, why)
    except LfrError as away:
        get_logger().critical("refusal_not_recorded", flow=flow, run=run_id, reason=str(away))
        return Failed(name="Refused", message=f"this is a run {why}: it does nothing")


def raise_strange_sweep(installation: Installation) -> str:
    """Look whether this run of the sweep is ours; if not, put it on the trail and call compliance. Stops nothing.

    Raises:
        Retryable: the records or the vault are away.
    """
    run_id = _read_run_id()
    if is_sweep_key(_find_key(installation.engine, run_id)):
        return "it is"
    get_logger().critical("sweep_not_ours", run=run_id)
    with _on_the_trail(installation, "retention", "", run_id, "flows.sweep-not-ours") as session:
        words = "find out who made a run of retention that nobody has planned: it purged what was due, and no more"
        call_at_newest(session, (Role.COMPLIANCE,), f"{words} (`lfr audit show`)", now=installation.now)
    return "it isn't: it is on the audit trail, and compliance is called"


def raise_lost_flows(installation: Installation, what: str) -> None:
    """Put it on the trail that somebody changed what we registered at the workflow server, and call who answers for it.

    Raises:
        Retryable: the records or the vault are away.
    """
    get_logger().critical("flows_changed_at_server", what=what)
    installation.trail.prepare(ACTOR)
    with writing(installation.engine) as session:
        event = AuditEvent(
            Verb.DECIDE, ACTOR, "", "workflows", "flows.registered-anew", {"changed": what[:_LONGEST_FACT]}
        )
        installation.trail.append(session, event)
        words = "find out who deleted or changed tasks at the workflow server: they are registered anew"
        roles = (Role.COMPLIANCE, Role.AUTHORISING_OFFICER)
        call_at_newest(session, roles, f"{words} (`lfr audit show`)", now=installation.now)


def _refuse(installation: Installation, flow: str, deployment: str, run_id: str, why: str) -> State[None]:
    get_logger().critical("flow_run_refused", flow=flow, run=run_id, why=why)
    with _on_the_trail(installation, flow, deployment, run_id, "flows.run-refused") as session:
        is_known = _is_known(session, deployment)
        named = f"{why}, of a deployment that there isn't" if deployment and not is_known else why
        words = f"find out who made a run of {flow} {named}: it was refused (`lfr audit show`)"
        roles = (Role.COMPLIANCE, Role.AUTHORISING_OFFICER)
        if is_known:
            for role in roles:
                call(session, role=role, deployment=deployment, why=words, now=installation.now)
        else:
            call_at_newest(session, roles, words, now=installation.now)
    return Failed(name="Refused", message=f"this is a run {why}: it does nothing, and is on the audit trail")


def _read_run_id() -> str:
    context = FlowRunContext.get()
    return str(context.flow_run.id) if context is not None and context.flow_run is not None else ""


def _find_key(engine: Engine, run_id: str) -> str:
    """Find the key under which we made the run; "" where we didn't."""
    for left in range(_LOOKS, 0, -1):
        with reading(engine) as session:
            found = session.exec(select(ScheduledRunRow.key).where(ScheduledRunRow.run_id == run_id)).first()
            being_made = session.exec(select(ScheduledRunRow.key).where(ScheduledRunRow.run_id == "")).first()
        if (found and run_id) or being_made is None or left == 1:
            return (found or "") if run_id else ""
        time.sleep(_WAIT_S)
    return ""


@contextmanager
def _on_the_trail(installation: Installation, flow: str, deployment: str, run_id: str, rule: str) -> Iterator[Session]:
    installation.trail.prepare(ACTOR)
    with writing(installation.engine) as session:
        about = deployment if _is_known(session, deployment) else ""
        event = AuditEvent(Verb.DECIDE, ACTOR, about, f"flow-run:{run_id}", rule, {"flow": flow})
        installation.trail.append(session, event)
        yield session


def _is_known(session: Session, deployment: str) -> bool:
    return deployment != "" and "\x00" not in deployment and session.get(DeploymentRow, deployment) is not None
