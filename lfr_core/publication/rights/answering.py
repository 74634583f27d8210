"""Answering and closing requests, and the decision to answer "was I on a list" plainly.

Under neither confirm nor deny nothing is looked up: the same words are sealed by the same steps with the same entry on
the audit trail, so that no answer, no time it took and no record of it depends on any list.
"""

from __future__ import annotations

from sqlmodel import Session

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import Verb
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import AuthenticatedPerson, principal_of
from lfr_core.custody.vault.port import ErasureRule, KeyKind
from lfr_core.domain.approvals import check_same_request
from lfr_core.publication.rights import checks
from lfr_core.publication.rights import reading as read
from lfr_core.publication.rights.sealed import open_answer, open_asked, read_closing_key, seal_answer, seal_asked
from lfr_core.publication.rights.service import OFFICERS, SECOND, RightsService
from lfr_core.publication.rights.types import Request
from lfr_core.publication.rights.wording import NEITHER, listed_answer
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.rights import RightsRequestRow
from lfr_core.watchlists.commitments import was_listed

__all__ = ["answer", "answer_listed", "approve_disclosure", "ask_disclosure", "close"]


def answer(service: RightsService, reference: str, text: str, *, by: AuthenticatedPerson) -> Request:
    """Write the answer to a request. `by` is of compliance.

    Raises:
        Refused: `rights.bad-text`, `rights.asks-listed` (that has an answer of its own), `rights.answered`,
            `rights.closed`, `rights.erased`, and as `RightsService`.
    """
    words = checks.words("answer", text)
    with reading(service.engine) as session:
        if read.find_row(session, reference).asks_listed:
            raise Refused(
                "rights.asks-listed",
                'this one asks "was I on a list": `lfr rights answer REF --listed` writes everybody the same',
            )
    return _write(service, reference, words, by=by, rule="rights.answered")


def answer_listed(service: RightsService, reference: str, *, by: AuthenticatedPerson, subject: str = "") -> Request:
    """Answer "was I on a list". `subject` is the nominal id of who asks; without a decision to disclose it isn't used.

    Raises:
        Refused: `rights.not-asked` (it doesn't ask that), `rights.deployment-missing`, `rights.bad-subject`,
            `rights.list-stands`, `rights.answered`, `rights.closed`, `rights.erased`, and as `RightsService`.
    """
    with reading(service.engine) as session:
        acting(session, by, OFFICERS)
        row = read.find_row(session, reference)
    if not row.asks_listed:
        raise Refused(
            "rights.not-asked", f"{row.reference} doesn't ask about a list: answer it in words, without --listed"
        )
    if row.answered_at is not None:
        raise _answered(row.reference)
    words = NEITHER
    if not row.neither_confirm_nor_deny:
        if row.deployment is None:
            raise _no_deployment(row.reference)
        listed = was_listed(
            service.engine,
            service.vault,
            service.trail,
            row.deployment,
            subject,
            by=by,
            purpose=f"rights:{row.reference}",
        )
        words = listed_answer(listed=listed)
    return _write(service, reference, words, by=by, rule="rights.answered-listed")


def ask_disclosure(service: RightsService, reference: str, *, by: AuthenticatedPerson) -> Request:
    """Ask that one enquiry "was I on a list" be answered plainly; it is once another person approves.

    Raises:
        Refused: `rights.not-asked`, `rights.deployment-missing`, `rights.answered`, `rights.closed`, and as
            `RightsService`.
    """
    name = str(principal_of(by))
    service.trail.prepare(name)
    with writing(service.engine) as session:
        acting(session, by, OFFICERS)
        row = _unanswered(service, session, reference)
        if row.deployment is None:
            raise _no_deployment(row.reference)
        if row.neither_confirm_nor_deny:
            row.disclosure_asked_by = name
            session.add(row)
            session.flush()
            service.append(session, Verb.DECIDE, name, row, "rights.disclosure", {})
        return read.request_of(session, row, service.days, service.now())


