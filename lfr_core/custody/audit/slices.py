"""A stretch of the trail as lines, with what is needed to verify it and nothing else.

    {"anchor":{...}}                  where the trail begins since it was pruned, signed
    {"run":{"from":HASH,"seq":N}}     a run of entries begins: the hash before entry N
    {"body":{...}}                    an entry; its text between the colon and the last brace is what was hashed
    {"digest":HEX}                    SHA-256 of the body of an entry that was left out
    {"head":{...}}                    the signature over the run so far

A run is verified from its beginning to its last head; each entry's hash is SHA-256(hash before || SHA-256(body)).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.chain import Chain, Problem
from lfr_core.custody.audit.entry import StoredEntry, canonical, digest_of
from lfr_core.custody.audit.read import anchor_of, read_heads, read_newest_head, read_stored_entries
from lfr_core.custody.audit.signed import Head
from lfr_core.storage.tables.audit import AuditEntryRow

__all__ = ["SliceCounts", "read_deployment_lines", "whole_lines"]

Keep = Callable[[StoredEntry], bool]


@dataclass(slots=True)
class SliceCounts:
    """Filled in while the lines are made."""

    entries: int = 0
    left_out: int = 0
    unsigned: int = 0
    """Newer than the last signed head."""
    last_seq: int = 0
    """Of the last entry of the stretch; 0 where there is none."""
    last_hash: str = ""


def whole_lines(session: Session, keep: Keep, counts: SliceCounts) -> Iterator[str]:
    """Yield the lines of the whole trail as one run; entries that aren't kept leave only their digests.

    Raises:
        Refused: `audit.damaged`: the trail doesn't fit together.
    """
    anchor, last = anchor_of(session), read_newest_head(session)
    chain = Chain() if anchor is None else Chain(anchor.seq, anchor.hash)
    if anchor is not None:
        yield canonical({"anchor": anchor.as_dict()})
    yield canonical({"run": {"from": chain.hash, "seq": chain.seq + 1}})
    for entry in read_stored_entries(session, after=chain.seq):
        _refuse(chain.follow(entry))
        yield _line(entry, keep, counts)
        counts.unsigned += 1
        if last is not None and last.seq == entry.seq:
            yield _head_line(last, chain)
            counts.unsigned = 0


def read_deployment_lines(session: Session, deployment: str, counts: SliceCounts) -> Iterator[str]:
    """Yield the lines of the entries of one deployment up to the newest head, in runs that each end with a head.

    Raises:
        Refused: `audit.damaged`.
    """

    def keep(entry: StoredEntry) -> bool:
        return entry.deployment == deployment

    last = read_newest_head(session)
    first = session.exec(select(func.min(AuditEntryRow.seq)).where(col(AuditEntryRow.deployment) == deployment)).first()
    if last is None or not first:
        return
    heads = read_heads(session, at_least=first)
    head = next(heads, None)
    chain: Chain | None = None
    for entry in read_stored_entries(session, after=first - 1, up_to=last.seq):
        while head is not None and head.seq < entry.seq:
            head = next(heads, None)
        if chain is None:
            if not keep(entry):
                continue
            chain = Chain(entry.seq - 1, entry.previous_hash)
            yield canonical({"run": {"from": chain.hash, "seq": entry.seq}})
        _refuse(chain.follow(entry))
        yield _line(entry, keep, counts)
        if head is not None and head.seq == entry.seq:
            yield _head_line(head, chain)
            chain = None


def _line(entry: StoredEntry, keep: Keep, counts: SliceCounts) -> str:
    counts.last_seq, counts.last_hash = entry.seq, entry.hash
    if not keep(entry):
        counts.left_out += 1
        return canonical({"digest": digest_of(entry.body).hex()})
    counts.entries += 1
    if "\n" in entry.body:
        raise _damaged(f"entry {entry.seq} has a line break")
    return f'{{"body":{entry.body}}}'


def _head_line(head: Head, chain: Chain) -> str:
    if head.hash != chain.hash:
        raise _damaged(f"the trail up to entry {head.seq} isn't the one that was signed")
    return canonical({"head": head.as_dict()})


def _refuse(problem: Problem | None) -> None:
    if problem is not None:
        raise _damaged(problem.message)


def _damaged(message: str) -> Refused:
    return Refused(
        "audit.damaged",
        f"nothing is handed out, because the audit trail is damaged: {message}. `lfr audit verify` says more; to have "
        "it looked into, copy the database itself",
    )
