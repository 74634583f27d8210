"""Going through the whole trail: every entry, every signed head, and the head kept outside the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import Engine
from sqlmodel import Session

from lfr_core.custody.audit.chain import Chain, Fault, Problem, examine_head
from lfr_core.custody.audit.entry import parse_body
from lfr_core.custody.audit.read import anchor_of, read_heads, read_stored_entries, snapshot
from lfr_core.custody.audit.recorded_state import PUT_BACK, TRAIL_PUT_BACK, RecordedState
from lfr_core.custody.audit.records import find_differences
from lfr_core.custody.audit.signed import Anchor, Head
from lfr_core.custody.vault.writer_keys import CLOCKS_APART_NS
from lfr_core.domain.signatures import SignatureForm

__all__ = ["UNSIGNED_AFTER_S", "AuditReport", "verify"]

_MOST_DIFFERENCES = 100
_NO_HEAD = (
    "nothing of the newest entry is kept outside the database yet: had somebody removed the newest entries, that "
    "couldn't be told"
)
UNSIGNED_AFTER_S = 60.0
"""Heads come every few seconds (policy.audit.head_every_s); an entry without one for this long is a fault."""


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What verification found. Without a problem, every entry up to `signed_seq` is as it was written."""

    entries: int
    """How many there are; of a trail with a problem, how many were good."""
    first_seq: int
    """The oldest there is; 0 for an empty trail."""
    last_seq: int
    pruned: int
    """How many older ones were pruned, under a signed anchor."""
    heads: int
    """How many signatures were checked."""
    untyped: int
    """How many of them are of an earlier version, which signed whatever a process of this installation gave it."""
    signed_seq: int
    """The newest entry under a signature; 0 if none is."""
    problem: Problem | None
    unchecked: tuple[str, ...]
    """What could not be checked, in sentences."""
    differences: tuple[str, ...] = ()
    """Records that aren't what the trail says, in sentences; at most a hundred."""
    put_back: tuple[int, ...] = ()
    """Entries by which the vault says that the keystore, or the trail itself, was put back from an earlier copy."""
    records: RecordedState = field(default_factory=RecordedState, repr=False)
    """What the trail says of the records."""

    @property
    def is_good(self) -> bool:
        """Nothing wrong was found."""
        return self.problem is None

    @property
    def unsigned(self) -> int:
        """How many of the newest entries no signature covers yet."""
        return max(0, self.last_seq - max(self.signed_seq, self.pruned))


def verify(
    engine: Engine,
    *,
    public_key: bytes,
    checkpoint: Head | None,
    now_ns: int | None = None,
    refusal: str = "",
    records_key: bytes | None = None,
    against: Sequence[Head] = (),
) -> AuditReport:
    """Check the trail in one consistent look, a page in memory at a time; stops at the first fault.

    A whole trail is then compared with the records that it names.

    Args:
        engine: the records.
        public_key: the installation's, 32 bytes.
        checkpoint: the head kept outside the database; None when there is no such file, which is reported.
        now_ns: when given, entries without a signature are a fault once the vault has signed nothing for longer than
            `UNSIGNED_AFTER_S`, by the checkpoint's time, which whoever writes entries can't choose; without a
            checkpoint by the first of these entries' own. And an entry that says a later time is.
        refusal: why the vault signs nothing, in its own words (`read_refusal`); empty when it does.
        records_key: of what entries say of records (`AuditTrail.records_key`); None: the vault is away, and the
            records aren't compared, which is reported.
        against: heads of earlier times that were kept elsewhere: the trail must still be the one that they signed.

    Raises:
        Retryable: the database is away.
        Fatal: it has no such tables.
    """
    with snapshot(engine) as session:
        walk = _Walk(session, public_key, checkpoint, now_ns, refusal, against)
        problem = walk.begin() or walk.follow() or walk.end()
        differences: tuple[str, ...] = ()
        if problem is None and records_key is not None and walk.records.adopted:
            differences = _find_differences(session, walk.records, records_key)
    unchecked = []
    if problem is None and differences:
        more = f"; and {len(differences) - 1} more" if len(differences) > 1 else ""
        problem = Problem(walk.chain.seq, Fault.RECORDS_DIFFER, f"{differences[0]}{more}")
    if problem is None and records_key is None and walk.records.adopted:
        unchecked.append("the records weren't compared with the trail: the vault, which has the key of that, is away")
    if checkpoint is None and problem is None:
        unchecked.append(_NO_HEAD)
    if problem is None:
        unchecked += walk.uncompared()
    return AuditReport(
        entries=walk.entries,
        first_seq=walk.first,
        last_seq=walk.chain.seq,
        pruned=walk.anchor.seq if walk.anchor else 0,
        heads=walk.checked,
        untyped=walk.untyped,
        signed_seq=walk.signed,
        problem=problem,
        unchecked=tuple(unchecked),
        differences=differences,
        put_back=tuple(walk.put_back),
        records=walk.records,
    )


