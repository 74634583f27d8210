"""Signing the newest entry, every few seconds, by the vault.

A head is signed only over entries that follow the last head without a fault and carry the seal of a process that the
vault knows: an entry put in by hand, with hashes worked out properly, is never signed.
"""

from __future__ import annotations

import hmac

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.chain import Chain, Problem, check_head
from lfr_core.custody.audit.entry import GENESIS, AuditEntry, StoredEntry, parse_body, seal_of
from lfr_core.custody.audit.port import HeadSigner, Verb
from lfr_core.custody.audit.read import (
    anchor_of,
    entry_of,
    read_heads,
    read_newest_head,
    read_newest_seq,
    read_stored_entries,
    snapshot,
)
from lfr_core.custody.audit.record_rights import may_record
from lfr_core.custody.audit.signed import Anchor, Head, signed_head
from lfr_core.custody.vault.record_keys import day_of
from lfr_core.custody.vault.signing import not_signed
from lfr_core.custody.vault.writer_keys import CLOCKS_APART_NS, Writer, WriterKeys
from lfr_core.domain.actors import ProcessIdentity, is_part, may_write
from lfr_core.domain.signatures import SignatureKind
from lfr_core.storage.engine import writing
from lfr_core.storage.tables.audit import AuditEntryRow, AuditHeadRow

__all__ = [
    "check_against_checkpoint",
    "check_anchor_to_sign",
    "check_head_to_sign",
    "check_writer",
    "damaged",
    "read_vault_entries",
    "refuse",
    "sign_head",
]


def sign_head(
    engine: Engine, signer: HeadSigner, clock: Clock, checkpoint: Head | None = None, generation: int | None = None
) -> Head | None:
    """Sign the newest entry, if none has yet.

    Args:
        engine: the records.
        signer: the vault.
        clock: when it is signed.
        checkpoint: the head kept outside the database; it must still be in the trail.
        generation: the keystore's, which the vault has signed too.

    Returns:
        The newest head, new or not; None while the trail is empty.

    Raises:
        Refused: `audit.damaged`: what would be signed isn't what OpenLFR wrote. Nothing is signed until it is.
            `audit.other-installation`: the last head has another key.
        Retryable: the database or the vault is away.
    """
    public_key, at_ns = signer.public_key, clock.time_ns()
    with snapshot(engine) as session:
        anchor, last = anchor_of(session), read_newest_head(session)
        if checkpoint is not None:
            check_against_checkpoint(session, checkpoint, anchor, public_key)
        newest = read_newest_seq(session)
        chain = _follow(session, signer, anchor, last, newest, at_ns)
    if chain is None:
        return None
    if last is not None and last.seq == chain.seq:
        return last
    if newest == 0:
        return None  # all of it was pruned, and the anchor is signed
    head = signed_head(signer, chain.seq, chain.hash, at_ns, generation)
    with writing(engine) as session:
        if session.get(AuditHeadRow, head.seq) is None:  # else another process signed the same entry meanwhile
            session.add(
                AuditHeadRow(
                    seq=head.seq,
                    hash=head.hash,
                    at_ns=head.at_ns,
                    public_key=head.public_key,
                    signature=head.signature,
                    generation=head.generation,
                )
            )
    return head


def check_head_to_sign(engine: Engine, signer: HeadSigner, head: Head) -> None:
    """See that a head is of the records' own entry, written by OpenLFR like all between it and the head before it.

    Args:
        engine: the records.
        signer: the vault.
        head: not signed yet, of now.

    Raises:
        Refused: `audit.damaged`, `audit.other-installation`; `vault.not-signed`: it isn't that entry's.
        Retryable: the database is away.
    """
    with snapshot(engine) as session:
        last = read_newest_head(session, before=head.seq)
        chain = _follow(session, signer, anchor_of(session), last, head.seq, head.at_ns)
    if chain is None or (chain.seq, chain.hash) != (head.seq, head.hash):
        raise not_signed(SignatureKind.AUDIT_HEAD, f"entry {head.seq} of the audit trail is another")


