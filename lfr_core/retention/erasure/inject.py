"""Injects canaries into gallery and records, by the ways that real references take, and says what each is made from.

Canaries are noise images and random vectors. The stored form is noted from what was really handed to the store: the
sealed bytes of the row, the rotated vector on its way into Milvus.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from sqlalchemy import Engine

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.vault.port import KeptKeyInfo, KeyKind, Vault
from lfr_core.custody.vault.watchlist_key import find_list_key
from lfr_core.deployments.entries import read_entry_row, read_reference_rows
from lfr_core.deployments.gallery_binding import allow_canary
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentView
from lfr_core.domain.reserved import CANARY_ENTRY
from lfr_core.domain.watchlists import Category
from lfr_core.recognition.faces.types import Floats
from lfr_core.recognition.gallery.checks import stored_row
from lfr_core.recognition.gallery.port import Candidate, Gallery, Reference, StoredRow
from lfr_core.retention.erasure.canary import CanaryKind, InjectedCanary
from lfr_core.retention.erasure.forms import image_forms, noise_jpeg, random_template, sealed_forms, vector_forms
from lfr_core.storage.engine import writing
from lfr_core.storage.tables.watchlists import WatchlistEntryRow

__all__ = ["CANARY", "CROP_PX", "NotingGallery", "build_canary", "inject_reference", "inject_template", "key_of"]

CANARY = CANARY_ENTRY
"""Entry, camera and subject of everything injected."""
CROP_PX = 112
_ACTOR = SystemActor.ERASURE
_LISTED = timedelta(days=366)
"""An entry's last day of use: far beyond any deployment."""


class NotingGallery:
    """A `Gallery` that notes the references which are really handed to the one below, and tells of each before."""

    def __init__(self, inner: Gallery, before: Callable[[StoredRow], None]) -> None:
        self._inner = inner
        self._before = before
        self.noted: dict[str, Floats] = {}
        """Vectors as stored, by the reference's id."""

    def create(self, name: str, contract_id: str) -> None:
        self._inner.create(name, contract_id)

    def add(self, name: str, contract_id: str, references: Sequence[Reference]) -> tuple[StoredRow, ...]:
        for reference in references:
            self._before(stored_row(reference.id, reference.entry, reference.template))
        handed = self._inner.add(name, contract_id, references)
        self.noted |= {reference.id: reference.template for reference in references}
        return handed

    def rows(self, name: str, contract_id: str, ids: Sequence[str] | None = None) -> tuple[StoredRow, ...]:
        return self._inner.rows(name, contract_id, ids)

    def search(
        self, name: str, contract_id: str, probes: Floats, limit: int = 1, *, at_least: float = -1.0
    ) -> list[list[Candidate]]:
        return self._inner.search(name, contract_id, probes, limit, at_least=at_least)

    def count(self, name: str) -> int:
        return self._inner.count(name)

    def names(self) -> list[str]:
        return self._inner.names()

    def drop(self, name: str) -> None:
        self._inner.drop(name)


@dataclass(frozen=True, slots=True)
class _Crop:
    id: str
    photograph: str
    crop_jpeg: bytes


def build_canary(
    kind: CanaryKind,
    deployment: str,
    *,
    store: str,
    now_ns: int,
    clear: Sequence[bytes],
    stored: Sequence[bytes],
    key: KeptKeyInfo | None = None,
    due_ns: int | None = None,
) -> InjectedCanary:
    """Make a new canary. `key`: the kept key that its stored form is sealed under, if it is."""
    return InjectedCanary(
        id=uuid.uuid4().hex,
        kind=kind,
        deployment=deployment,
        store=store,
        planted_ns=now_ns,
        due_ns=due_ns,
        key_id=key.id if key else "",
        key_fingerprint=key.fingerprint if key else "",
        clear=tuple(clear),
        stored=tuple(stored),
    )