class _Walk:
    """One verification under way."""

    def __init__(
        self,
        session: Session,
        public_key: bytes,
        checkpoint: Head | None,
        now_ns: int | None,
        refusal: str,
        against: Sequence[Head],
    ) -> None:
        self._session = session
        self._public_key = public_key
        self._checkpoint = checkpoint
        self._now_ns = now_ns
        self._refusal = refusal
        self._against = sorted(against, key=lambda head: head.seq)
        self._heads: Iterator[Head] = read_heads(session)
        self._head: Head | None = None
        self._waiting_since_ns: int | None = None
        self._newest_head = 0
        self.records = RecordedState()
        self.put_back: list[int] = []
        self.anchor: Anchor | None = None
        self.chain = Chain()
        self.entries = self.first = self.checked = self.untyped = self.signed = 0

    def begin(self) -> Problem | None:
        """Check the anchor, and what was remembered."""
        self.anchor = anchor_of(self._session)
        if self.anchor is not None:
            problem = self._check_head(self.anchor)
            if problem is not None:
                return problem
            self.chain, self.records = Chain(self.anchor.seq, self.anchor.hash), RecordedState(anchor=self.anchor.seq)
        if self._checkpoint is not None:
            problem = self._check_head(self._checkpoint)
            if problem is not None:
                return problem
        for head in self._against:
            problem = self._check_head(head)
            if problem is not None:
                return problem
        self._head = next(self._heads, None)
        return self._heads_here() or self._check_against_here()

    def follow(self) -> Problem | None:
        """Follow every entry, with the heads that sign it."""
        for entry in read_stored_entries(self._session):
            problem = self.chain.follow(entry)
            if problem is not None:
                return problem
            if self._now_ns is not None and entry.at_ns > self._now_ns + CLOCKS_APART_NS:
                return Problem(
                    entry.seq,
                    Fault.WRONG_TIME,
                    f"entry {entry.seq} says that it was written later than now: it was written by hand, or a clock is "
                    "wrong",
                )
            if (body := parse_body(entry.body)) is not None:
                self.records.take(body)
                self.put_back += [entry.seq] if body.rule in {PUT_BACK, TRAIL_PUT_BACK} else []
            self.entries += 1
            self.first = self.first or entry.seq
            if self._waiting_since_ns is None:
                self._waiting_since_ns = entry.at_ns
            problem = self._heads_here() or self._check_checkpoint_here() or self._check_against_here()
            if problem is not None:
                return problem
        return None

    def end(self) -> Problem | None:
        """Check that signatures speak of no more than there is, and of no less."""
        last, pruned = self.chain.seq, self.anchor.seq if self.anchor else 0
        if self._against and self._against[-1].seq > last:
            return Problem(
                last + 1,
                Fault.TRUNCATED,
                f"entry {self._against[-1].seq} was signed and kept elsewhere, and the trail ends at {last}: it, or "
                "the whole home folder, was put back from an earlier copy",
            )
        if self._head is not None:
            return self._check_head(self._head) or Problem(
                last + 1, Fault.TRUNCATED, f"entry {self._head.seq} was signed, and the trail ends at {last}"
            )
        checkpoint = self._checkpoint
        if checkpoint is not None and checkpoint.seq > max(last, pruned):
            return Problem(
                last + 1,
                Fault.TRUNCATED,
                f"entry {checkpoint.seq} was signed and remembered outside the database, and the trail ends at {last}",
            )
        if checkpoint is not None and checkpoint.seq > max(self._newest_head, pruned):
            return Problem(
                checkpoint.seq, Fault.TRUNCATED, f"the signed head of entry {checkpoint.seq} is gone from the database"
            )
        return self._unsigned(max(self.signed, pruned) + 1, last)

    def uncompared(self) -> list[str]:
        """Name the heads kept elsewhere whose entries were pruned: nothing says that the trail is still theirs."""
        pruned = self.anchor.seq if self.anchor else 0
        return [
            f"the head of entry {head.seq}, kept elsewhere, wasn't compared: entries up to {pruned} were removed in "
            "their time, so compare a later one"
            for head in self._against
            if head.seq < pruned
        ]

    def _unsigned(self, first: int, last: int) -> Problem | None:
        """Check that the vault signs, by what it says itself and by when it did last."""
        if self._refusal:
            return Problem(first, Fault.UNSIGNED, f"the vault signs nothing: {self._refusal}")
        if self._now_ns is None or self._waiting_since_ns is None:
            return None
        since_ns = self._waiting_since_ns if self._checkpoint is None else self._checkpoint.at_ns
        if self._now_ns - since_ns <= UNSIGNED_AFTER_S * 1e9:
            return None
        return Problem(
            first,
            Fault.UNSIGNED,
            f"entries {first} to {last} have no signature, and the vault has signed nothing for "
            f"{(self._now_ns - since_ns) / 1e9:.0f} s: see that it runs (`lfr status`) and what it logs",
        )

    def _heads_here(self) -> Problem | None:
        """Check the heads up to the entry reached."""
        while self._head is not None and self._head.seq <= self.chain.seq:
            head, self._head = self._head, next(self._heads, None)
            problem = self._check_head(head)
            if problem is not None:
                return problem
            if head.seq == self.chain.seq and head.hash != self.chain.hash:
                return _replaced(head.seq)
            self._newest_head = head.seq
            if head.seq == self.chain.seq:
                self.signed, self._waiting_since_ns = head.seq, None
        return None

    def _check_head(self, head: Head | Anchor) -> Problem | None:
        problem, form = examine_head(head, self._public_key)
        self.checked += 1
        self.untyped += form is SignatureForm.UNTYPED
        return problem

    def _check_against_here(self) -> Problem | None:
        """Check that what was kept elsewhere signed the very entry reached."""
        others = (head for head in self._against if head.seq == self.chain.seq and head.hash != self.chain.hash)
        return None if next(others, None) is None else _replaced(self.chain.seq)

    def _check_checkpoint_here(self) -> Problem | None:
        if self._checkpoint is None or self._checkpoint.seq != self.chain.seq:
            return None
        return None if self._checkpoint.hash == self.chain.hash else _replaced(self.chain.seq)


def _replaced(seq: int) -> Problem:
    return Problem(seq, Fault.REPLACED, f"the trail up to entry {seq} isn't the one that was signed")


def _find_differences(session: Session, state: RecordedState, records_key: bytes) -> tuple[str, ...]:
    found = find_differences(session, state, records_key, with_pictures=True)
    return tuple(islice(found, _MOST_DIFFERENCES))
