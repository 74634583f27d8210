"""An alert's pictures. There is one way to them: a person, a purpose, and the vault, which puts both on the trail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn
from uuid import UUID

from sqlalchemy import Engine

from lfr_core.alerts.pictures import pictures_digest, read_references, read_shots
from lfr_core.common.biometric import Biometric
from lfr_core.common.errors import Refused
from lfr_core.custody.crops import alert_probe, alert_reference
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.custody.people.sign_on import DUTIES
from lfr_core.custody.vault.port import Vault
from lfr_core.custody.vault.sealing import open_sealed
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.alerts import AlertRow

__all__ = ["DELETED", "AlertCrops", "OpenedCrops", "ReferenceCrop"]

DELETED = "alert.deleted-on-schedule"
"""The rule of the refusal once an alert's pictures are gone: nothing is wrong then."""


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceCrop:
    """One enrolled photograph."""

    id: str
    photograph: str
    jpeg: Biometric[bytes]


@dataclass(frozen=True, slots=True, eq=False)
class OpenedCrops:
    """What a person compares."""

    probe: Biometric[bytes]
    """JPEG."""
    references: tuple[ReferenceCrop, ...]
    digest: str
    """Of the sealed pictures (`pictures_digest`): an answer carries it, and is refused once they are others."""
    opened_ns: int
    """When the alert was opened, wall time: its pictures' hours count from then."""
    shots: tuple[Biometric[bytes], ...] = ()
    """JPEG: other pictures of the same sightings, the newest first."""


class AlertCrops:
    """Opens alerts' pictures. Keeps nothing."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine = engine
        self._vault = vault

    def open(self, alert: UUID, actor: AuthenticatedPerson, purpose: str, pictures: str = "") -> OpenedCrops:
        """Open the pictures of one alert, for the person `actor` and `purpose`.

        `pictures`: the digest of those that they had before them, which are given again while they are kept.

        The vault refuses whoever hasn't signed on to its deployment as a registered operator, or as an engaging officer
        where an operator has judged it, and has the consultation on the audit trail before the key is out.

        Raises:
            Refused: `alert.deleted-on-schedule` (no such alert, or its key is destroyed), `vault.purpose-missing`,
                `vault.not-authentic`, `actor.not-authenticated`, `people.*`, `operator.not-signed-on`, `officer.*`.
            Retryable: the database, the vault or the audit trail is away.
        """
        with reading(self._engine) as session:
            name = acting(session, actor, DUTIES).name
            row = session.get(AlertRow, alert)
            references = () if row is None else read_references(session, row)
            shots = () if row is None else read_shots(session, alert)
        if row is None or not row.key_id:
            _deleted(alert)
        try:
            key = self._vault.open_kept(row.key_id, actor=name, purpose=purpose).key
        except Refused as error:
            if error.rule == "vault.key-gone":
                _deleted(alert)
            raise
        probes = [row.probe_sealed, *(shot.probe_sealed for shot in shots)]
        digests = [pictures_digest(alert, each, references) for each in probes]
        at = digests.index(pictures) if pictures in digests else 0
        probe, *others = (
            Biometric(open_sealed(key, each, alert_probe(row.deployment, alert)))
            for each in (probes[at], *probes[:at], *probes[at + 1 :])
        )
        return OpenedCrops(
            probe,
            tuple(
                ReferenceCrop(
                    one.id,
                    one.photograph,
                    Biometric(open_sealed(key, one.crop_sealed, alert_reference(row.deployment, alert, one.id))),
                )
                for one in references
            ),
            digests[at],
            row.opened_ns,
            tuple(others),
        )


def _deleted(alert: UUID) -> NoReturn:
    raise Refused(DELETED, f"the pictures of alert {alert} were deleted on schedule: nobody can open them any more")
