"""Requests are taken, sealed, answered within their month, closed, and forgotten."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlmodel import select

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.vault.port import KeyKind
from lfr_core.domain.actors import Principal
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.rights import answering
from lfr_core.publication.rights.reading import complaints_received, find_request, requests
from lfr_core.publication.rights.types import NewRequest, RequestContext, RequestKind, RequestState
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.audit import AuditEntryRow
from lfr_core.storage.tables.rights import RightsRequestRow
from tests.support.people import authenticated
from tests.support.rights import APPROVER, CLERK, CONTACT, OFFICER, TEXT, RightsHarness

DAY_S = 86_400


def test_a_request_is_due_a_month_after_its_receipt_and_overdue_the_midnight_after(harness: RightsHarness) -> None:
    taken = harness.take(RequestKind.ENQUIRY)
    assert (taken.received_on, taken.due_on) == (dt.date(2026, 11, 23), dt.date(2026, 12, 23))

    def state() -> RequestState:
        return find_request(harness.engine, harness.rights.days, harness.rights.now(), taken.reference).state

    assert state() is RequestState.OPEN
    last_second = dt.datetime(2026, 12, 23, 23, 59, 59, tzinfo=LONDON)
    harness.clock.now_ns = round(last_second.timestamp()) * 10**9
    assert state() is RequestState.DUE_SOON
    harness.clock.advance(1)
    assert state() is RequestState.OVERDUE
    answering.answer(harness.rights, taken.reference, "Late, sorry.", by=authenticated(OFFICER))
    assert state() is RequestState.ANSWERED


def test_what_a_person_wrote_opens_to_compliance_alone_and_on_the_audit_trail(harness: RightsHarness) -> None:
    taken = harness.take(about=RequestContext(deployment="dep", place="by the library"))
    decisions = harness.rights

    for nobody in ("Olu Operator", "Mallory"):
        with pytest.raises(Refused, match=r"Olu Operator is operator|nobody is registered"):
            decisions.open(taken.reference, by=authenticated(nobody), purpose="curious")
    with pytest.raises(Refused) as refused:
        decisions.open(taken.reference, by=authenticated(OFFICER), purpose=" ")
    assert refused.value.rule == "vault.purpose-missing"
    opened = decisions.open(taken.reference.lower().replace("-", " "), by=authenticated(OFFICER), purpose="to answer")

    assert (opened.contact, opened.text, opened.place, opened.answer) == (CONTACT, TEXT, "by the library", "")
    assert [f"rights:{taken.reference}" in row.body for row in harness.audited("consult")] == [True]


def test_nothing_a_person_wrote_is_in_the_database_or_on_the_trail(harness: RightsHarness) -> None:
    taken = harness.take(about=RequestContext(deployment="dep", place="by the library"))
    answering.answer(harness.rights, taken.reference, "You were taken for somebody else.", by=authenticated(OFFICER))

    with reading(harness.engine) as session:
        row = session.exec(select(RightsRequestRow)).one()
        entries = "\n".join(session.exec(select(AuditEntryRow.body)))
    stored = repr(row.model_dump()) + entries
    for secret in ("Aylin", "Rampant", "library", "taken for somebody"):
        assert secret not in stored
    assert OFFICER not in entries
    assert CLERK not in entries


def test_a_request_that_cant_be_audited_isnt_taken_and_leaves_no_key(harness: RightsHarness) -> None:
    class Broken:
        def prepare(self, actor: Principal) -> None:
            harness.trail.prepare(actor)

        def append(self, _session: object, _event: object, /) -> None:
            raise Retryable("the disk is full")

    decisions = harness.rights
    decisions.trail = Broken()
    with pytest.raises(Retryable):
        decisions.take(NewRequest(RequestKind.ENQUIRY, CONTACT, TEXT), by=authenticated(CLERK))

    assert requests(harness.engine, decisions.days, decisions.now(), closed=True) == ()
    assert harness.vault.kept(KeyKind.RIGHTS) == ()


def test_ninety_days_after_the_closing_nobody_can_say_who_asked(harness: RightsHarness) -> None:
    taken = harness.take(RequestKind.ENQUIRY)
    with pytest.raises(Refused, match="isn't answered"):
        answering.close(harness.rights, taken.reference, by=authenticated(OFFICER))
    answering.answer(harness.rights, taken.reference, "It was a mistake.", by=authenticated(OFFICER))
    answering.close(harness.rights, taken.reference, by=authenticated(OFFICER))
    (key,) = harness.vault.kept(KeyKind.RIGHTS)  # the one it had while it was open is gone
    assert key.due_ns == harness.clock.now_ns + 90 * DAY_S * 10**9

    harness.clock.advance(89 * DAY_S)
    opened = harness.rights.open(taken.reference, by=authenticated(OFFICER), purpose="appeal")
    assert (opened.contact, opened.answer) == (CONTACT, "It was a mistake.")
    harness.clock.advance(2 * DAY_S)
    with pytest.raises(Refused) as refused:
        harness.rights.open(taken.reference, by=authenticated(OFFICER), purpose="appeal")

    assert refused.value.rule == "rights.erased"
    assert harness.vault.kept(KeyKind.RIGHTS) == ()


def test_a_closing_that_was_cut_off_is_made_up_by_the_next(
    harness: RightsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = harness.take(RequestKind.ENQUIRY)

    def away(*_: object, **__: object) -> None:
        raise Retryable("the vault is away")

    with monkeypatch.context() as patched:
        patched.setattr(harness.vault, "destroy", away)
        with pytest.raises(Retryable):
            answering.close(harness.rights, taken.reference, by=authenticated(OFFICER), withdrawn=True)
    assert len(harness.vault.kept(KeyKind.RIGHTS)) == 2
    closed = answering.close(harness.rights, taken.reference, by=authenticated(OFFICER))

    assert (closed.state, closed.withdrawn) == (RequestState.CLOSED, True)
    assert [key.subject for key in harness.vault.kept(KeyKind.RIGHTS)] == [f"{taken.reference}/closed"]
    assert harness.rights.open(taken.reference, by=authenticated(OFFICER), purpose="look").contact == CONTACT


def test_an_answer_is_given_once_and_by_compliance(harness: RightsHarness) -> None:
    taken = harness.take(RequestKind.ENQUIRY)
    with pytest.raises(Refused) as refused:
        answering.answer(harness.rights, taken.reference, "No.", by=authenticated(APPROVER))
    assert refused.value.rule == "people.wrong-role"
    answering.answer(harness.rights, taken.reference, "First.", by=authenticated(OFFICER))
    with pytest.raises(Refused) as refused:
        answering.answer(harness.rights, taken.reference, "Second.", by=authenticated(OFFICER))

    assert refused.value.rule == "rights.answered"
    assert harness.rights.open(taken.reference, by=authenticated(OFFICER), purpose="look").answer == "First."


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        (NewRequest(RequestKind.ENQUIRY, "", TEXT), "rights.bad-text"),
        (NewRequest(RequestKind.ENQUIRY, "a\nb", TEXT), "rights.bad-text"),
        (NewRequest(RequestKind.ENQUIRY, CONTACT, " \n "), "rights.bad-text"),
        (NewRequest(RequestKind.ENQUIRY, CONTACT, "bell\x07"), "rights.bad-text"),
        (NewRequest(RequestKind.ENQUIRY, CONTACT, "x\x00y"), "rights.bad-text"),
        (NewRequest(RequestKind.ENQUIRY, CONTACT, "half \ud800"), "rights.bad-text"),
        (NewRequest(RequestKind.ENQUIRY, CONTACT, "x" * 8_001), "rights.bad-text"),
        (NewRequest(RequestKind.ENQUIRY, CONTACT, TEXT, received_on=dt.date(2026, 11, 24)), "rights.bad-day"),
        (NewRequest(RequestKind.ENQUIRY, CONTACT, TEXT, received_on=dt.date(2025, 1, 1)), "rights.bad-day"),
        (
            NewRequest(RequestKind.COMPLAINT, CONTACT, TEXT, RequestContext(deployment="nope")),
            "rights.deployment-unknown",
        ),
        (
            NewRequest(RequestKind.COMPLAINT, CONTACT, TEXT, RequestContext(deployment="\x00")),
            "rights.deployment-unknown",
        ),
        (NewRequest(RequestKind.COMPLAINT, CONTACT, TEXT, RequestContext(receipt="S-2026")), "rights.bad-reference"),
        (
            NewRequest(RequestKind.COMPLAINT, CONTACT, TEXT, RequestContext(receipt="S-2026-0000-0000-0000")),
            "rights.receipt-unknown",
        ),
        (
            NewRequest(
                RequestKind.COMPLAINT, CONTACT, TEXT, RequestContext(from_at=dt.datetime(2026, 11, 23, tzinfo=dt.UTC))
            ),
            "rights.bad-window",
        ),
        (NewRequest(RequestKind.COMPLAINT, CONTACT, TEXT, asks_listed=True), "rights.not-an-enquiry"),
    ],
)
def test_bad_input_is_refused_and_leaves_nothing(harness: RightsHarness, asked: NewRequest, rule: str) -> None:
    with pytest.raises(Refused) as refused:
        harness.rights.take(asked, by=authenticated(CLERK))

    assert refused.value.rule == rule
    assert harness.vault.kept(KeyKind.RIGHTS) == ()
    assert requests(harness.engine, harness.rights.days, harness.rights.now(), closed=True) == ()


def test_an_unknown_reference_is_unknown_and_a_misspelt_one_says_how_it_is_written(harness: RightsHarness) -> None:
    for wrong, rule in (
        ("R-2026-0000-0000-0000", "rights.unknown"),
        ("R-2026-1", "rights.bad-reference"),
        ("S-2026-0000-0000-0000", "rights.bad-reference"),
        ("\x00", "rights.bad-reference"),
        ("R" * 10_000, "rights.bad-reference"),
    ):
        with pytest.raises(Refused) as refused:
            harness.rights.open(wrong, by=authenticated(OFFICER), purpose="look")
        assert refused.value.rule == rule


def test_complaints_are_counted_by_deployment_and_enquiries_arent(harness: RightsHarness) -> None:
    harness.deployment("other")
    harness.take()
    harness.take(about=RequestContext(deployment="other"))
    harness.take(RequestKind.ENQUIRY)
    unplaced = harness.take(about=RequestContext(place="somewhere in town"))
    assert unplaced.deployment is None

    harness.rights.assign(unplaced.reference, "dep", by=authenticated(OFFICER))
    with pytest.raises(Refused, match="is about dep already"):
        harness.rights.assign(unplaced.reference, "other", by=authenticated(OFFICER))

    with reading(harness.engine) as session:
        assert (complaints_received(session, "dep"), complaints_received(session, "other")) == (2, 1)
