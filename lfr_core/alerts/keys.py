"""The keys a recording needs, asked for between transactions and never inside one.

The vault writes on the audit trail, and so into the same database: whoever held SQLite's write lock while waiting for
the vault would wait for ever. So the writer runs once to find out what it needs, is rolled back, and runs again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from lfr_core.common.errors import Refused
from lfr_core.custody.crops import alert_key, sighting_probe
from lfr_core.custody.vault.port import KeptKey, KeyKind, Vault
from lfr_core.custody.vault.sealing import open_sealed
from lfr_core.custody.vault.watchlist_key import find_list_key
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.messages import Sighting

__all__ = ["RECORDER", "CropKeys"]

RECORDER = SystemActor.RECORDER
"""Who consults keys and collects alerts, on the audit trail."""
_Name = TypeVar("_Name")


class CropKeys:
    """What one call to the recorder knows of keys. The writer asks; `fetch` gets what was missing.

    Args:
        vault: asked by `fetch` alone.
        now_ns: wall time of the call: when its alerts are opened.
        retention_h: policy.alerts.retention_h.
    """

    def __init__(self, vault: Vault, *, now_ns: int, retention_h: int, new_id: Callable[[], UUID]) -> None:
        self._vault = vault
        self._now_ns = now_ns
        self._retention_h = retention_h
        self._new_id = new_id
        self._sightings: dict[str, KeptKey | Refused] = {}
        self._lists: dict[str, KeptKey | Refused] = {}
        self._alerts: dict[UUID, KeptKey | Refused] = {}
        self._made: dict[str, list[tuple[UUID, KeptKey]]] = {}
        self._spare: dict[str, list[tuple[UUID, KeptKey]]] = {}
        self._want_sightings: set[str] = set()
        self._want_lists: set[str] = set()
        self._want_alerts: dict[UUID, str] = {}
        self._want_new: dict[str, int] = {}

    @property
    def wanting(self) -> bool:
        """Whether the writer asked for what wasn't there: then nothing it wrote may be committed."""
        return bool(self._want_sightings or self._want_lists or self._want_alerts or any(self._want_new.values()))

    def probe(self, sighting: Sighting) -> bytes | None:
        """Return the probe's JPEG, or None until its key has been fetched.

        Raises:
            Refused: `vault.key-gone`, `vault.not-authentic`.
        """
        key = _known(self._sightings, sighting.key_id)
        if key is None:
            self._want_sightings.add(sighting.key_id)
            return None
        if (key.info.kind, key.info.deployment) != (KeyKind.SIGHTINGS, sighting.deployment):
            raise Refused("vault.not-authentic", f"sighting {sighting.id} names a key of something else")
        return open_sealed(key.key, sighting.probe_sealed, sighting_probe(sighting.deployment, sighting.id))

    def of_list(self, deployment: str) -> KeptKey | None:
        """Return the key of a deployment's list, or None until fetched. Raises Refused `vault.key-gone`."""
        key = _known(self._lists, deployment)
        if key is None:
            self._want_lists.add(deployment)
        return key

    def of_alert(self, alert: UUID, key_id: str) -> KeptKey | None:
        """Return the key of an alert that stands, or None until fetched. Raises Refused `vault.key-gone`.

        One that this call is about to open has no `key_id` yet: what is written for it is rolled back.
        """
        key = _known(self._alerts, alert)
        if key is None and key_id:
            self._want_alerts[alert] = key_id
        return key

    def for_new(self, deployment: str) -> tuple[UUID, KeptKey | None]:
        """Return id and key of an alert to be opened; the key is None until fetched."""
        spare = self._spare.setdefault(deployment, [])
        if spare:
            alert, key = spare.pop(0)
            self._alerts[alert] = key
            return alert, key
        self._want_new[deployment] = self._want_new.get(deployment, 0) + 1
        return self._new_id(), None

    def restart(self) -> None:
        """Begin anew with the writer: alerts it opened before were rolled back, and their keys wait to be used."""
        self._spare = {deployment: list(made) for deployment, made in self._made.items()}

    def fetch(self) -> None:
        """Ask the vault for what was wanted. Keys that are gone are remembered as refused.

        Raises:
            Retryable: the vault is away; nothing was recorded.
            Refused: `vault.keystore`, `vault.clock`: no key can be made.
        """
        for key_id in self._want_sightings:
            self._sightings[key_id] = self._consulted(key_id, "record a sighting")
        for deployment in self._want_lists:
            info = find_list_key(self._vault, deployment)
            gone = Refused("vault.key-gone", f"the list of deployment {deployment} is destroyed: nothing is recorded")
            self._lists[deployment] = gone if info is None else self._consulted(info.id, "copy references to an alert")
        for alert, key_id in self._want_alerts.items():
            self._alerts[alert] = self._consulted(key_id, "put a better picture into an alert")
        for deployment, count in self._want_new.items():
            for _ in range(count):
                alert = self._new_id()
                key = alert_key(self._vault, deployment, alert, opened_ns=self._now_ns, retention_h=self._retention_h)
                self._made.setdefault(deployment, []).append((alert, key))
        self._want_sightings.clear()
        self._want_lists.clear()
        self._want_alerts.clear()
        self._want_new.clear()

    def _consulted(self, key_id: str, purpose: str) -> KeptKey | Refused:
        try:
            return self._vault.open_kept(key_id, actor=RECORDER, purpose=purpose)
        except Refused as error:
            if error.rule != "vault.key-gone":
                raise
            return error


def _known(keys: dict[_Name, KeptKey | Refused], name: _Name) -> KeptKey | None:
    found = keys.get(name)
    if isinstance(found, Refused):
        raise Refused(found.rule, str(found))
    return found
