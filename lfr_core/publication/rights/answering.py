"""Answering and closing requests, and the decision to answer "was I on a list" plainly.

Under neither confirm nor deny nothing is looked up: the same words are sealed by the same steps with the same entry on
the audit trail, so that no answer, no time it took and no record of it depends on any list.
"""

from __future__ import annotations

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import Verb
from lfr_core.custody.people.store import acting
from lfr_core.custody.vault.port import KeyKind
from lfr_core.publication.rights import checks
from lfr_core.publication.rights import reading as read
from lfr_core.publication.rights.sealed import closing_key, open_answer, open_asked, seal_answer, seal_asked
from lfr_core.publication.rights.service import OFFICERS, SECOND, RightsService
from lfr_core.publication.rights.types import Request
from lfr_core.publication.rights.wording import NEITHER, listed_answer
from lfr_core.retention.footage.people import check_two_people
from lfr_core.storage.engine import reading, writing
from lfr_core.watchlists.commitments import was_listed

__all__ = ["answer", "answer_listed", "close", "disclose"]


def answer(service: RightsService, reference: str, text: str, *, by: str) -> Request:
    """Write the answer to a request. `by` is of compliance.

    Raises:
        Refused: `rights.bad-text`, `rights.asks-listed` (that has an answer of its own), `rights.answered`,
            `rights.closed`, `rights.erased`, and as `RightsService`.
    """
    words = checks.words("answer", text)
    with reading(service.engine) as session:
        if read.row_of(session, reference).asks_listed:
            raise Refused(
                "rights.asks-listed",
                'this one asks "was I on a list": `lfr rights answer REF --listed --by NAME` writes everybody the same',
            )
    return _write(service, reference, words, by=by, rule="rights.answered")


def answer_listed(service: RightsService, reference: str, *, by: str, subject: str = "") -> Request:
    """Answer "was I on a list". `subject` is the nominal id of who asks; without a decision to disclose it isn't used.

    Raises:
        Refused: `rights.not-asked` (it doesn't ask that), `rights.deployment-missing`, `rights.bad-subject`,
            `rights.list-stands`, `rights.answered`, `rights.closed`, `rights.erased`, and as `RightsService`.
    """
    name = checks.actor(by)
    with reading(service.engine) as session:
        acting(session, name, OFFICERS)
        row = read.row_of(session, reference)
    if not row.asks_listed:
        raise Refused("rights.not-asked", f"{row.reference} doesn't ask about a list: answer it in words, with --text")
    if row.answered_at is not None:
        raise _answered(row.reference)
    words = NEITHER
    if not row.neither_confirm_nor_deny:
        if row.deployment is None:
            raise Refused(
                "rights.deployment-missing",
                f"say which deployment first: `lfr rights assign {row.reference} DEPLOYMENT --by NAME`",
            )
        listed = was_listed(
            service.engine,
            service.vault,
            service.trail,
            row.deployment,
            subject,
            actor=name,
            purpose=f"rights:{row.reference}",
        )
        words = listed_answer(listed=listed)
    return _write(service, reference, words, by=name, rule="rights.answered-listed")


def disclose(service: RightsService, reference: str, *, by: str, approved_by: str) -> Request:
    """Decide, two people, that one enquiry "was I on a list" is answered plainly.

    Raises:
        Refused: `rights.not-asked`, `rights.answered`, `rights.closed`, `footage.hold-one-person`, and as
        `RightsService`.
    """
    names = checks.actor(by), checks.actor(approved_by)
    check_two_people(*names)
    for name in names:
        service.trail.prepare(name)
    with writing(service.engine) as session:
        acting(session, names[0], OFFICERS)
        acting(session, names[1], SECOND)
        row = service.open_row(session, reference)
        if not row.asks_listed:
            raise Refused("rights.not-asked", f"{row.reference} doesn't ask about a list: there is nothing to decide")
        if row.answered_at is not None:
            raise _answered(row.reference)
        row.neither_confirm_nor_deny = False
        row.disclosure_asked_by, row.disclosure_approved_by, row.disclosure_at = *names, service.now()
        session.add(row)
        session.flush()
        service.append(session, Verb.DECIDE, names[0], row, "rights.disclosure", {})
        service.append(session, Verb.AUTHORISE, names[1], row, "rights.disclosure", {})
        return read.request_of(session, row, service.days, service.now())


def close(service: RightsService, reference: str, *, by: str, withdrawn: bool = False) -> Request:
    """Close an answered request, or one that was withdrawn. Who asked, and what, goes `keep_after_closing_days` later.

    Called again for a closed one it makes up for a key that couldn't be destroyed.

    Raises:
        Refused: `rights.unanswered`, `rights.erased`, and as `RightsService`.
    """
    name = checks.actor(by)
    with reading(service.engine) as session:
        acting(session, name, OFFICERS)
        row = read.row_of(session, reference)
        closed = read.request_of(session, row, service.days, service.now())
    if row.closed_at is None:
        if row.answered_at is None and not withdrawn:
            raise Refused(
                "rights.unanswered", f"{row.reference} isn't answered: answer it, or say that it was withdrawn"
            )
        closed = _close(service, row.reference, row.key_id, name, withdrawn=withdrawn)
    left = [key.id for key in service.vault.kept(KeyKind.RIGHTS) if key.subject == row.reference]
    service.vault.destroy(left, rule="rights.closed")
    return closed


def _close(service: RightsService, reference: str, key_id: str, name: str, *, withdrawn: bool) -> Request:
    old = service.vault.open_kept(key_id, actor=name, purpose="rights.closed")
    keep_days = service.policy.rights.keep_after_closing_days
    new = closing_key(service.vault, reference, now_ns=service.clock.time_ns(), keep_days=keep_days)
    service.trail.prepare(name)
    with writing(service.engine) as session:
        row = service.open_row(session, reference)
        if row.answer_sealed is not None:
            row.answer_sealed = seal_answer(new, reference, open_answer(old, reference, row.answer_sealed))
        row.asked_sealed = seal_asked(new, reference, open_asked(old, reference, row.asked_sealed))
        row.key_id, row.closed_at, row.closed_by, row.withdrawn = new.info.id, service.now(), name, withdrawn
        session.add(row)
        session.flush()
        service.append(session, Verb.DECIDE, name, row, "rights.closed", {"withdrawn": "yes" if withdrawn else "no"})
        return read.request_of(session, row, service.days, service.now())


def _write(service: RightsService, reference: str, words: str, *, by: str, rule: str) -> Request:
    name = checks.actor(by)
    with reading(service.engine) as session:
        acting(session, name, OFFICERS)
        row = read.row_of(session, reference)
    if row.closed_at is not None or row.answered_at is not None:
        raise _answered(row.reference)
    try:
        key = service.vault.open_kept(row.key_id, actor=name, purpose=rule)
    except Refused as refused:
        if refused.rule == "vault.key-gone":
            raise Refused("rights.erased", f"who asked {row.reference} is erased: it was open too long") from refused
        raise
    service.trail.prepare(name)
    with writing(service.engine) as session:
        row = service.open_row(session, reference)
        if row.answered_at is not None:
            raise _answered(row.reference)
        row.answer_sealed = seal_answer(key, row.reference, words)
        row.answered_at, row.answered_by = service.now(), name
        session.add(row)
        session.flush()
        service.append(session, Verb.DISCLOSE, name, row, rule, {})
        return read.request_of(session, row, service.days, service.now())


def _answered(reference: str) -> Refused:
    return Refused("rights.answered", f"{reference} has its answer: `lfr rights show {reference}`; take a new request")
