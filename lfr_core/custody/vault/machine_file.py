"""The file beside the keystore in which admitted machines stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lfr_core.common.errors import Fatal, Refused
from lfr_core.common.files import read_bounded
from lfr_core.custody.vault.files import write_private
from lfr_core.domain.actors import ProcessIdentity

__all__ = ["MOST_BYTES", "Machine", "check_room", "read_machines", "write_machines"]

MOST_BYTES: Final = 2_000_000
"""Of the file: room for some ten thousand admissions."""
_ADMISSION_BYTES: Final = 25_000
"""[proposal] Of one more admission, with as many and as long cameras as it may name."""


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
    copied: str = ""
    """From where two machines came with what this one was given, in words; admitting it anew ends that."""
    is_told: bool = True
    """Whether its dismissal is on the audit trail."""

    @property
    def is_admitted(self) -> bool:
        """Whether it wasn't dismissed."""
        return self.dismissed_ns is None

    def ends_at(self, last: int | None = None) -> dict[str, int | None]:
        """Return `last_entries` with all of its certificates; those that were good for none after `last` stay so."""
        serials = dict.fromkeys((*self.last_entries, *self.serials))
        return {each: last if self.last_entries.get(each) is None else self.last_entries[each] for each in serials}

    def end_replaced(self, last: int) -> dict[str, int | None]:
        """Return `last_entries` with an end for those from before its last admission, too."""
        return {
            each: last if seq is None and each not in self.serials else seq for each, seq in self.last_entries.items()
        }


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    machines: tuple[Machine, ...] = ()


def read_machines(file: Path) -> dict[str, Machine]:
    """Read the machines by name. Raises Fatal when the file is damaged."""
    try:
        return {each.name: each for each in _File.model_validate_json(read_bounded(file, MOST_BYTES)).machines}
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        raise Fatal(
            f"{file} is damaged ({type(error).__name__}): restore it, or remove it and admit the machines anew"
        ) from error


def check_room(machines: Iterable[Machine]) -> None:
    """See that the file has room for one more admission, and for the end of every certificate that stands in it.

    So a dismissal is always written, and what was written is always read. Raises Refused `vault.machine`.
    """
    ended = (each.model_copy(update={"dismissed_ns": 2**63, "last_entries": each.ends_at(2**63)}) for each in machines)
    if len(_content(ended)) + _ADMISSION_BYTES > MOST_BYTES:
        raise Refused(
            "vault.machine", "the register of machines is full: more were admitted than one installation has room for"
        )


def write_machines(file: Path, machines: Iterable[Machine]) -> None:
    """Replace the file. Raises Refused `vault.keystore`."""
    write_private(file, _content(machines))


def _content(machines: Iterable[Machine]) -> bytes:
    return _File(machines=tuple(machines)).model_dump_json(indent=1).encode()
