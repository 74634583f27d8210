"""What every step of a deployment's lifecycle works with, and the transaction that puts it on the audit trail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.custody.audit.port import Trail
from lfr_core.custody.people.roles import Actor, principal_of
from lfr_core.custody.vault.port import Vault
from lfr_core.deployments.evaluations import Evaluation
from lfr_core.deployments.record import record_step
from lfr_core.deployments.state_machine import rule_of
from lfr_core.deployments.steps import Step, StepRule, rules_of
from lfr_core.deployments.views import DeploymentReader
from lfr_core.domain.deployments import TRIAL
from lfr_core.domain.policy import Policy
from lfr_core.storage.engine import writing
from lfr_core.storage.tables.deployments import DeploymentRow

__all__ = ["AuditedSteps"]


class AuditedSteps(DeploymentReader):
    """Reads deployments, and records steps of them in one transaction with their entry on the trail."""

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        trail: Trail,
        clock: Clock,
        policy: Callable[[], Policy],
        *,
        compare: Callable[[str], str],
        evaluations: Callable[[], Sequence[Evaluation]] = tuple,
        model: Callable[[], str] = str,
    ) -> None:
        """Set up the service.

        policy: the force's, read when a step asks for it: who suspends or closes needs none that can be read.
        compare: compares a deployment's gallery with its list now, keeps what it finds, which the gate is decided on,
            and says what differs: `lfr_core.deployments.monitoring.gallery.compare_gallery`.
        evaluations: what the expected false alerts are forecast from; without any, nothing counts as measured.
        model: `read_model_in_use`, of which the equality impact assessment has to be.
        """
        super().__init__(engine)
        self._vault = vault
        self._trail = trail
        self._clock = clock
        self._policy = policy
        self._compare = compare
        self._evaluations = evaluations
        self._model = model

    def rule(self, deployment: str, step: Step) -> StepRule:
        """Return the rule of a step of this deployment; where there is no such deployment, that of a trial.

        Raises:
            Refused: `deployment.trial`: a trial has no such step.
        """
        found = self.find(deployment)
        return rule_of(deployment, step, rules_of(TRIAL if found is None else found.lifecycle))

    @contextmanager
    def _audited(self, by: Actor) -> Iterator[Session]:
        """Open a transaction in which `by` may be put on the trail."""
        self._trail.prepare(principal_of(by))
        with writing(self._engine) as session:
            yield session

    def _step(
        self, session: Session, row: DeploymentRow, step: Step, by: Actor, *, digest: str = "", note: str = ""
    ) -> int:
        """Take it; the revision it was taken in."""
        return record_step(session, self._trail, row, step, by=by, now=self._now(), digest=digest, note=note).revision

    def _now(self) -> datetime:
        return utc_from_ns(self._clock.time_ns())