def approve_disclosure(service: RightsService, reference: str, *, digest: str, by: AuthenticatedPerson) -> Request:
    """Approve, as the second person, that one enquiry "was I on a list" is answered plainly.

    Args:
        service: of the requests.
        reference: of the request.
        digest: of what was asked for as this person has read it (`Request.disclosure_digest`).
        by: somebody else than who asked.

    Raises:
        Refused: `rights.nothing-asked`, `approval.other-request`, `rights.disclosure-one-person` (`by` asked for it),
            and as `ask_disclosure`.
    """
    name = str(principal_of(by))
    service.trail.prepare(name)
    with writing(service.engine) as session:
        person = acting(session, by, SECOND)
        row = _unanswered(service, session, reference)
        if not row.disclosure_asked_by:
            raise Refused(
                "rights.nothing-asked", f"nobody has asked for that: `lfr rights disclose {row.reference}` comes first"
            )
        check_same_request(digest, read.disclosure_digest(row), row.reference)
        if person.is_called(row.disclosure_asked_by):
            raise Refused(
                "rights.disclosure-one-person",
                "a plain answer needs two people: somebody else than who asked for it has to approve it",
            )
        if row.neither_confirm_nor_deny:
            row.neither_confirm_nor_deny = False
            row.disclosure_approved_by, row.disclosure_at = name, service.now()
            session.add(row)
            session.flush()
            service.append(session, Verb.AUTHORISE, name, row, "rights.disclosure", {})
        return read.request_of(session, row, service.days, service.now())


def close(service: RightsService, reference: str, *, by: AuthenticatedPerson, withdrawn: bool = False) -> Request:
    """Close an answered request, or one that was withdrawn. Who asked, and what, goes `keep_after_closing_days` later.

    Called again for a closed one it makes up for a key that couldn't be destroyed.

    Raises:
        Refused: `rights.unanswered`, `rights.erased`, and as `RightsService`.
    """
    name = str(principal_of(by))
    with reading(service.engine) as session:
        acting(session, by, OFFICERS)
        row = read.find_row(session, reference)
        closed = read.request_of(session, row, service.days, service.now())
    if row.closed_at is None:
        if row.answered_at is None and not withdrawn:
            raise Refused(
                "rights.unanswered", f"{row.reference} isn't answered: answer it, or say that it was withdrawn"
            )
        closed = _close(service, row.reference, row.key_id, name, withdrawn=withdrawn)
    left = [key.id for key in service.vault.kept(KeyKind.RIGHTS) if key.subject == row.reference]
    service.vault.destroy(left, rule=ErasureRule.REQUEST_CLOSED)
    return closed


def _close(service: RightsService, reference: str, key_id: str, name: str, *, withdrawn: bool) -> Request:
    old = service.vault.open_kept(key_id, actor=name, purpose="rights.closed")
    keep_days = service.policy.rights.keep_after_closing_days
    new = read_closing_key(service.vault, reference, now_ns=service.clock.time_ns(), keep_days=keep_days, by=name)
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


def _write(service: RightsService, reference: str, words: str, *, by: AuthenticatedPerson, rule: str) -> Request:
    name = str(principal_of(by))
    with reading(service.engine) as session:
        acting(session, by, OFFICERS)
        row = read.find_row(session, reference)
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


def _unanswered(service: RightsService, session: Session, reference: str) -> RightsRequestRow:
    row = service.open_row(session, reference)
    if not row.asks_listed:
        raise Refused("rights.not-asked", f"{row.reference} doesn't ask about a list: there is nothing to decide")
    if row.answered_at is not None:
        raise _answered(row.reference)
    return row


def _no_deployment(reference: str) -> Refused:
    return Refused(
        "rights.deployment-missing", f"say which deployment first: `lfr rights assign {reference} DEPLOYMENT`"
    )


def _answered(reference: str) -> Refused:
    return Refused("rights.answered", f"{reference} has its answer: `lfr rights show {reference}`; take a new request")
