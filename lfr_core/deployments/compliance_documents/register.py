"""Writes the register of compliance documents: a version is added, and never changed afterwards."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, text
from sqlmodel import Session, select

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.common.files import read_bounded
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people import AuthenticatedPerson, Person, Role, acting
from lfr_core.custody.people.roles import principal_of
from lfr_core.deployments.compliance_documents.clean import clean_document
from lfr_core.deployments.compliance_documents.kinds import ComplianceDocument, ComplianceDocumentKind
from lfr_core.deployments.compliance_documents.reading import document_of_row
from lfr_core.deployments.compliance_documents.signature import HTML, media_type_of
from lfr_core.domain.policy import ComplianceDocumentsPolicy
from lfr_core.domain.working_days import LONDON
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.documents import ComplianceDocumentRow

__all__ = ["LARGEST_BYTES", "ComplianceDocumentRegister", "compliance_document_folder"]

LARGEST_BYTES = 20_000_000
"""Of a document's file: the public downloads it, some over a telephone."""
_LONGEST = 200
_ASSESSED = ComplianceDocumentKind.EQUALITY
"""The kind that is of a model and a threshold."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,29}")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_MAY = (Role.COMPLIANCE, Role.AUTHORISING_OFFICER)
_LOCK = 0x4C46_5250_41  # any number of our own ("LFRPA"), for PostgreSQL's advisory lock


def _lock(session: Session) -> None:
    """Let one registration at a time go on; SQLite's writers do by themselves."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def compliance_document_folder(home: Path) -> Path:
    """Return the folder of the documents' files, each under its SHA-256. They are public: nothing is sealed."""
    return home / "papers"


class ComplianceDocumentRegister:
    """Adds documents. Raises Retryable when database or vault is away, or the disk is full."""

    def __init__(
        self,
        engine: Engine,
        trail: Trail,
        clock: Clock,
        folder: Path,
        policy: ComplianceDocumentsPolicy,
        *,
        model: str = "",
        threshold: float | None = None,
    ) -> None:
        """`folder` is `compliance_document_folder(settings.home)`; of `model` and `threshold` equality is assessed."""
        self._engine = engine
        self._trail = trail
        self._clock = clock
        self._folder = folder
        self._policy = policy
        self._assessed = (model, threshold)

    def add(
        self,
        kind: ComplianceDocumentKind,
        file: Path,
        *,
        title: str,
        version: str,
        review_by: date,
        by: AuthenticatedPerson,
        deployment: str = "",
    ) -> ComplianceDocument:
        """Register a version, which supersedes those before. The same again changes nothing.

        Args:
            kind: of the four.
            title: one line, for the public.
            version: letters, digits, points and hyphens.
            deployment: of a community impact assessment; the others have none.
            file: PDF, HTML (kept as `clean_document` leaves it), Markdown or plain text; at most `LARGEST_BYTES`.
            review_by: its last good day in England, not past, and at most `documents.max_review_days` ahead.
            by: who approves it: registered with role compliance or authorising officer.

        Raises:
            Refused: `documents.bad-text`, `.bad-version`, `.expired`, `.review-too-late`, `.scope`, `.not-a-file`,
                `.too-large`, `.version-taken`, `deployment.unknown`, and as `acting` and `media_type_of`.
            Fatal: the folder of documents can't be written.
        """
        self._check(kind, title, version, review_by, deployment)
        name, content = _read(file)
        media_type, title = media_type_of(content, name), " ".join(title.split())
        content = clean_document(content, title) if media_type == HTML else content
        row = ComplianceDocumentRow(
            kind=kind.value,
            deployment=deployment,
            version=version,
            title=title,
            review_by=review_by,
            approved_by=str(principal_of(by)),
            added_at=self._now(),
            sha256=hashlib.sha256(content).hexdigest(),
            file_name=name,
            media_type=media_type,
            size=len(content),
        )
        row.assessed_model, row.assessed_threshold = self._assessed if kind is _ASSESSED else ("", None)
        with reading(self._engine) as session:
            row.approved_by = _find_approver(session, row, by).name
            _same(session, row)
        _keep(self._folder, row.sha256, content)  # again too: that mends a file that was lost or damaged
        self._trail.prepare(row.approved_by)
        with writing(self._engine) as session:
            _lock(session)
            _find_approver(session, row, by)
            known = _same(session, row)
            if known is not None:
                return document_of_row(known)
            session.add(row)
            session.flush()
            self._trail.append(session, _added(row, kind))
            return document_of_row(row)

    def _check(self, kind: ComplianceDocumentKind, title: str, version: str, review_by: date, deployment: str) -> None:
        if not title.strip() or len(title) > _LONGEST or _CONTROL.search(title):
            raise Refused(
                "documents.bad-text", f"give the document's title, in one line of at most {_LONGEST} characters"
            )
        if not _VERSION.fullmatch(version):
            raise Refused(
                "documents.bad-version", "a version is up to 30 letters, digits, points and hyphens, as 2.1 or 2026-11"
            )
        if (kind is ComplianceDocumentKind.COMMUNITY) != bool(deployment):
            raise Refused(
                "documents.scope",
                "a community impact assessment belongs to a deployment: give --deployment"
                if not deployment
                else f"the {kind.value} is the force's, not one deployment's: leave --deployment out",
            )
        today = self._now().astimezone(LONDON).date()
        if review_by < today:
            raise Refused(
                "documents.expired",
                f"its review was due by {review_by}, which is past: review it, then give the next date",
            )
        if review_by > today + timedelta(days=self._policy.max_review_days):
            raise Refused(
                "documents.review-too-late",
                f"a document is reviewed within {self._policy.max_review_days} days (documents.max_review_days): "
                f"give a date up to {today + timedelta(days=self._policy.max_review_days)}",
            )

    def _now(self) -> datetime:
        return utc_from_ns(self._clock.time_ns())