def check_anchor_to_sign(engine: Engine, public_key: bytes, anchor: Anchor, *, before_ns: int) -> None:
    """See that an anchor is of an entry under a signed head, and that it and all before it are old enough to be pruned.

    Entries are read up to that head: what somebody changed in the database has no head over it.

    Args:
        engine: the records.
        public_key: the installation's, 32 bytes.
        anchor: not signed yet.
        before_ns: entries from before may be pruned.

    Raises:
        Refused: `vault.not-signed`; `audit.damaged`, `audit.other-installation`.
        Retryable: the database is away.
    """
    cut = ""
    with snapshot(engine) as session:
        head = next(read_heads(session, at_least=anchor.seq), None)
        chain = None if head is None else _start(session, anchor_of(session), None, public_key)
        if head is None or chain is None:
            raise not_signed(SignatureKind.AUDIT_ANCHOR, f"entry {anchor.seq} of the audit trail isn't signed")
        refuse(check_head(head, public_key))
        for entry in read_stored_entries(session, after=chain.seq, up_to=head.seq):
            refuse(chain.follow(entry))
            if entry.seq <= anchor.seq and entry.at_ns >= before_ns:
                raise not_signed(
                    SignatureKind.AUDIT_ANCHOR, f"entry {entry.seq} of the audit trail is too young to be pruned"
                )
            if entry.seq == anchor.seq:
                cut = entry.hash
    if cut != anchor.hash or anchor.count != anchor.seq or (chain.seq, chain.hash) != (head.seq, head.hash):
        raise not_signed(SignatureKind.AUDIT_ANCHOR, f"entry {anchor.seq} of the audit trail is another")


def check_against_checkpoint(session: Session, checkpoint: Head, anchor: Anchor | None, public_key: bytes) -> None:
    """See that the trail still has the entry that was signed last and remembered elsewhere.

    Raises:
        Refused: `audit.damaged`, `audit.other-installation`.
    """
    refuse(check_head(checkpoint, public_key))
    if anchor is not None and checkpoint.seq <= anchor.seq:
        return
    _must_stand(session, checkpoint, "was signed and remembered outside the database")


def _follow(
    session: Session, signer: HeadSigner, anchor: Anchor | None, last: Head | None, up_to: int, at_ns: int
) -> Chain | None:
    """Walk from the last head (or anchor, or the beginning) to an entry, for a head to be signed at a time of now.

    None for a trail without anything in it.
    """
    chain = _start(session, anchor, last, signer.public_key)
    if chain is None:
        return None
    since_ns = 0 if last is None else last.at_ns
    if signer.writers is not None:  # others ask the vault to sign, and it looks itself
        signer.writers.note_newest(read_newest_seq(session))
    for entry in read_stored_entries(session, after=chain.seq, up_to=up_to):
        refuse(chain.follow(entry))
        if signer.writers is not None:
            check_writer(entry, signer.writers, since_ns, at_ns)
    return chain


def _start(session: Session, anchor: Anchor | None, last: Head | None, public_key: bytes) -> Chain | None:
    """Find the entry after which none is signed yet; None for a trail without anything in it."""
    if anchor is not None:
        refuse(check_head(anchor, public_key))
    if last is not None:
        refuse(check_head(last, public_key))
        if anchor is None or last.seq > anchor.seq:
            _must_stand(session, last, "was signed")
            return Chain(last.seq, last.hash)
    if anchor is not None:
        return Chain(anchor.seq, anchor.hash)
    return Chain(0, GENESIS) if read_newest_seq(session) else None


def _must_stand(session: Session, head: Head, why: str) -> None:
    found = session.exec(select(AuditEntryRow.hash).where(col(AuditEntryRow.seq) == head.seq)).first()
    if found != head.hash:
        state = "gone" if found is None else "another one now"
        raise damaged(f"entry {head.seq}, which {why}, is {state}")


