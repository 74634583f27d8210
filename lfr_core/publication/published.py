"""Published revisions: each kept as it was published, byte for byte. None is ever changed or taken away."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.custody.audit.counted_rows import CompareRecords
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people.roles import Actor, principal_of
from lfr_core.deployments.deadlines import read_due_at
from lfr_core.domain.figures import Figures
from lfr_core.domain.policy import PublicationPolicy
from lfr_core.publication.record import DeploymentRecord
from lfr_core.publication.record_builder import corrected, from_figures
from lfr_core.publication.record_v1 import read_record
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.publication import PublishedRecordRow

__all__ = ["PublishedRecord", "Publisher", "read_published_records", "read_revisions"]


@dataclass(frozen=True, slots=True)
class PublishedRecord:
    """One revision."""

    deployment: str
    revision: int
    published_at: datetime
    reason: str
    body: str
    """JSON, as published."""
    sha256: str
    record: DeploymentRecord
    """As `record_v1.read_record` reads it."""


class Publisher:
    """Publishes and corrects. Every method raises Retryable when database or vault is away.

    `compare`: the vault's, asked each time before something is kept.
    """

    def __init__(
        self, engine: Engine, trail: Trail, clock: Clock, policy: PublicationPolicy, compare: CompareRecords
    ) -> None:
        self._compare = compare
        self._engine = engine
        self._trail = trail
        self._clock = clock
        self._policy = policy

    def publish(
        self, deployment: str, figures: Figures, *, by: Actor, not_decided_because: str = ""
    ) -> PublishedRecord:
        """Publish the first revision. Published already: return that which stands, whatever the figures are now.

        not_decided_because: the publication officer's word for alerts that nobody judged.

        Raises:
            Poison: as `from_figures`.
        """
        standing = read_revisions(self._engine, deployment)
        if standing:
            return standing[-1]
        now = self._now()
        with reading(self._engine) as session:
            due_at = read_due_at(session, deployment, figures.ended_at, now, self._policy)
        made = from_figures(
            figures, policy=self._policy, published_at=now, due_at=due_at, not_decided_because=not_decided_because
        )
        return self._keep(deployment, made, figures, by, "", word=bool(not_decided_because))

    def correct(
        self, deployment: str, figures: Figures, *, reason: str, by: Actor, not_decided_because: str = ""
    ) -> PublishedRecord:
        """Publish a revision that supersedes the newest, for `reason`, which is published.

        Raises:
            Refused: `record.not-published`, `record.correction-without-reason`, `record.nothing-to-correct`,
                `record.other-deployment`, `record.meanwhile` (somebody else corrected it just now).
            Poison: as `from_figures`.
        """
        new = self.correction(deployment, figures, reason=reason, not_decided_because=not_decided_because)
        reason_text = new.corrections[-1].reason
        return self._keep(deployment, new, figures, by, reason_text, word=bool(not_decided_because))

    def correction(
        self, deployment: str, figures: Figures, *, reason: str, not_decided_because: str = ""
    ) -> DeploymentRecord:
        """Return what `correct` would publish now. Raises as it does."""
        standing = read_revisions(self._engine, deployment)
        if not standing:
            raise Refused("record.not-published", f"no record of {deployment} is published: there is none to correct")
        reason_text = " ".join(reason.split())
        return corrected(
            standing[-1].record,
            figures,
            policy=self._policy,
            corrected_at=self._now(),
            reason=reason_text,
            not_decided_because=not_decided_because,
        )

    def _keep(
        self, deployment: str, record: DeploymentRecord, figures: Figures, by: Actor, reason: str, *, word: bool
    ) -> PublishedRecord:
        """Keep a record. `figures`: those it was made of; `word`: `by` gave it for the alerts that nobody judged."""
        actor = principal_of(by)
        body = record.model_dump_json(indent=1) + "\n"
        row = PublishedRecordRow(
            deployment=deployment,
            revision=record.revision,
            published_at=self._now(),
            published_by=str(actor),
            reason=reason,
            body=body,
            sha256=_sha256(body),
        )
        self._trail.prepare(actor)
        if self._compare(deployment) != figures.rows_sha256:
            raise Retryable(f"the records of {deployment} changed while its figures were read: try again")
        with writing(self._engine) as session:
            session.exec(select(DeploymentRow).where(DeploymentRow.id == deployment).with_for_update(key_share=True))
            if session.get(PublishedRecordRow, (deployment, record.revision)) is not None:
                raise Refused(
                    "record.meanwhile", f"somebody else published {deployment} just now: look at theirs first"
                )
            session.add(row)
            facts: dict[str, str | int] = {"revision": row.revision, "sha256": row.sha256}
            subject = f"deployment:{deployment}"
            self._trail.append(
                session, AuditEvent(Verb.DISCLOSE, actor, deployment, subject, "record.published", facts)
            )
            if record.not_decided is not None:
                reason_text = record.not_decided
                facts = {"alerts": reason_text.alerts, "because": reason_text.because, "revision": row.revision}
                rule = "record.not-decided" if word else "record.not-decided-by-nobody"
                self._trail.append(session, AuditEvent(Verb.DISCLOSE, actor, deployment, subject, rule, facts))
        return _value(row)

    def _now(self) -> datetime:
        return utc_from_ns(self._clock.time_ns())


def read_revisions(engine: Engine, deployment: str) -> tuple[PublishedRecord, ...]:
    """Read all revisions of one deployment, oldest first. Raises Retryable, and Fatal for one changed since."""
    with reading(engine) as session:
        return _values(session, deployment)


def read_published_records(engine: Engine) -> tuple[PublishedRecord, ...]:
    """Read every revision of every deployment. Raises as `read_revisions`."""
    with reading(engine) as session:
        return _values(session, None)


def _values(session: Session, deployment: str | None) -> tuple[PublishedRecord, ...]:
    query = select(PublishedRecordRow).order_by(PublishedRecordRow.deployment, col(PublishedRecordRow.revision))
    if deployment is not None:
        if "\x00" in deployment:
            return ()
        query = query.where(PublishedRecordRow.deployment == deployment)
    return tuple(_value(row) for row in session.exec(query))


def _value(row: PublishedRecordRow) -> PublishedRecord:
    if _sha256(row.body) != row.sha256:
        raise Fatal(
            f"the published record of {row.deployment}, revision {row.revision}, was changed in the database: "
            "restore it from the public copy or a backup; nothing is published meanwhile"
        )
    return PublishedRecord(
        deployment=row.deployment,
        revision=row.revision,
        published_at=row.published_at,
        reason=row.reason,
        body=row.body,
        sha256=row.sha256,
        record=read_record(row.body),
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
