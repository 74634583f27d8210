"""A gallery whose vectors are rotated by a random orthogonal matrix of the deployment's own.

Inner products don't change when both sides are rotated alike, so scores are those of the plain gallery; and the
vectors of one person in the galleries of two deployments are no longer the same. This is defence in depth, not
erasure, and its limits are these:

* Whoever has the deployment's key, or a few hundred templates of known people in both forms, has the rotation.
* Distances within one gallery are unchanged: who resembles whom can be read from it without any key.
* Two galleries of the same people can be aligned with each other without a key.

Erasure is the dropped collection (docs/deletion.md).
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from lfr_core.common.biometric import Biometric
from lfr_core.common.clock import Clock
from lfr_core.common.errors import Poison, Refused
from lfr_core.custody.vault.port import Vault
from lfr_core.custody.vault.watchlist_key import find_list_key, make_list_key
from lfr_core.domain.actors import SystemActor
from lfr_core.recognition.faces.types import Floats
from lfr_core.recognition.gallery.checks import DIMENSION, check_name, check_probes, check_references
from lfr_core.recognition.gallery.port import Candidate, Gallery, Reference, StoredRow

__all__ = ["RotatedGallery", "Rotation", "build_rotated_gallery", "deployment_of_gallery", "rotation_from_key"]

_LABEL: Final = b"openlfr gallery turn 1"
_ENDS = re.compile(r"lfr_((?:[A-Za-z0-9]|_[0-9a-f]{2})+)(?:__[A-Za-z0-9]+)?")
CHECK_S: Final = 2.0
"""How long a rotation is used before the vault is asked again whether its key still exists."""


@dataclass(frozen=True, slots=True, eq=False)
class Rotation:
    """An orthogonal matrix, shape (512, 512), float64. It is as secret as the key that it comes from."""

    matrix: Biometric[npt.NDArray[np.float64]]

    def apply(self, rows: Floats) -> Floats:
        """Rotate `rows` (n, 512), float32. Each row by itself: the same row gives the same bits wherever it stands."""
        matrix = self.matrix.reveal()
        rotated = np.empty(rows.shape, np.float32)
        for index, row in enumerate(rows):
            rotated[index] = matrix @ row.astype(np.float64)
        return rotated


def rotation_from_key(key: bytes, deployment: str) -> Rotation:
    """Return the rotation of a deployment; the same for the same key, on every machine, to within float32's last bit.

    HKDF-SHA256 (RFC 5869) of the key, SHAKE-256 (FIPS 202) as the stream, Box-Muller for Gaussians, then QR with the
    signs of R's diagonal made positive, which makes Q uniform over the orthogonal group (Mezzadri, Notices of the
    AMS 54 (2007) 592).

    Args:
        key: 32 bytes.
        deployment: its id.
    """
    seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=_LABEL + b"\x00" + deployment.encode()).derive(key)
    count = DIMENSION * DIMENSION
    words = np.frombuffer(hashlib.shake_256(seed).digest(8 * count), dtype="<u8")
    uniform = ((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53  # in (0, 1), never 0
    radius, angle = np.sqrt(-2.0 * np.log(uniform[::2])), 2.0 * np.pi * uniform[1::2]
    normal = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)]).reshape(DIMENSION, DIMENSION)
    q, r = np.linalg.qr(normal)
    signs = np.where(np.diagonal(r) < 0.0, -1.0, 1.0)
    return Rotation(Biometric(np.ascontiguousarray(q * signs)))


class RotatedGallery:
    """A `Gallery` over another one: templates and probes are rotated on their way in, nothing is on the way out.

    Args:
        inner: where the rotated vectors lie.
        turns: the rotation of a collection, by its name; Refused when its key is gone, Retryable when it can't be had.
    """

    def __init__(self, inner: Gallery, rotations: Callable[[str], Rotation]) -> None:
        self._inner = inner
        self._rotations = rotations

    def create(self, name: str, contract_id: str) -> None:
        self._inner.create(name, contract_id)

    def add(self, name: str, contract_id: str, references: Sequence[Reference]) -> tuple[StoredRow, ...]:
        self._inner.add(name, contract_id, [])  # a wrong name or contract is told before a key is made
        rows = self._rotate(name, check_references(references))
        rotated = [replace(reference, template=row) for reference, row in zip(references, rows, strict=True)]
        return self._inner.add(name, contract_id, rotated)

    def rows(self, name: str, contract_id: str, ids: Sequence[str] | None = None) -> tuple[StoredRow, ...]:
        return self._inner.rows(name, contract_id, ids)

    def search(
        self, name: str, contract_id: str, probes: Floats, limit: int = 1, *, at_least: float = -1.0
    ) -> list[list[Candidate]]:
        rows = check_probes(probes)
        return self._inner.search(name, contract_id, self._rotate(name, rows), limit, at_least=at_least)

    def count(self, name: str) -> int:
        return self._inner.count(name)

    def names(self) -> list[str]:
        return self._inner.names()

    def drop(self, name: str) -> None:
        self._inner.drop(name)

    def _rotate(self, name: str, rows: Floats) -> Floats:
        return self._rotations(check_name(name)).apply(rows) if len(rows) else rows


def deployment_of_gallery(name: str) -> str:
    """Return the deployment whose collection this is: the inverse of `gallery_name`, an attempt's suffix left away.

    Raises:
        Poison: the name isn't one of `gallery_name`'s.
    """
    found = _ENDS.fullmatch(name)
    if found is None:
        raise Poison(
            f"{name!r} names no deployment's gallery: make it "
            "with gallery_name(deployment) of lfr_core.recognition.gallery"
        )
    raw = re.sub(rb"_([0-9a-f]{2})", lambda m: bytes.fromhex(m[1].decode()), found[1].encode())
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise Poison(f"{name!r} names no deployment's gallery: it isn't UTF-8") from error


@dataclass(slots=True)
class _Known:
    key_id: str
    rotation: Rotation
    checked_s: float


class _VaultRotations:
    """Rotations by collection, from the keys of the deployments; forgotten when the vault says that the key is gone."""

    def __init__(
        self, vault: Vault, clock: Clock, actor: SystemActor, monotonic: Callable[[], float], *, may_make: bool
    ) -> None:
        self._vault = vault
        self._clock = clock
        self._actor = actor
        self._monotonic = monotonic
        self._may_make = may_make
        self._known: dict[str, _Known] = {}

    def __call__(self, name: str) -> Rotation:
        deployment = deployment_of_gallery(name)
        known = self._known.get(deployment)
        now = self._monotonic()
        if known is not None and now - known.checked_s < CHECK_S:
            return known.rotation
        # Until the vault has answered there is no rotation: what can't be asked isn't searched.
        self._known.pop(deployment, None)
        info = find_list_key(self._vault, deployment)
        if info is None and not self._may_make:
            raise Refused("vault.key-gone", f"the list of deployment {deployment} is destroyed: it can't be searched")
        if known is None or info is None or known.key_id != info.id:
            if info is None:
                kept = make_list_key(self._vault, deployment, now_ns=self._clock.time_ns())
            else:
                kept = self._vault.open_kept(info.id, actor=self._actor, purpose="rotate templates and probes")
            known = _Known(kept.info.id, rotation_from_key(kept.key, deployment), now)
        known.checked_s = now
        self._known[deployment] = known
        return known.rotation


def build_rotated_gallery(
    inner: Gallery,
    vault: Vault,
    *,
    actor: SystemActor,
    may_make: bool = False,
    clock: Clock,
    monotonic: Callable[[], float] = time.monotonic,
) -> RotatedGallery:
    """Return the gallery that everybody uses: collections named by `gallery_name`, keys from the vault.

    Args:
        inner: Milvus, or the exact one.
        vault: asked every 2 s whether the key still exists; Retryable when it is away.
        actor: the part that asks for the key, which is on the audit trail.
        may_make: whether a deployment without a key gets one: for the enrolment, never for a worker, so that a
            destroyed key isn't replaced by one that opens nothing.
        clock: for the new key's due time.
        monotonic: seconds that never go back.
    """
    rotations = _VaultRotations(vault, clock, actor, monotonic, may_make=may_make)
    return RotatedGallery(inner, rotations)
