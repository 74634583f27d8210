"""Refuses a flow run that the reconciler didn't make, or that was changed since, and raises it.

Whoever has the login of Prefect's server can make a run, or change one's parameters. What a flow does is bound by the
plan anyhow (`flows.step_runner`); a run that isn't ours, or isn't as we made it, does nothing at all.
"""

from __future__ import annotations

import time

from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.states import Failed
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from flows.schedule import FlowStep, parse_run_key
from flows.services import ACTOR
from lfr_core.common.logs import get_logger
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.installation import Installation
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.reading import call
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.deployments import DeploymentRow, ScheduledRunRow

__all__ = ["refuse_strange_run"]

_WAIT_S, _LOOKS = 0.5, 20
"""A run that is due at once may begin before it is written down that it was made."""


def refuse_strange_run(
    installation: Installation, step: FlowStep, deployment: str, revision: int | None = None
) -> State[None] | None:
    """Look whether the reconciler made this run for these parameters. None if so; else it is on the trail, and refused.

    Raises:
        Retryable: the records or the vault are away.
    """
    context = FlowRunContext.get()
    run_id = str(context.flow_run.id) if context is not None and context.flow_run is not None else ""
    key = _find_key(installation.engine, run_id)
    made = parse_run_key(key) if key else None
    if made is not None and (made.step, made.deployment) == (step, deployment) and revision in {None, made.revision}:
        return None
    why = "with other parameters than it was made with" if key else "that nobody has planned"
    _raise(installation, step, deployment, run_id, why)
    return Failed(name="Refused", message=f"this is a run {why}: it does nothing, and is on the audit trail")


def _find_key(engine: Engine, run_id: str) -> str:
    """The key under which we made the run; "" where we didn't."""
    for left in range(_LOOKS, 0, -1):
        with reading(engine) as session:
            found = session.exec(select(ScheduledRunRow.key).where(ScheduledRunRow.run_id == run_id)).first()
            being_made = session.exec(select(ScheduledRunRow.key).where(ScheduledRunRow.run_id == "")).first()
        if (found and run_id) or being_made is None or left == 1:
            return (found or "") if run_id else ""
        time.sleep(_WAIT_S)
    return ""


def _raise(installation: Installation, step: FlowStep, deployment: str, run_id: str, why: str) -> None:
    get_logger().critical("flow_run_refused", flow=step.value, run=run_id, why=why)
    installation.trail.prepare(ACTOR)
    with writing(installation.engine) as session:
        known = _is_known(session, deployment)
        about = deployment if known else _newest(session)
        installation.trail.append(
            session,
            AuditEvent(
                Verb.DECIDE,
                ACTOR,
                deployment if known else "",
                f"flow-run:{run_id}",
                "flows.run-refused",
                {"flow": step.value},
            ),
        )
        named = why if known else f"{why}, of a deployment that there isn't"
        words = f"find out who made a run of {step.value} {named}: it was refused (`lfr audit show`)"
        for role in (Role.COMPLIANCE, Role.AUTHORISING_OFFICER) if about else ():
            call(session, role=role, deployment=about, why=words, now=installation.now)


def _newest(session: Session) -> str:
    """The newest deployment, at which a call is shown that is about none; "" where there is none to protect."""
    return session.exec(select(DeploymentRow.id).order_by(col(DeploymentRow.created_at).desc())).first() or ""


def _is_known(session: Session, deployment: str) -> bool:
    return "\x00" not in deployment and session.get(DeploymentRow, deployment) is not None