def inject_template(
    view: DeploymentView,
    gallery: Callable[[Gallery], Gallery],
    milvus: Gallery,
    engine: Engine,
    *,
    clock: Clock,
    random: np.random.Generator,
    store: str = "gallery",
) -> InjectedCanary:
    """Add a random template to the deployment's gallery.

    Args:
        view: a deployment with a list.
        gallery: makes the gallery that real references go through, over the one it is given
            (`lambda inner: build_rotated_gallery(inner, vault, actor=SystemActor.ERASURE, clock=clock)`).
        milvus: where the vectors lie.
        engine: the records: what may be in a gallery is written down before it is put there.
        clock: when it was injected.
        random: the vector's.
        store: name of the store that is searched for it.

    Raises:
        Refused: `erasure.no-list`; `vault.key-gone`.
        Retryable: Milvus or the vault are away.
    """
    if not view.gallery:
        raise _no_list(view.id)

    def allow(row: StoredRow) -> None:
        with writing(engine) as session:
            allow_canary(session, view.id, row)

    template, noting = random_template(random), NotingGallery(milvus, allow)
    reference = Reference(f"{CANARY}-{uuid.uuid4().hex}", CANARY, template)
    gallery(noting).add(view.gallery, view.contract_id, [reference])
    stored = noting.noted[reference.id].astype("<f4").tobytes()
    # Its own key doesn't make it unopenable: two galleries can be aligned without one. Only the drop makes it go.
    return build_canary(
        CanaryKind.TEMPLATE,
        view.id,
        store=store,
        now_ns=clock.time_ns(),
        clear=vector_forms(template),
        stored=sealed_forms(stored),
    )


def inject_reference(
    engine: Engine, vault: Vault, view: DeploymentView, *, clock: Clock, random: np.random.Generator
) -> InjectedCanary:
    """Add a noise crop to the deployment's list in the records, sealed under the list's key as all are.

    Raises:
        Refused: `erasure.no-list`, `vault.key-gone`.
        Retryable: the records or the vault are away.
    """
    info = find_list_key(vault, view.id)
    if info is None:
        raise _no_list(view.id)
    kept = vault.open_kept(info.id, actor=_ACTOR, purpose="inject a canary")
    now_ns, jpeg = clock.time_ns(), noise_jpeg(random, CROP_PX, CROP_PX)
    entry = _CanaryEntry(now_ns, (_Crop(f"{CANARY}-{uuid.uuid4().hex}", CANARY, jpeg),))
    (row,) = read_reference_rows(view.id, entry, kept.key)
    sealed = row.crop_sealed
    with writing(engine) as session:
        if session.get(WatchlistEntryRow, (view.id, CANARY)) is None:
            session.add(read_entry_row(view.id, entry))
            session.flush()
        session.add(row)
    return build_canary(
        CanaryKind.REFERENCE,
        view.id,
        store="database",
        now_ns=now_ns,
        clear=image_forms(jpeg),
        stored=sealed_forms(sealed),
        key=info,
    )


class _CanaryEntry:
    """The list's entry that canaries hang on: a test subject, shown nowhere and counted nowhere."""

    id = CANARY
    subject = CANARY
    category = Category.BLUE_LIST
    legal_reference = "proof of deletion"
    approved_by = str(_ACTOR)
    age = None

    def __init__(self, now_ns: int, references: tuple[_Crop, ...]) -> None:
        self.expires_on = (utc_from_ns(now_ns) + _LISTED).date()
        self.references = references


def key_of(vault: Vault, kind: KeyKind, deployment: str, key_id: str) -> KeptKeyInfo:
    """Return what is known of a kept key. Raises Refused `vault.key-gone`, Retryable."""
    for info in vault.kept(kind, deployment):
        if info.id == key_id:
            return info
    raise Refused("vault.key-gone", f"the key of a canary of {deployment} is gone already: inject again")


def _no_list(deployment: str) -> Refused:
    return Refused("erasure.no-list", f"deployment {deployment} has no list to inject a canary in: enrol one first")
