"""The file beside the keystore in which admitted machines stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lfr_core.common.errors import Fatal
from lfr_core.common.files import SETTINGS_BYTES, read_bounded
from lfr_core.custody.vault.files import write_private
from lfr_core.domain.actors import ProcessIdentity

__all__ = ["Machine", "read_machines", "write_machines"]


class Machine(BaseModel):
    """A machine as it was admitted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    identities: tuple[ProcessIdentity, ...]
    cameras: tuple[str, ...] = ()
    """Which it may speak for."""
    serials: tuple[str, ...]
    """Of its certificates, hexadecimal."""
    admitted_ns: int
    until_ns: int
    """Its certificates are good for no longer."""
    dismissed_ns: int | None = None
    last_entries: Mapping[str, int | None] = Field(default_factory=dict)
    """For each certificate that is good no more, the last entry of the audit trail that it may have sealed; None: the
    records haven't been seen since."""
    is_told: bool = True
    """Whether its dismissal is on the audit trail."""

    @property
    def is_admitted(self) -> bool:
        """Whether it wasn't dismissed."""
        return self.dismissed_ns is None

    def end(self, last: int | None = None) -> dict[str, int | None]:
        """Return `last_entries` with all of its certificates; those that were good for none after `last` stay so."""
        serials = dict.fromkeys((*self.last_entries, *self.serials))
        return {each: last if self.last_entries.get(each) is None else self.last_entries[each] for each in serials}


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    machines: tuple[Machine, ...] = ()


def read_machines(file: Path) -> dict[str, Machine]:
    """The machines by name. Raises Fatal when the file is damaged."""
    try:
        return {each.name: each for each in _File.model_validate_json(read_bounded(file, SETTINGS_BYTES)).machines}
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        raise Fatal(
            f"{file} is damaged ({type(error).__name__}): restore it, or remove it and admit the machines anew"
        ) from error


def write_machines(file: Path, machines: Iterable[Machine]) -> None:
    """Replace the file. Raises Refused `vault.keystore`."""
    write_private(file, _File(machines=tuple(machines)).model_dump_json(indent=1).encode())
