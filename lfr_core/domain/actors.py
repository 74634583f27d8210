"""Who acts: a person, by name, or one of the platform's own parts, which are a closed list and never a string.

A person's name is text, as it is registered; who acts has shown who they are, as an
`lfr_core.custody.people.roles.AuthenticatedPerson`. A part of the platform is a `SystemActor`: no text becomes one, so
nobody can act as the platform by typing `system:NAME`. On the audit trail a part is written `system:NAME`, a person as
a pseudonym.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

from lfr_core.common.errors import Refused

__all__ = [
    "LISTED",
    "LONGEST_NAME",
    "PROCESSES_OF",
    "SPEAKS_FOR_PEOPLE",
    "Principal",
    "ProcessIdentity",
    "SystemActor",
    "fold_key_name",
    "fold_name",
    "is_part",
    "may_write",
    "person_name",
    "same_person",
]

LONGEST_NAME = 100


class SystemActor(Enum):
    """The platform's own parts. The value is the word on the audit trail and in the vault's messages."""

    CAMERA = "camera"
    """The camera's process, which records footage."""
    ENROLMENT = "enrolment"
    ERASURE = "erasure"
    """Injects canaries and looks for them."""
    FLOWS = "flows"
    """Carries out what people decided, at its time."""
    LFR = "lfr"
    """This machine's user, where nobody is logged in: trials, the very first person and account, and results that are
    due (`lfr publish results`)."""
    PROMISES = "promises"
    RECOGNISER = "recogniser"
    RECORDER = "recorder"
    """Opens alerts, and seals their pictures."""
    RETENTION = "retention"
    RIGHTS = "rights"
    """Ends holds whose time is over."""
    SELF_TEST = "self-test"
    VAULT = "vault"
    WATCH = "watch"
    """Sends live probes and trips the circuit breaker."""

    def __str__(self) -> str:
        """Return the actor as it is written on the audit trail and on timelines."""
        return f"system:{self.value}"


class ProcessIdentity(StrEnum):
    """A kind of process of an installation, as which it is known to the vault by a certificate.

    The value is the name in the certificate, and of its file. What each may ask stands in
    `lfr_core.custody.vault.process_identity`.
    """

    CAMERA = "camera"
    COMMANDS = "commands"
    """The command line, trials and demonstrations."""
    FLOWS = "flows"
    PAGES = "pages"
    PURGE = "purge"
    RECOGNISE = "recognise"
    RECORD = "record"
    SUPERVISOR = "supervisor"
    VAULT = "vault"
    """The vault itself, which others know by it."""
    WATCH = "watch"


LISTED: Final = "listed:"
"""How the vault is asked for the key of the commitments to a list: then the deployment's id."""
SPEAKS_FOR_PEOPLE: Final = frozenset({ProcessIdentity.COMMANDS, ProcessIdentity.PAGES})
"""Where people log in: these write and ask in the name of a person, and no other process does."""
PROCESSES_OF: Final[Mapping[SystemActor, frozenset[ProcessIdentity]]] = MappingProxyType(
    {
        SystemActor.CAMERA: frozenset(),
        SystemActor.ENROLMENT: frozenset(),
        SystemActor.ERASURE: frozenset({ProcessIdentity.COMMANDS, ProcessIdentity.FLOWS}),
        SystemActor.FLOWS: frozenset({ProcessIdentity.FLOWS}),
        SystemActor.LFR: frozenset({ProcessIdentity.COMMANDS}),
        SystemActor.PROMISES: frozenset({ProcessIdentity.COMMANDS, ProcessIdentity.FLOWS}),
        SystemActor.RECOGNISER: frozenset(),
        SystemActor.RECORDER: frozenset({ProcessIdentity.RECORD}),
        SystemActor.RETENTION: frozenset({ProcessIdentity.COMMANDS, ProcessIdentity.FLOWS, ProcessIdentity.PURGE}),
        SystemActor.RIGHTS: frozenset({ProcessIdentity.COMMANDS, ProcessIdentity.FLOWS, ProcessIdentity.PURGE}),
        SystemActor.SELF_TEST: frozenset({ProcessIdentity.COMMANDS, ProcessIdentity.FLOWS, ProcessIdentity.PAGES}),
        SystemActor.VAULT: frozenset(),
        SystemActor.WATCH: frozenset({ProcessIdentity.WATCH}),
    }
)
"""Which processes write entries of the audit trail as which part of the platform. The vault does for all of them, and
for people: it writes down what it lends, to whom."""
_PARTS: Final = {str(part): part for part in SystemActor}
Principal: TypeAlias = str | SystemActor
"""Who does something: a person's name, or a part of the platform."""


def person_name(name: str) -> str:
    """Return a person's name as it is kept: Unicode's composed form (NFKC), single spaces.

    Raises:
        Refused: `actor.not-a-person`: no name, too long, not printable, or with a colon (`system:NAME` is no person).
    """
    plain = " ".join(unicodedata.normalize("NFKC", name).split())
    if not plain or len(plain) > LONGEST_NAME or not plain.isprintable() or ":" in plain:
        raise Refused(
            "actor.not-a-person",
            f"give a person's name: 1 to {LONGEST_NAME} printable characters, without a colon; "
            "nobody can act as the platform itself",
        )
    return plain


def fold_name(name: str) -> str:
    """Return a name as it is compared: Unicode's variants, case, spaces, points and hyphens make no other person.

    Vowel signs and accents do (category M), though `isalnum` doesn't count them: they tell names of some scripts apart.
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    letters = (each if each.isalnum() or unicodedata.category(each)[0] == "M" else " " for each in plain)
    return " ".join("".join(letters).split())


def fold_key_name(name: str) -> str:
    """Return the text that the vault's keyed function is asked about: a person's name folded, a key's name as it is.

    A key's name (`listed:...`) has a colon, which no person's name has and folding never leaves:
    so no person's pseudonym is a key, and two keys' names that differ in a hyphen are two.
    """
    return " ".join(name.split()).casefold() if ":" in name else fold_name(name)


def same_person(a: str, b: str) -> bool:
    """Return whether two names are one person's."""
    return fold_name(a) == fold_name(b)


def is_part(actor: str) -> bool:
    """Return whether an actor, as the audit trail has it, is a part of the platform: `system:NAME`."""
    return actor in _PARTS


def may_write(identity: ProcessIdentity, actor: str) -> bool:
    """Return whether that process writes entries of an actor, as on the audit trail: `system:NAME`, or a person."""
    if identity is ProcessIdentity.VAULT:
        return True
    part = _PARTS.get(actor)
    return identity in (SPEAKS_FOR_PEOPLE if part is None else PROCESSES_OF[part])
