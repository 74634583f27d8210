"""Runs one step of a deployment's lifecycle: superseded or not, done or not, with a report for people."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.opening import open_for_flow
from flows.schedule import FlowStep, plan_runs, read_schedule_facts
from flows.unplanned_runs import refuse_strange_run
from lfr_core.common.errors import LfrError, Retryable
from lfr_core.custody.installation import Installation
from lfr_core.storage.engine import reading

__all__ = ["End", "StepResult", "make_artifact_key", "run_step"]

_EARLY_S = 5.0
"""Prefect starts a run up to half a second early (it rounds), and its server's clock may be ahead of ours."""


class End(StrEnum):
    """How a run ended."""

    DONE = "done"
    SUPERSEDED = "superseded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StepResult:
    """How a run ended: one sentence, and more in Markdown."""

    end: End
    sentence: str
    more: str = ""


def run_step(step: FlowStep, deployment: str, revision: int, act: Callable[[Installation], StepResult]) -> State[None]:
    """Check that the run is ours and still planned; if so run it; leave a report; end in the state of how it went.

    A service that is away fails the run, and the reconciler creates another.
    """
    try:
        with open_for_flow() as installation:
            refused = refuse_strange_run(installation, step, deployment, revision)
            if refused is not None:
                return refused
            why_not = _explain_superseded(installation, step, deployment, revision)
            result = StepResult(End.SUPERSEDED, why_not) if why_not else act(installation)
    except Retryable as away:
        result = StepResult(End.FAILED, str(away), "It is tried again by itself. If it lasts: `lfr doctor`.")
    except LfrError as error:
        result = StepResult(End.FAILED, str(error))
    heading = f"# {deployment}: {step.value.replace('-', ' ')}"
    create_markdown_artifact(
        key=make_artifact_key(step.value, deployment),
        markdown=f"{heading}\n\n**{result.end}.** {result.sentence}\n\n{result.more}",
        description=f"{result.end}: revision {revision}",
    )
    if result.end is End.SUPERSEDED:
        return Completed(name="Superseded", message=result.sentence)
    return Completed(message=result.sentence) if result.end is End.DONE else Failed(message=result.sentence)


def make_artifact_key(prefix: str, deployment: str) -> str:
    """Make an artifact's key; Prefect's keys have small letters, digits and dashes only."""
    return f"{prefix}-{re.sub(r'[^a-z0-9]+', '-', deployment.lower()).strip('-')}"


def _explain_superseded(installation: Installation, step: FlowStep, deployment: str, revision: int) -> str:
    """Return why this run is no longer planned; "" when it is. Waits out the seconds that Prefect was early."""
    policy, now = installation.policy, installation.now
    with reading(installation.engine) as session:
        facts = read_schedule_facts(session, deployment, policy, installation.settings.home, now)
    if facts is None:
        return f"there is no planned deployment {deployment}"
    if facts.revision != revision:
        return f"revision {facts.revision} has replaced revision {revision}"
    planned = {run.step: run.at for run in plan_runs(facts, policy.planning, now)}
    if step not in planned:
        return f"it is {facts.status.value}: nothing is left to do"
    early_s = (planned[step] - now).total_seconds()
    if 0 < early_s <= _EARLY_S:
        time.sleep(early_s)
    elif early_s > 0:
        return f"it is due at {planned[step]:%Y-%m-%d %H:%M:%S %Z}, not before"
    return ""
