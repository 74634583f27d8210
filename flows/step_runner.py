"""How the flows of a deployment's life begin and end: superseded or not, done or not, with a report for people."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.schedule import FlowStep, runs_wanted, standing_of
from flows.services import Office, office
from lfr_core.common.errors import LfrError, Retryable
from lfr_core.common.logs import configure_logs
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import reading

__all__ = ["End", "StepResult", "artifact_key", "run_step"]

_EARLY_S = 5.0
"""Prefect starts a run up to half a second early (it rounds), and its server's clock may be ahead of ours."""


class End(StrEnum):
    """How a run ended."""

    DONE = "done"
    SUPERSEDED = "superseded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a run says of itself: one sentence, and more in Markdown."""

    end: End
    sentence: str
    more: str = ""


def run_step(step: FlowStep, deployment: str, revision: int, act: Callable[[Office], StepResult]) -> State[None]:
    """Ask whether the step is still wanted; if so do it; leave a report; end in the state that says how it went.

    A service that is away fails the run, and the reconciler makes another.
    """
    settings = Settings()
    configure_logs(settings.log_level)
    try:
        with office(settings, load_policy(settings.policy_file)) as here:
            moved = _moved(here, step, deployment, revision)
            told = StepResult(End.SUPERSEDED, moved) if moved else act(here)
    except Retryable as away:
        told = StepResult(End.FAILED, str(away), "It is tried again by itself. If it lasts: `lfr doctor`.")
    except LfrError as error:
        told = StepResult(End.FAILED, str(error))
    create_markdown_artifact(
        key=artifact_key(step, deployment),
        markdown=f"# {deployment}: {step.value.replace('-', ' ')}\n\n**{told.end}.** {told.sentence}\n\n{told.more}",
        description=f"{told.end}: revision {revision}",
    )
    if told.end is End.SUPERSEDED:
        return Completed(name="Superseded", message=told.sentence)
    return Completed(message=told.sentence) if told.end is End.DONE else Failed(message=told.sentence)


def artifact_key(step: FlowStep, deployment: str) -> str:
    """Prefect's keys have small letters, digits and dashes only."""
    return f"{step}-{re.sub(r'[^a-z0-9]+', '-', deployment.lower()).strip('-')}"


def _moved(here: Office, step: FlowStep, deployment: str, revision: int) -> str:
    """Why this run isn't wanted any more; "" when it is."""
    now = here.now
    with reading(here.engine) as session:
        standing = standing_of(session, deployment, here.policy, here.settings.home, now)
    if standing is None:
        return f"there is no planned deployment {deployment}"
    if standing.revision != revision:
        return f"revision {standing.revision} has replaced revision {revision}"
    wanted = {run.step: run.at for run in runs_wanted(standing, here.policy.planning, now)}
    if step not in wanted:
        return f"it is {standing.status.value}: nothing is left to do"
    early = (wanted[step] - now).total_seconds()
    if 0 < early <= _EARLY_S:
        time.sleep(early)
    elif early > 0:
        return f"it is due at {wanted[step]:%Y-%m-%d %H:%M:%S %Z}, not before"
    return ""