def _added(row: ComplianceDocumentRow, kind: ComplianceDocumentKind) -> AuditEvent:
    facts: dict[str, str | int] = {
        "version": row.version,
        "review_by": row.review_by.isoformat(),
        "sha256": row.sha256,
        "bytes": row.size,
    }
    subject = f"document:{kind.word}"
    return AuditEvent(Verb.AUTHORISE, row.approved_by, row.deployment, subject, "documents.added", facts)


def _find_approver(session: Session, row: ComplianceDocumentRow, by: AuthenticatedPerson) -> Person:
    """Find who approves. Raises Refused as `acting`, and `deployment.unknown`."""
    person = acting(session, by, _MAY)
    if row.deployment and ("\x00" in row.deployment or session.get(DeploymentRow, row.deployment) is None):
        raise Refused("deployment.unknown", f"there is no deployment {row.deployment!r}; see `lfr deployment list`")
    return person


def _same(session: Session, row: ComplianceDocumentRow) -> ComplianceDocumentRow | None:
    """Return that version if it is registered already and the same.

    Raises Refused `documents.version-taken` if it is another.
    """
    known = session.exec(
        select(ComplianceDocumentRow).where(
            ComplianceDocumentRow.kind == row.kind,
            ComplianceDocumentRow.deployment == row.deployment,
            ComplianceDocumentRow.version == row.version,
        )
    ).one_or_none()
    if known is None:
        return None
    if (known.sha256, known.title, known.review_by) == (row.sha256, row.title, row.review_by):
        return known
    differs = "content" if known.sha256 != row.sha256 else "title or review date"
    raise Refused(
        "documents.version-taken",
        f"version {row.version} of the {row.kind} is registered with another {differs}, and a version never changes: "
        "give the next version",
    )


def _read(file: Path) -> tuple[str, bytes]:
    """Return the file's name and content."""
    name = file.name
    if not name or len(name) > _LONGEST or _CONTROL.search(name):
        raise Refused("documents.bad-text", "the file's name must be of at most 200 printable characters: rename it")
    try:
        return name, read_bounded(file, LARGEST_BYTES)
    except OSError as error:
        if error.errno == errno.EFBIG:
            words = f"{name} is larger than {LARGEST_BYTES // 1_000_000} MB: make it smaller"
            raise Refused("documents.too-large", words) from error
        raise Refused(
            "documents.not-a-file", f"{file} can't be read: {error.strerror}. Give the document's own file"
        ) from error


def _keep(folder: Path, sha256: str, content: bytes) -> None:
    """Put the file in its place, whole or not at all, and on the disk before its row is."""
    part = folder / f".{sha256}.{os.getpid()}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        part.replace(folder / sha256)
        directory = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        words = f"the folder of documents {folder} can't be written: {error.strerror}. Nothing was registered"
        if error.errno in _FULL:
            raise Retryable(f"{words}: free space, then give the same command again", retry_after_s=5.0) from error
        raise Fatal(f"{words}: see that it is a folder of ours") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
