"""What was done to a deployment, as its timeline says it to people."""

from __future__ import annotations

from typing import Final

from lfr_core.deployments.steps import Step

__all__ = ["STEP_WORDS", "step_words"]

STEP_WORDS: Final[dict[Step, str]] = {
    Step.PLAN: "application written",
    Step.APPLY: "applied for authority",
    Step.AUTHORISE: "authorised",
    Step.REFUSE: "authority refused",
    Step.COMPILE: "list compiled",
    Step.APPROVE_LIST: "list approved",
    Step.ANNOUNCE: "announced to the public",
    Step.WITHHOLD: "announcement withheld",
    Step.READY: "called ready",
    Step.OPEN: "recognition started",
    Step.SUSPEND: "recognition suspended",
    Step.RESUME: "recognition resumed",
    Step.SHORTEN: "hours shortened",
    Step.EXTEND: "hours extended",
    Step.CLOSE: "ended",
    Step.CANCEL: "given up",
}


def step_words(step: str) -> str:
    """Say what was done; of an earlier version's step its own words."""
    return STEP_WORDS[Step(step)] if step in set(Step) else step.replace("-", " ")
