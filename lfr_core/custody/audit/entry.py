"""An entry of the trail: what may be in it, how it is written, and how it hangs on the one before.

The body is canonical JSON (keys sorted, no spaces, UTF-8) and holds its own `seq` and `at_ns`, so that neither can be
changed apart. An entry's hash is SHA-256(previous hash || SHA-256(body)), both as 32 bytes; the first entry's previous
hash is 32 zero bytes. The inner hash lets an export blank the entries of other deployments and still be checked.

The seal is HMAC-SHA256 of the entry's hash under a key that only the vault and the process that wrote the entry can
have. Whoever can write to the database alone can't make one, and `sign_head` signs no entry without it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.domain.actors import Principal, SystemActor, person_name

__all__ = [
    "GENESIS",
    "MOST_RECORDS",
    "AuditEntry",
    "Body",
    "StoredEntry",
    "actor_name",
    "canonical",
    "check_event",
    "digest_of",
    "link",
    "parse_body",
    "record_digest",
    "seal_of",
    "write_body",
]

GENESIS = "0" * 64
"""The hash before the first entry."""
LONGEST_TEXT = 200
MOST_FACTS = 32
MOST_RECORDS = 500
_LARGEST = 2**63 - 1
_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_FACT = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as the table has it, unchecked."""

    seq: int
    at_ns: int
    deployment: str
    verb: str
    body: str
    previous_hash: str
    hash: str
    writer: str
    seal: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An entry as people read it. `actor` is `person:` and a pseudonym, or `system:NAME`."""

    seq: int
    at_ns: int
    verb: Verb
    actor: str
    deployment: str
    subject: str
    rule: str
    facts: Mapping[str, str | int]
    hash: str


class Body(BaseModel):
    """What a body holds, version 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    v: Literal[1]
    seq: StrictInt = Field(ge=1)
    at_ns: StrictInt
    verb: Verb
    actor: StrictStr
    deployment: StrictStr
    subject: StrictStr
    rule: StrictStr
    facts: dict[str, StrictInt | StrictStr]
    records: dict[StrictStr, StrictStr] = Field(default_factory=dict)
    """The recorded rows that changed with it, each with its `record_digest` before and after, as `1f…>2e…`; "" where
    there was none, or is none.
    """


def canonical(value: object) -> str:
    """Write a JSON value in the one way there is: keys sorted, no spaces, characters as they are."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_of(body: str) -> bytes:
    """Return SHA-256 of a body's UTF-8, 32 bytes. Raises ValueError for half a surrogate pair."""
    return hashlib.sha256(body.encode()).digest()


def link(previous_hash: str, digest: bytes) -> str:
    """Return the hash of an entry, hexadecimal. Raises ValueError when `previous_hash` isn't hexadecimal."""
    return hashlib.sha256(bytes.fromhex(previous_hash) + digest).hexdigest()


def seal_of(writer_key: bytes, entry_hash: str) -> str:
    """Return the seal of an entry, hexadecimal."""
    return hmac.new(writer_key, entry_hash.encode(), hashlib.sha256).hexdigest()


def parse_body(body: str) -> Body | None:
    """Return what a body says, or None if it isn't one."""
    try:
        return Body.model_validate_json(body)
    except (ValidationError, ValueError):
        return None


def actor_name(actor: Principal) -> str:
    """Return a person's name with its white space tidied, or `system:NAME` of a part of the platform.

    Raises:
        Refused: `audit.bad-event`: text that is no person's name (`person_name`), `system:NAME` among it.
    """
    if isinstance(actor, SystemActor):
        return str(actor)
    try:
        return person_name(actor)
    except Refused as refused:
        raise _bad(str(refused)) from refused


def check_event(event: AuditEvent) -> None:
    """See that an event may be written: short plain words and whole numbers only.

    Raises:
        Refused: `audit.bad-event`: bytes, long text, line breaks, fractions, or no subject.
    """
    actor_name(event.actor)
    if not event.subject or any(mark.isspace() for mark in event.subject):
        raise _bad("a subject is a kind and an id without spaces, as alert:0b5c")
    for what, text in (("deployment", event.deployment), ("subject", event.subject), ("rule", event.rule)):
        _check_text(what, text)
    if len(event.facts) > MOST_FACTS:
        raise _bad(f"an entry has at most {MOST_FACTS} facts, not {len(event.facts)}")
    for name, given in event.facts.items():
        fact: object = given  # callers may be untyped: what comes is looked at
        if not _FACT.fullmatch(str(name)):
            raise _bad("a fact's name is up to 40 small letters, digits and _")
        if isinstance(fact, str):
            _check_text(f"fact {name}", fact)
        elif type(fact) is not int or abs(fact) > _LARGEST:  # True is an int, and isn't a count
            raise _bad(f"fact {name} must be a short text or a whole number of 64 bits, not {type(fact).__name__}")


def record_digest(records_key: bytes, text: str | None) -> str:
    """Return the digest of a recorded row (`lfr_core.storage.recorded`), 32 hexadecimal digits; "" of a deleted one.

    HMAC-SHA256 under a key of the installation's, cut: nobody outside can find out by trial whose name is in it.
    """
    return "" if text is None else hmac.new(records_key, text.encode(), hashlib.sha256).hexdigest()[:32]


def write_body(event: AuditEvent, *, actor: str, seq: int, at_ns: int, records: Mapping[str, str] = _NONE) -> str:
    """Return the canonical body of a checked event; `actor` is the pseudonym or `system:NAME`."""
    if len(records) > MOST_RECORDS:
        raise _bad(f"an entry stands for at most {MOST_RECORDS} records, not {len(records)}")
    recorded = {"records": dict(records)} if records else {}
    return canonical(
        recorded
        | {
            "v": 1,
            "seq": seq,
            "at_ns": at_ns,
            "verb": event.verb.value,
            "actor": actor,
            "deployment": event.deployment,
            "subject": event.subject,
            "rule": event.rule,
            "facts": dict(event.facts),
        }
    )


def _check_text(what: str, text: object) -> None:
    if not isinstance(text, str):
        raise _bad(f"the {what} must be text, not {type(text).__name__}")
    if len(text) > LONGEST_TEXT or not _is_plain(text):
        raise _bad(f"the {what} must be one line of at most {LONGEST_TEXT} printable characters")


def _is_plain(text: str) -> bool:
    return text.isprintable()  # no line breaks, no control characters, no half surrogates


def _bad(message: str) -> Refused:
    return Refused("audit.bad-event", f"this can't be put on the audit trail: {message}; nothing was done")
