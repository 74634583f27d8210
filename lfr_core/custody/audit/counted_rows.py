"""The recorded rows that a deployment's published figures are read from, and their digest.

Who publishes reads figures and digest in one look, and asks the vault for the digest of the rows that it found on the
audit trail: a row that was changed for the moment of reading, and changed back, is in one and not in the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from sqlmodel import Session, select

from lfr_core.custody.audit.records import read_rows
from lfr_core.storage.recorded import AS_SEALED, PARTS, part_text_of, sealed_text_of, text_of
from lfr_core.storage.tables.alerts import AlertRow, AlertStubRow, digest_stubs
from lfr_core.storage.tables.blue_list import BlueListPassRow, BlueListPlanRow
from lfr_core.storage.tables.deployments import ApplicationRow, AuthorityRow, DeploymentRow, PlannedDeploymentRow
from lfr_core.storage.tables.erasure import CertificateRow
from lfr_core.storage.tables.publication import AnnouncementRow, WatchlistCompositionRow
from lfr_core.storage.tables.rights import RightsRequestRow
from lfr_core.storage.tables.row import Row

__all__ = ["CompareRecords", "digest_counted"]

CompareRecords: TypeAlias = Callable[[str], str]
"""Compares all records with the trail now, and returns the `digest_counted` of a deployment as it was found there.

Raises Refused `records.not-on-trail`, `audit.damaged`; Retryable: vault or records are away.
"""
_COUNTED: Final[tuple[type[Row], ...]] = (
    *(DeploymentRow, PlannedDeploymentRow, ApplicationRow, AuthorityRow, AnnouncementRow, WatchlistCompositionRow),
    *(AlertRow, BlueListPlanRow, BlueListPassRow, CertificateRow, RightsRequestRow),
)


def digest_counted(session: Session, deployment: str) -> str:
    """Compute SHA-256, hexadecimal, of what is recorded of those rows, as `session` sees them."""
    return hashlib.sha256("\n".join(sorted(_texts(session, deployment))).encode()).hexdigest()


def _texts(session: Session, deployment: str) -> Iterator[str]:
    for kind in _COUNTED:
        for row in read_rows(session, kind, deployment):
            yield text_of(row)
            for part in PARTS.get(kind, ()):
                yield part_text_of(row, part)
            if kind in AS_SEALED:
                yield sealed_text_of(row)
    yield digest_stubs(session.exec(select(AlertStubRow).where(AlertStubRow.deployment == deployment)))
