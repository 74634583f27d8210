"""Crops on their way to a person's eyes: what each sealed one is bound to, and the key of the hour.

A probe is sealed three times, and never lies anywhere in the clear: by the recogniser under the key of the
deployment's hour, on the broker; by the recorder under its alert's own key, in the records. References lie under the
list's key and are sealed again under the alert's when it opens.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from lfr_core.custody.vault.key_terms import due_of_sightings, hour_of_sightings
from lfr_core.custody.vault.port import KeptKey, KeyKind, Vault
from lfr_core.custody.vault.sealing import binding
from lfr_core.domain.actors import SystemActor

__all__ = [
    "alert_key",
    "alert_probe",
    "alert_reference",
    "list_reference",
    "list_thumbnail",
    "sighting_probe",
    "sightings_key",
]

_HOUR_NS: Final = 3_600 * 10**9


def sighting_probe(deployment: str, sighting: UUID) -> bytes:
    """Return what a probe on the broker is bound to."""
    return binding("sighting", deployment, str(sighting), "probe")


def alert_probe(deployment: str, alert: UUID) -> bytes:
    """Return what an alert's probe is bound to."""
    return binding("alert", deployment, str(alert), "probe")


def alert_reference(deployment: str, alert: UUID, reference: str) -> bytes:
    """Return what an alert's copy of a reference is bound to."""
    return binding("alert", deployment, str(alert), "reference", reference)


def list_reference(deployment: str, reference: str) -> bytes:
    """Return what a reference of a deployment's list is bound to."""
    return binding("watchlist", deployment, "reference", reference)


def list_thumbnail(deployment: str, entry: str, crop_sha256: str) -> bytes:
    """Return what the thumbnail of an entry is bound to: of which crop of the list that is approved it was made."""
    return binding("watchlist", deployment, "thumbnail", entry, crop_sha256)


def sightings_key(vault: Vault, deployment: str, *, now_ns: int, retention_h: int, actor: SystemActor) -> KeptKey:
    """Return the key that probes on the broker are sealed under in the hour of `now_ns` (UTC).

    `actor` is the recogniser, or erasure, which has a key of its own for the canaries it injects among the probes.

    Raises:
        Retryable: the vault is away.
        Refused: `vault.keystore`, `vault.clock`, `vault.key-due`, `vault.deployment-unknown`.
    """
    subject = hour_of_sightings(now_ns, is_canary=actor is SystemActor.ERASURE)
    return vault.make_key(KeyKind.SIGHTINGS, deployment, subject, due_of_sightings(now_ns, retention_h), actor=actor)


def alert_key(vault: Vault, deployment: str, alert: UUID, *, opened_ns: int, retention_h: int) -> KeptKey:
    """Make the key of one alert's crops, due `retention_h` after it was opened. Raises as `sightings_key`."""
    return vault.make_key(
        KeyKind.ALERT, deployment, str(alert), opened_ns + retention_h * _HOUR_NS, actor=SystemActor.RECORDER
    )
