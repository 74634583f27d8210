"""Galleries for lists that have no photographs, and a binding made anew where a test puts more into one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from sqlalchemy import Engine, delete
from sqlmodel import col

from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.deployments.entries import EntryLike
from lfr_core.deployments.gallery_binding import bind_gallery, list_digest
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.reserved import LIVE_PROBE_ENTRY, LIVE_PROBE_REFERENCE
from lfr_core.recognition.gallery.exact import ExactGallery
from lfr_core.recognition.gallery.port import Gallery, Reference, StoredRow
from lfr_core.storage.engine import writing
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.watchlists import GalleryReferenceRow

__all__ = ["fill", "held_by", "rebind", "reference"]


def reference(id: str, entry: str) -> Reference:
    """A random template, the same for the same id."""
    seed = int.from_bytes(hashlib.sha256(id.encode()).digest()[:8], "big")
    row = np.random.default_rng(seed).normal(size=512)
    return Reference(id, entry, (row / np.linalg.norm(row)).astype(np.float32))


def fill(gallery: Gallery, name: str, contract: str, entries: Sequence[EntryLike]) -> tuple[StoredRow, ...]:
    """Make the gallery of these entries and of a test face; what it must hold."""
    gallery.create(name, contract)
    references = [reference(each.id, entry.id) for entry in entries for each in entry.references]
    return gallery.add(name, contract, [*references, reference(LIVE_PROBE_REFERENCE, LIVE_PROBE_ENTRY)])


def held_by(entries: Sequence[EntryLike]) -> tuple[StoredRow, ...]:
    """What a gallery of these entries must hold, where a test has no gallery."""
    return fill(ExactGallery(), "g", "contract", entries)


def rebind(engine: Engine, deployment: str, gallery: Gallery, trail: Trail) -> None:
    """What the gallery holds now is what it must hold, as if the list had been compiled so."""
    trail.prepare(SystemActor.LFR)
    with writing(engine) as session:
        row = session.get_one(DeploymentRow, deployment)
        session.execute(delete(GalleryReferenceRow).where(col(GalleryReferenceRow.deployment) == deployment))
        bind_gallery(session, row, gallery.rows(row.gallery or "", row.contract_id))
        row.list_digest = list_digest(session, row)
        trail.append(
            session, AuditEvent(Verb.ALTER, SystemActor.LFR, deployment, f"deployment:{deployment}", "of.a-test")
        )
