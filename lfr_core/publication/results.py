"""Results on time: published when every alert is decided, by themselves before the deadline, or late in public.

What is published is computed, checked by the suites `record` and `series`, and never changed by hand. What can't be
published by the deadline is said to be late, in public and why, and waits for a person's explanation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine
from sqlmodel import Session

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Poison, Refused
from lfr_core.custody.audit.counted_rows import CompareRecords
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import Actor, AuthenticatedPerson, Role, principal_of
from lfr_core.deployments.deadlines import ResultsDue, keep_deadlines, results_due
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.figures import Figures
from lfr_core.domain.policy import PublicationPolicy
from lfr_core.domain.working_days import deadline_words
from lfr_core.publication.counting import unanswered
from lfr_core.publication.explaining import note_late, note_reminded, take_back_late
from lfr_core.publication.not_decided import NotDecidedStatement, checked_because
from lfr_core.publication.published import PublishedRecord, Publisher, read_revisions
from lfr_core.publication.quality.ours import Checked, check_record
from lfr_core.publication.record_builder import from_figures
from lfr_core.publication.suites import CheckRecord, RecordSuites, in_public
from lfr_core.storage.engine import reading, writing

__all__ = ["ACTOR", "Attempt", "PublicationOutcome", "ResultsService", "RoleCaller"]

ACTOR = SystemActor.FLOWS
"""Who publishes where no person does."""
_ATTEMPTERS = frozenset({Role.PUBLICATION_OFFICER, Role.RESULTS_SERVICE})
"""Who else may do what is due."""


class RoleCaller(Protocol):
    """Writes a call for a role: `lfr_core.deployments.reading.call`."""

    def __call__(self, session: Session, *, role: Role, deployment: str, why: str, now: datetime) -> None: ...


class PublicationOutcome(StrEnum):
    """What an attempt came to."""

    PUBLISHED = "published"
    STANDS = "published before"
    WAITING = "waiting for decisions"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an attempt came to, for a reader."""

    outcome: PublicationOutcome
    message: str
    due: ResultsDue
    record: PublishedRecord | None = None


