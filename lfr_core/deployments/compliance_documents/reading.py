"""The register of papers, read: what is registered, whether it stands, and what the public library shows."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, col, or_, select

from lfr_core.common.errors import Fatal
from lfr_core.common.files import read_bounded
from lfr_core.deployments.announcement import announcements
from lfr_core.deployments.compliance_documents.kinds import Document, Paper, PaperKind, PapersStanding, standing
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.documents import PaperRow

__all__ = ["documents", "newest", "paper_content", "papers", "papers_standing", "value_of"]

_MOST_BYTES = 100_000_000
"""Of a paper's file; cleaning writes some characters of an HTML paper longer than they came."""


def papers(engine: Engine) -> tuple[Paper, ...]:
    """Every version there is, by kind and deployment, the newest first. Raises Retryable."""
    with reading(engine) as session:
        rows = session.exec(select(PaperRow).order_by(col(PaperRow.id).desc())).all()
    order = list(PaperKind)
    return tuple(sorted((value_of(row) for row in rows), key=lambda one: (order.index(one.kind), one.deployment)))


def papers_standing(session: Session, deployment: str, day: date) -> PapersStanding:
    """Whether the force's papers and `deployment`'s community impact assessment are there and in date.

    Args:
        session: of `reading` or `writing`.
        deployment: its id.
        day: in England. A paper is good on its `review_by` and not after.
    """
    if "\x00" in deployment:
        return standing((), day)
    rows = session.exec(
        select(PaperRow)
        .where(or_(PaperRow.deployment == "", PaperRow.deployment == deployment))
        .order_by(col(PaperRow.id))
    )
    return standing(list({row.kind: value_of(row) for row in rows}.values()), day)  # the last of a kind is its newest


def documents(engine: Engine) -> tuple[Document, ...]:
    """The public library: the newest version of each kind, expired or not.

    Community impact assessments are shown only of deployments that were announced, or whose place is released, and
    under the name by which the public knows the deployment. Raises Retryable.
    """
    public = {one.deployment: one.public_id for one in announcements(engine) if one.place_is_public} | {"": ""}
    with reading(engine) as session:
        found = [paper for paper in newest(session) if paper.deployment in public]
    return tuple(
        Document(
            kind=paper.kind,
            deployment=public[paper.deployment],
            version=paper.version,
            title=paper.title,
            review_by=paper.review_by,
            added_at=paper.added_at,
            sha256=paper.sha256,
            file_name=paper.file_name,
            media_type=paper.media_type,
            size=paper.size,
        )
        for paper in found
    )


def newest(session: Session) -> tuple[Paper, ...]:
    """The version in force of each kind and deployment, by kind and deployment."""
    rows = session.exec(select(PaperRow).order_by(col(PaperRow.id)))
    last = {(row.kind, row.deployment): value_of(row) for row in rows}
    order = list(PaperKind)
    return tuple(sorted(last.values(), key=lambda one: (order.index(one.kind), one.deployment)))


def paper_content(folder: Path, sha256: str) -> bytes:
    """The bytes of a paper's file in `folder` (`paper_folder`), compared with their SHA-256.

    Raises:
        Fatal: the file is away or isn't what was registered.
    """
    file = folder / sha256
    try:
        content = read_bounded(file, _MOST_BYTES, inside=folder)
    except OSError as error:
        raise Fatal(f"the paper's file {file} can't be read ({error.strerror}): restore it from a backup") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Fatal(f"the paper's file {file} isn't what was registered: restore it from a backup")
    return content


def value_of(row: PaperRow) -> Paper:
    """The row as everybody else has it."""
    return Paper(
        kind=PaperKind(row.kind),
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
