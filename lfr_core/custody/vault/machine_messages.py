"""What the vault is asked about other machines, by commands of its own machine."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field

from lfr_core.custody.vault.answers import Message
from lfr_core.domain.actors import ProcessIdentity

__all__ = ["AdmitMachine", "DismissMachine", "ListMachines", "MachineRequest"]

MOST_CAMERAS: Final = 24
"""Of one machine: each is a fact of its admission on the audit trail."""


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("control characters")
    return text


MachineName = Annotated[str, Field(min_length=1, max_length=40)]
CameraName = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]


class AdmitMachine(Message):
    verb: Literal["admit-machine"] = "admit-machine"
    name: MachineName
    identities: Annotated[tuple[ProcessIdentity, ...], Field(max_length=len(ProcessIdentity))]
    cameras: Annotated[tuple[CameraName, ...], Field(max_length=MOST_CAMERAS)] = ()
    person: Annotated[str, Field(min_length=1, max_length=200)]
    shown: Annotated[str, Field(max_length=16_000)] = ""
    """Of that person's login; as `messages.Shown`."""


class DismissMachine(Message):
    verb: Literal["dismiss-machine"] = "dismiss-machine"
    name: MachineName
    person: Annotated[str, Field(max_length=200)]
    """Empty: this machine's user, while the records are away."""
    shown: Annotated[str, Field(max_length=16_000)] = ""


class ListMachines(Message):
    verb: Literal["machines"] = "machines"


MachineRequest: TypeAlias = AdmitMachine | DismissMachine | ListMachines