class ResultsService:
    """Publishes results. Every method raises Retryable when database or vault is away.

    Args:
        figures: those of an ended deployment; `record_figures.gather_figures` with what it needs. Raises Refused.
        reports: the folder of reports, one folder below it for each deployment.
        call: asks a role to act.
        check: the suites; another in tests of what they find.
        compare: the vault's comparison of the records with the audit trail.
    """

    def __init__(
        self,
        engine: Engine,
        trail: Trail,
        clock: Clock,
        policy: PublicationPolicy,
        *,
        figures: Callable[[str], Figures],
        reports: Path,
        call: RoleCaller,
        check: CheckRecord = check_record,
        compare: CompareRecords,
        actor: SystemActor = ACTOR,
    ) -> None:
        self._engine = engine
        self._actor = actor
        self._trail = trail
        self._clock = clock
        self._policy = policy
        self._figures = figures
        self._call = call
        self._publisher = Publisher(engine, trail, clock, policy, compare)
        self._suites = RecordSuites(engine, reports, check)

    def attempt(self, deployment: str, *, by: AuthenticatedPerson | None = None) -> Attempt:
        """Do what has to be done for it now: publish, wait, remind, or say in public that it is late.

        Again is harmless.

        Raises:
            Refused: `people.*` (a service account for results, or the publication officer);
                before the time of publishing by itself, whatever stands in the way (`results.quality` with the
                findings; as `record_figures.gather_figures`). Afterwards that is the outcome LATE.
        """
        if by is not None:
            with reading(self._engine) as session:
                acting(session, by, _ATTEMPTERS)
        figures = self._ended(deployment)
        now, due = self._due(deployment, by or self._actor)
        if due.published_at is not None:
            return Attempt(
                PublicationOutcome.STANDS, f"published {due.published_at:%Y-%m-%d %H:%M} UTC: it stands", due,
                read_revisions(self._engine, deployment)[0],
            )  # fmt: skip
        unattended = now >= due.schedule.unattended_at
        try:
            if isinstance(figures, Refused):
                raise figures
            waiting = unanswered(figures.alerts)
            if waiting and not unattended:
                return self._wait(due, waiting, now, by or self._actor)
            record = self._publish(deployment, figures, due, now, waiting, by=by or self._actor)
        except (Refused, Poison) as stands_in_the_way:
            if not unattended or getattr(stands_in_the_way, "rule", "") == "record.meanwhile":
                raise
            return self._late(due, stands_in_the_way, now, by or self._actor)
        _, published = self._due(deployment, by or self._actor)
        return Attempt(PublicationOutcome.PUBLISHED, f"{record.record.rates.in_words}.", published, record)

    def publish(
        self, deployment: str, *, by: AuthenticatedPerson, word: NotDecidedStatement | None = None
    ) -> PublishedRecord:
        """Publish now, as a person asks. Published already: return that which stands.

        word: for the alerts that nobody has judged, needed where there are any, and published.

        Raises:
            Refused: `results.not-decided`, `results.quality`, `people.*` (results are the publication
                officer's), and as `record_figures.gather_figures`.
            Poison: as `record_builder.from_figures`.
        """
        self._check_publication_officer(by)
        figures = self._ended(deployment)
        standing = read_revisions(self._engine, deployment)
        if standing:
            return standing[-1]
        if isinstance(figures, Refused):
            raise figures
        because = checked_because(deployment, unanswered(figures.alerts), word)
        now, due = self._due(deployment, by)
        return self._publish(deployment, figures, due, now, 0, by=by, because=because)

    def correct(
        self, deployment: str, *, reason: str, by: AuthenticatedPerson, word: NotDecidedStatement | None = None
    ) -> PublishedRecord:
        """Supersede what is published, as a person asks, by figures computed anew, for `reason`, which is published.

        word: as `publish`; needed where more alerts are without a judgement than the standing revision speaks of.

        Raises:
            Refused: `results.not-decided`, `results.quality`, `people.*` as `publish`, and as `Publisher.correct` and
                `record_figures.gather_figures`.
            Poison: as `record_builder.from_figures`.
        """
        self._check_publication_officer(by)
        figures = self._figures(deployment)
        waiting, standing = unanswered(figures.alerts), read_revisions(self._engine, deployment)
        spoken_of = standing[-1].record.not_decided if standing else None
        stands = word is None and spoken_of is not None and waiting <= spoken_of.alerts
        because = "" if stands or not standing else checked_because(deployment, waiting, word)
        new = self._publisher.correction(deployment, figures, reason=reason, not_decided_because=because)
        checked = self._suites.passed(deployment, new, self._now())
        return self._publisher.correct(
            deployment, _with_report(figures, checked), reason=reason, by=by, not_decided_because=because
        )

    def publish_missed(self) -> tuple[Attempt, ...]:
        """Attempt what should have published itself by now and hasn't been noticed: a flow that never ran."""
        now = self._now()
        with reading(self._engine) as session:
            missed = [
                one.deployment
                for one in results_due(session, now, self._policy)
                if one.owed and one.published_at is None and one.late_at is None and now >= one.schedule.unattended_at
            ]
        self._keep_deadlines(now, self._actor)
        return tuple(self.attempt(deployment) for deployment in missed)

    def _check_publication_officer(self, by: AuthenticatedPerson) -> None:
        with reading(self._engine) as session:
            acting(session, by, {Role.PUBLICATION_OFFICER})

    def _ended(self, deployment: str) -> Figures | Refused:
        """Return its figures, or why there are none though it opened and ended; otherwise the refusal is raised."""
        try:
            return self._figures(deployment)
        except Refused as refused:
            if refused.rule in {"deployment.unknown", "record.not-ended", "record.never-opened"}:
                raise
            return refused

    def _due(self, deployment: str, by: Actor) -> tuple[datetime, ResultsDue]:
        now = self._now()
        self._keep_deadlines(now, by)
        with reading(self._engine) as session:
            return now, next(one for one in results_due(session, now, self._policy) if one.deployment == deployment)

    def _keep_deadlines(self, now: datetime, by: Actor) -> None:
        self._trail.prepare(principal_of(by))
        with writing(self._engine) as session:
            for deployment in keep_deadlines(session, now, self._policy):
                self._append(session, deployment, by, "results.deadline", Verb.ALTER)

    def _append(self, session: Session, deployment: str, by: Actor, rule: str, verb: Verb = Verb.DISCLOSE) -> None:
        event = AuditEvent(verb, principal_of(by), deployment, f"deployment:{deployment}", rule)
        self._trail.append(session, event)

    def _wait(self, due: ResultsDue, waiting: int, now: datetime, by: Actor) -> Attempt:
        due_by = deadline_words(due.schedule.due_at)
        message = f"{waiting} alert{'' if waiting == 1 else 's'} not decided yet; due by {due_by}"
        if now >= due.schedule.remind_at:
            self._trail.prepare(principal_of(by))
            with writing(self._engine) as session:
                if note_reminded(session, due.deployment, now):
                    self._append(session, due.deployment, by, "results.reminded", Verb.ALTER)
                    self._call(
                        session,
                        role=Role.PUBLICATION_OFFICER,
                        deployment=due.deployment,
                        why=f"results: {message}",
                        now=now,
                    )
        return Attempt(PublicationOutcome.WAITING, message, due)

    def _publish(
        self,
        deployment: str,
        figures: Figures,
        due: ResultsDue,
        now: datetime,
        waiting: int,
        *,
        by: Actor,
        because: str = "",
    ) -> PublishedRecord:
        """Publish the figures. `waiting`: alerts that nobody judged and for which nobody gave a word."""
        new = from_figures(
            figures,
            policy=self._policy,
            published_at=now,
            due_at=due.schedule.due_at,
            not_decided_because=because,
        )
        checked = self._suites.passed(deployment, new, now)
        if waiting or now >= due.schedule.due_at:
            reasons = [f"{waiting} of its alerts were never decided"] if waiting else []
            if now >= due.schedule.due_at:
                reasons.append("they were published after the deadline")
            self._note(due.deployment, now, because=" and ".join(reasons), detail="", rule="results.unattended", by=by)
        elif due.late_at is not None:  # mended before the deadline
            self._trail.prepare(principal_of(by))
            with writing(self._engine) as session:
                if take_back_late(session, deployment):
                    self._append(session, deployment, by, "results.mended", Verb.ALTER)
        return self._publisher.publish(deployment, _with_report(figures, checked), by=by, not_decided_because=because)

    def _late(self, due: ResultsDue, refused: Refused | Poison, now: datetime, by: Actor) -> Attempt:
        self._note(due.deployment, now, because=in_public(refused), detail=str(refused), rule="results.late", by=by)
        with writing(self._engine) as session:
            for role in (Role.PUBLICATION_OFFICER, Role.AUTHORISING_OFFICER):
                self._call(
                    session, role=role, deployment=due.deployment, why=f"results are late: {refused}"[:500], now=now
                )
        return Attempt(PublicationOutcome.LATE, str(refused), self._due(due.deployment, by)[1])

    def _note(self, deployment: str, now: datetime, *, because: str, detail: str, rule: str, by: Actor) -> None:
        self._trail.prepare(principal_of(by))
        with writing(self._engine) as session:
            if note_late(session, deployment, now, because=because, detail=detail):
                self._append(session, deployment, by, rule)

    def _now(self) -> datetime:
        return utc_from_ns(self._clock.time_ns())


def _with_report(figures: Figures, checked: Checked) -> Figures:
    return replace(figures, documents=replace(figures.documents, data_quality_report=checked.reference))
