"""Crops on their way to a person's eyes: what each sealed one is bound to, and the key of the hour.

A probe is sealed three times, and never lies anywhere in the clear: by the recogniser under the key of the
deployment's hour, on the broker; by the recorder under its alert's own key, in the records. References lie under the
list's key and are sealed again under the alert's when it opens.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from lfr_core.common.clock import utc_from_ns
from lfr_core.custody.vault.port import KeptKey, KeyKind, Vault
from lfr_core.custody.vault.sealing import binding
from lfr_core.domain.actors import SystemActor

__all__ = [
    "alert_key",
    "alert_probe",
    "alert_reference",
    "list_reference",
    "sighting_probe",
    "sightings_key",
]

_HOUR_NS: Final = 3_600 * 10**9


def sighting_probe(deployment: str, sighting: UUID) -> bytes:
    """What a probe on the broker is bound to."""
    return binding("sighting", deployment, str(sighting), "probe")


def alert_probe(deployment: str, alert: UUID) -> bytes:
    """What an alert's probe is bound to."""
    return binding("alert", deployment, str(alert), "probe")


def alert_reference(deployment: str, alert: UUID, reference: str) -> bytes:
    """What an alert's copy of a reference is bound to."""
    return binding("alert", deployment, str(alert), "reference", reference)


def list_reference(deployment: str, reference: str) -> bytes:
    """What a reference of a deployment's list is bound to."""
    return binding("watchlist", deployment, "reference", reference)


def sightings_key(vault: Vault, deployment: str, *, now_ns: int, retention_h: int, actor: SystemActor) -> KeptKey:
    """The key that probes on the broker are sealed under in the hour of `now_ns` (UTC).

    `actor` is the recogniser, or whoever injects a canary among its probes. It is due `retention_h` after the hour
    began, so that no probe outlives the first alert of its hour; with less than two hours of retention, after two, or
    the last sightings of an hour couldn't be recorded.

    Raises:
        Retryable: the vault is away.
        Refused: `vault.keystore`, `vault.clock`.
    """
    start_ns = now_ns - now_ns % _HOUR_NS
    subject = utc_from_ns(start_ns).isoformat(timespec="hours")
    return vault.make_key(
        KeyKind.SIGHTINGS, deployment, subject, start_ns + max(retention_h, 2) * _HOUR_NS, actor=actor
    )


def alert_key(vault: Vault, deployment: str, alert: UUID, *, opened_ns: int, retention_h: int) -> KeptKey:
    """The key of one alert's crops, due `retention_h` after it was opened. Raises as `sightings_key`."""
    return vault.make_key(
        KeyKind.ALERT, deployment, str(alert), opened_ns + retention_h * _HOUR_NS, actor=SystemActor.RECORDER
    )
