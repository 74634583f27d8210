"""Reads the register of compliance documents: what is registered, what is in date, what the library shows."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, col, or_, select

from lfr_core.common.errors import Fatal
from lfr_core.common.files import read_bounded
from lfr_core.deployments.announcement import announcements
from lfr_core.deployments.compliance_documents.kinds import (
    ComplianceDocument,
    ComplianceDocumentKind,
    ComplianceDocumentsStatus,
    PublicDocument,
    assess_documents,
)
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.documents import ComplianceDocumentRow

__all__ = [
    "document_of_row",
    "list_compliance_documents",
    "list_public_documents",
    "read_document",
    "read_documents_status",
    "read_newest",
]

_MOST_BYTES = 100_000_000
"""Of a document's file; cleaning writes some characters of an HTML document longer than they came."""


def list_compliance_documents(engine: Engine) -> tuple[ComplianceDocument, ...]:
    """List every version there is, by kind and deployment, the newest first. Raises Retryable."""
    with reading(engine) as session:
        rows = session.exec(select(ComplianceDocumentRow).order_by(col(ComplianceDocumentRow.id).desc())).all()
    order = list(ComplianceDocumentKind)
    return tuple(
        sorted((document_of_row(row) for row in rows), key=lambda one: (order.index(one.kind), one.deployment))
    )


def read_documents_status(session: Session, deployment: str, day: date) -> ComplianceDocumentsStatus:
    """Read whether the force's documents and `deployment`'s community impact assessment are there and in date.

    Args:
        session: of `reading` or `writing`.
        deployment: its id.
        day: in England. A document is good on its `review_by` and not after.
    """
    if "\x00" in deployment:
        return assess_documents((), day)
    rows = session.exec(
        select(ComplianceDocumentRow)
        .where(or_(ComplianceDocumentRow.deployment == "", ComplianceDocumentRow.deployment == deployment))
        .order_by(col(ComplianceDocumentRow.id))
    )
    return assess_documents(
        list({row.kind: document_of_row(row) for row in rows}.values()), day
    )  # the last of a kind is its newest


def list_public_documents(engine: Engine) -> tuple[PublicDocument, ...]:
    """Return the public library: the newest version of each kind, expired or not.

    Community impact assessments are shown only of deployments that were announced, or whose place is released, and
    under the name by which the public knows the deployment. Raises Retryable.
    """
    public = {one.deployment: one.public_id for one in announcements(engine) if one.place_is_public} | {"": ""}
    with reading(engine) as session:
        found = [document for document in read_newest(session) if document.deployment in public]
    return tuple(
        PublicDocument(
            kind=document.kind,
            deployment=public[document.deployment],
            version=document.version,
            title=document.title,
            review_by=document.review_by,
            added_at=document.added_at,
            sha256=document.sha256,
            file_name=document.file_name,
            media_type=document.media_type,
            size=document.size,
        )
        for document in found
    )


def read_newest(session: Session) -> tuple[ComplianceDocument, ...]:
    """Read the version in force of each kind and deployment, by kind and deployment."""
    rows = session.exec(select(ComplianceDocumentRow).order_by(col(ComplianceDocumentRow.id)))
    last = {(row.kind, row.deployment): document_of_row(row) for row in rows}
    order = list(ComplianceDocumentKind)
    return tuple(sorted(last.values(), key=lambda one: (order.index(one.kind), one.deployment)))


def read_document(folder: Path, sha256: str) -> bytes:
    """Return the bytes of a document's file in `folder` (`compliance_document_folder`), compared with their SHA-256.

    Raises:
        Fatal: the file is away or isn't what was registered.
    """
    file = folder / sha256
    try:
        content = read_bounded(file, _MOST_BYTES, inside=folder)
    except OSError as error:
        raise Fatal(f"the document's file {file} can't be read ({error.strerror}): restore it from a backup") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Fatal(f"the document's file {file} isn't what was registered: restore it from a backup")
    return content


def document_of_row(row: ComplianceDocumentRow) -> ComplianceDocument:
    """Return the row as everybody else has it."""
    return ComplianceDocument(
        kind=ComplianceDocumentKind(row.kind),
        deployment=row.deployment,
        version=row.version,
        title=row.title,
        review_by=row.review_by,
        approved_by=row.approved_by,
        added_at=row.added_at,
        sha256=row.sha256,
        file_name=row.file_name,
        media_type=row.media_type,
        size=row.size,
    )