def check_writer(entry: StoredEntry, keys: WriterKeys, since_ns: int, at_ns: int) -> None:
    """See that an entry is sealed by a process that may write for its actor, and that may still write at all.

    Its time is its writer's word: it lies on the day of its key and between the last head (`since_ns`) and the next
    (`at_ns`), as far as clocks agree.
    """
    writer, body = Writer.parse(entry.writer), parse_body(entry.body)
    if writer is None or body is None:
        raise damaged(f"entry {entry.seq} wasn't written by OpenLFR: it names no process that writes")
    try:
        key = keys.key_of(writer, seq=entry.seq, since_day=day_of(since_ns))
    except Refused as refused:
        raise damaged(f"entry {entry.seq} {refused}") from refused
    if not hmac.compare_digest(seal_of(key, entry.hash).encode(), entry.seal.encode()):
        raise damaged(f"entry {entry.seq} wasn't written by OpenLFR: its seal is wrong")
    is_of_its_day = abs(day_of(entry.at_ns) - writer.day) <= 1  # as much as two clocks at midnight, and a lease
    if not is_of_its_day or not since_ns - CLOCKS_APART_NS <= entry.at_ns <= at_ns + CLOCKS_APART_NS:
        raise damaged(f"entry {entry.seq} says that it was written at another time than it was")
    if writer.identity is not None and not may_write(writer.identity, body.actor):
        raise damaged(f"entry {entry.seq} is of {body.actor}, for whom the process {writer.identity} writes nothing")
    if not may_record(writer.identity, body.actor, body.records, writer.roles):
        raise damaged(
            f"entry {entry.seq} of {body.actor} names records that the process {writer.identity} doesn't change so"
        )
    if writer.identity is not None:  # else where nobody is asked who they are (tests)
        _check_whose(entry.seq, body.actor, writer, keys)


def _check_whose(seq: int, actor: str, writer: Writer, keys: WriterKeys) -> None:
    """See that a person's entry is sealed with the key that was lent for them, and a part's with one for no person."""
    if writer.person is None:
        if seq > keys.unnamed_until and not is_part(actor):
            raise damaged(
                f"entry {seq} is a person's, and sealed with a key of an earlier version, which asked for no login"
            )
    elif actor != f"person:{writer.person}" if writer.person else not is_part(actor):
        whose = "another's" if writer.person else "nobody's"
        raise damaged(f"entry {seq} is of {actor}, and sealed with a key that was lent upon {whose} login")


def read_vault_entries(engine: Engine, keys: WriterKeys, verb: Verb) -> tuple[AuditEntry, ...]:
    """Return the vault's own entries about the installation as a whole, in their order.

    What anybody else wrote or changed is left out: `sign_head` and `verify` say so.

    Raises:
        Retryable: the database is away.
    """
    wanted = select(AuditEntryRow.seq).where(AuditEntryRow.verb == verb.value, AuditEntryRow.deployment == "")
    with snapshot(engine) as session:
        seqs = session.exec(wanted.order_by(col(AuditEntryRow.seq))).all()
        found = [one for seq in seqs for one in read_stored_entries(session, after=seq - 1, up_to=seq)]
    return tuple(entry_of(one) for one in found if _is_of_vault(one, keys))


def _is_of_vault(entry: StoredEntry, keys: WriterKeys) -> bool:
    writer = Writer.parse(entry.writer)
    if writer is None or writer.identity is not ProcessIdentity.VAULT or writer.machine:
        return False
    if Chain(entry.seq - 1, entry.previous_hash).follow(entry) is not None:
        return False
    key = keys.key_of(writer, seq=entry.seq, since_day=0)
    return hmac.compare_digest(seal_of(key, entry.hash).encode(), entry.seal.encode())


def refuse(problem: Problem | None) -> None:
    """Raise what a problem means, if it is one: Refused `audit.damaged`, `audit.other-installation`."""
    if problem is not None:
        if problem.fault == "other-installation":
            raise Refused("audit.other-installation", f"the audit trail isn't this installation's: {problem.message}")
        raise damaged(problem.message)


def damaged(message: str) -> Refused:
    """Return what is refused where the trail isn't what OpenLFR wrote."""
    return Refused(
        "audit.damaged",
        f"the audit trail is damaged: {message}. Nothing is signed until it is mended: see `lfr audit verify`, keep "
        "the database as it is for whoever looks into it, and restore a backup",
    )
