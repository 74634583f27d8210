"""Following the chain: pure rules over entries in order, without a database."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lfr_core.custody.audit.entry import GENESIS, StoredEntry, digest_of, link, parse_body
from lfr_core.custody.audit.signed import Anchor, Head, find_signed_form
from lfr_core.domain.signatures import SignatureForm

__all__ = ["Chain", "Fault", "Problem", "check_head", "examine_head"]


class Fault(StrEnum):
    """What can be wrong with a trail."""

    CHANGED = "changed"
    """An entry doesn't say what was hashed."""
    MISSING = "missing"
    """An entry is gone and later ones are there."""
    MOVED = "moved"
    """An entry stands where another belongs."""
    INSERTED = "inserted"
    """An entry doesn't follow the one before it: one of the two was written by hand."""
    REPLACED = "replaced"
    """The chain fits together, and isn't the one that was signed."""
    TRUNCATED = "truncated"
    """The newest entries, or the newest signed heads, are gone."""
    UNSIGNED = "unsigned"
    """Entries have waited too long for a signature, the vault refuses to sign, or the trail was never signed."""
    RECORDS_DIFFER = "records-differ"
    """The trail is whole, and the records aren't what it says: somebody wrote in the database past the platform."""
    WRONG_TIME = "wrong-time"
    """An entry says that it was written later than now."""
    BAD_SIGNATURE = "bad-signature"
    OTHER_INSTALLATION = "other-installation"
    """Signed, and properly, with another installation's key."""


@dataclass(frozen=True, slots=True)
class Problem:
    """The first thing wrong: at which entry, of which kind, in a sentence."""

    seq: int
    fault: Fault
    message: str


class Chain:
    """Walks the entries in order of their `seq` from just after (`seq`, `hash`)."""

    def __init__(self, seq: int = 0, hash: str = GENESIS) -> None:
        self.seq = seq
        self.hash = hash

    def follow(self, entry: StoredEntry) -> Problem | None:
        """Take the next entry; what is wrong with it, if anything is. After a problem the walk is over."""
        wanted = self.seq + 1
        if entry.seq < wanted:
            return Problem(entry.seq, Fault.INSERTED, f"entry {entry.seq} stands before the trail's beginning")
        if entry.seq > wanted:
            gone = f"entry {wanted} is" if entry.seq == wanted + 1 else f"entries {wanted} to {entry.seq - 1} are"
            return Problem(wanted, Fault.MISSING, f"{gone} gone")
        problem = _own_problem(entry)
        if problem is None and entry.previous_hash != self.hash:
            problem = Problem(
                wanted,
                Fault.INSERTED,
                f"entry {wanted} doesn't follow the one before it: one of the two was written by hand",
            )
        self.seq, self.hash = entry.seq, entry.hash
        return problem


def check_head(head: Head | Anchor, public_key: bytes) -> Problem | None:
    """Check that a head or anchor is signed, and by this installation; None: it is."""
    return examine_head(head, public_key)[0]


def examine_head(head: Head | Anchor, public_key: bytes) -> tuple[Problem | None, SignatureForm | None]:
    """Return what is wrong with a head or anchor, and the form of its signature."""
    form = find_signed_form(head)
    return _head_problem(head, public_key, is_signed=form is not None), form


def _head_problem(head: Head | Anchor, public_key: bytes, *, is_signed: bool) -> Problem | None:
    what = "the anchor" if isinstance(head, Anchor) else "the signed head"
    if not is_signed:
        return Problem(head.seq, Fault.BAD_SIGNATURE, f"the signature of {what} at entry {head.seq} is wrong")
    if head.public_key != public_key.hex():
        return Problem(
            head.seq, Fault.OTHER_INSTALLATION, f"{what} at entry {head.seq} was signed by another installation"
        )
    if isinstance(head, Anchor) and head.count != head.seq:
        return Problem(head.seq, Fault.CHANGED, f"the anchor at entry {head.seq} counts {head.count} removed entries")
    return None


def _own_problem(entry: StoredEntry) -> Problem | None:
    """Return what is wrong with an entry whatever stands before it."""
    try:
        is_as_hashed = link(entry.previous_hash, digest_of(entry.body)) == entry.hash
    except ValueError:  # a hash that isn't hexadecimal
        is_as_hashed = False
    body = parse_body(entry.body)
    if body is not None and is_as_hashed and body.seq != entry.seq:
        return Problem(entry.seq, Fault.MOVED, f"in place of entry {entry.seq} stands entry {body.seq}")
    stated = None if body is None else (body.at_ns, body.deployment, body.verb.value)
    if not is_as_hashed or stated != (entry.at_ns, entry.deployment, entry.verb):
        return Problem(entry.seq, Fault.CHANGED, f"entry {entry.seq} was changed")
    return None
