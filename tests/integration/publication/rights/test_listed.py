""" "Was I on a list": the same words to everybody, unless two people decide otherwise."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import col, select

from lfr_core.common.errors import Refused
from lfr_core.deployments.service import DeploymentService
from lfr_core.domain.watchlists import Category
from lfr_core.publication.rights import answering
from lfr_core.publication.rights.reading import find_row
from lfr_core.publication.rights.types import Request, RequestContext, RequestKind
from lfr_core.publication.rights.wording import LISTED, NEITHER, NOT_LISTED
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.audit import AuditEntryRow
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.rights import ListedCommitmentRow
from lfr_core.watchlists.commitments import commitments, was_listed
from tests.support.deployments import deployment_service
from tests.support.overwriting import overwriting
from tests.support.people import authenticated
from tests.support.records import entry
from tests.support.rights import APPROVER, OFFICER, RightsHarness


def listed_and_ended(harness: RightsHarness, *, end: bool = True) -> DeploymentService:
    """A list with `subject of one`, `subject of two` and a test subject on `dep`."""
    store = deployment_service(harness.engine, harness.vault, harness.trail, harness.clock)
    with overwriting(harness.engine) as session:
        session.get_one(DeploymentRow, "dep").status = "draft"
    entries = (entry("two"), entry("one"), entry("us", category=Category.BLUE_LIST))
    store.attach_watchlist("dep", "contract", "gallery_dep", entries)
    if end:
        store.close("dep")
    return store


def asking(harness: RightsHarness) -> Request:
    return harness.take(RequestKind.ENQUIRY, RequestContext("dep"), asks_listed=True)


def approve(harness: RightsHarness, asked: Request, by: str) -> Request:
    digest = asked.disclosure_digest
    return answering.approve_disclosure(harness.rights, asked.reference, digest=digest, by=authenticated(by))


def bodies(harness: RightsHarness, after: int) -> list[dict[str, Any]]:
    with reading(harness.engine) as session:
        rows = session.exec(
            select(AuditEntryRow).where(AuditEntryRow.seq > after).order_by(col(AuditEntryRow.seq))
        ).all()
    return [json.loads(row.body) for row in rows]


def last(harness: RightsHarness) -> int:
    with reading(harness.engine) as session:
        return max(session.exec(select(AuditEntryRow.seq)))


def test_neither_confirm_nor_deny_is_the_same_to_the_byte_for_listed_and_unlisted(harness: RightsHarness) -> None:
    listed_and_ended(harness)
    answers, trails, lengths = [], [], []
    for subject in ("subject of one", "subject of nobody"):
        taken = asking(harness)
        before = last(harness)
        answering.answer_listed(harness.rights, taken.reference, by=authenticated(OFFICER), subject=subject)
        trail = bodies(harness, before)
        trails.append(json.dumps(
            [{k: sorted(v) if k == "records" else v for k, v in each.items() if k != "seq"} for each in trail],
            sort_keys=True,
        ).replace(taken.reference, "REF"))  # fmt: skip
        answers.append(harness.rights.open(taken.reference, by=authenticated(OFFICER), purpose="look").answer.encode())
        with reading(harness.engine) as session:
            row = find_row(session, taken.reference)
        lengths.append(len(row.answer_sealed or b""))

    assert answers[0] == answers[1] == NEITHER.encode()
    assert trails[0] == trails[1]
    assert lengths[0] == lengths[1]
    assert "listed:" not in trails[0]  # nothing was looked up


def test_a_listed_person_is_told_after_two_people_decided_so_and_the_list_is_gone(harness: RightsHarness) -> None:
    listed_and_ended(harness)
    for subject, words in (
        ("SUBJECT of  one", LISTED),
        ("subject of nobody", NOT_LISTED),
        ("subject of us", NOT_LISTED),
    ):
        taken = asking(harness)
        asked = answering.ask_disclosure(harness.rights, taken.reference, by=authenticated(OFFICER))
        approve(harness, asked, APPROVER)
        answering.answer_listed(harness.rights, taken.reference, by=authenticated(OFFICER), subject=subject)

        assert harness.rights.open(taken.reference, by=authenticated(OFFICER), purpose="look").answer == words


def test_one_person_alone_cant_decide_to_disclose(harness: RightsHarness) -> None:
    taken = asking(harness)
    with pytest.raises(Refused) as early:
        approve(harness, taken, APPROVER)
    assert early.value.rule == "rights.nothing-asked"
    asked = answering.ask_disclosure(harness.rights, taken.reference, by=authenticated(OFFICER))
    for second, rule in ((OFFICER, "rights.disclosure-one-person"), ("Olu Operator", "people.wrong-role")):
        with pytest.raises(Refused) as refused:
            approve(harness, asked, second)
        assert refused.value.rule == rule

    answering.answer_listed(harness.rights, taken.reference, by=authenticated(OFFICER))

    assert harness.rights.open(taken.reference, by=authenticated(OFFICER), purpose="look").answer == NEITHER


def test_a_disclosure_is_approved_as_it_was_read_and_of_a_deployment_that_is_known(harness: RightsHarness) -> None:
    unknown = harness.take(RequestKind.ENQUIRY, RequestContext(), asks_listed=True)
    with pytest.raises(Refused) as nowhere:
        answering.ask_disclosure(harness.rights, unknown.reference, by=authenticated(OFFICER))
    first, second = asking(harness), asking(harness)
    read = answering.ask_disclosure(harness.rights, first.reference, by=authenticated(OFFICER))
    other = answering.ask_disclosure(harness.rights, second.reference, by=authenticated(OFFICER))

    with pytest.raises(Refused) as replaced:
        approve(harness, replace(other, disclosure_digest=read.disclosure_digest), APPROVER)

    assert (nowhere.value.rule, replaced.value.rule) == ("rights.deployment-missing", "approval.other-request")
    assert approve(harness, other, APPROVER).neither_confirm_nor_deny is False


def test_nobody_types_an_answer_to_was_i_on_a_list(harness: RightsHarness) -> None:
    taken = asking(harness)
    with pytest.raises(Refused) as refused:
        answering.answer(harness.rights, taken.reference, "Between us: no.", by=authenticated(OFFICER))
    assert refused.value.rule == "rights.asks-listed"

    other = harness.take(RequestKind.ENQUIRY)
    with pytest.raises(Refused) as refused:
        answering.answer_listed(harness.rights, other.reference, by=authenticated(OFFICER))
    assert refused.value.rule == "rights.not-asked"


def test_while_a_deployment_runs_nobody_is_told_who_is_on_its_list(harness: RightsHarness) -> None:
    listed_and_ended(harness, end=False)
    for subject in ("subject of one", "subject of nobody"):
        with pytest.raises(Refused) as refused:
            was_listed(
                harness.engine, harness.vault, harness.trail, "dep", subject, by=authenticated(OFFICER), purpose="test"
            )
        assert refused.value.rule == "rights.list-stands"


def test_a_consultation_is_on_the_trail_the_same_whatever_it_finds(harness: RightsHarness) -> None:
    listed_and_ended(harness)
    found, trails = [], []
    for subject in ("subject of one", "subject of nobody"):
        before = last(harness)
        found.append(
            was_listed(
                harness.engine,
                harness.vault,
                harness.trail,
                "dep",
                subject,
                by=authenticated(OFFICER),
                purpose="rights:test",
            )
        )
        trails.append([{k: v for k, v in each.items() if k != "seq"} for each in bodies(harness, before)])

    assert found == [True, False]
    assert trails[0] == trails[1]
    assert (trails[0][0]["verb"], trails[0][0]["rule"]) == ("consult", "rights:test")


def test_commitments_are_of_people_alone_in_no_order_and_of_one_deployment(harness: RightsHarness) -> None:
    listed_and_ended(harness)
    with reading(harness.engine) as session:
        kept = list(session.exec(select(ListedCommitmentRow.digest)))

    assert kept == sorted(kept)
    assert tuple(kept) == commitments(harness.vault, "dep", ["subject of two", "subject of one", "Subject of ONE"])
    assert set(kept).isdisjoint(commitments(harness.vault, "other", ["subject of one", "subject of two"]))


@pytest.mark.parametrize("subject", ["", "  ", "a\nb", "x" * 201, "\x00"])
def test_a_bad_nominal_id_is_refused_before_anything_is_looked_up(harness: RightsHarness, subject: str) -> None:
    listed_and_ended(harness)
    before = last(harness)
    with pytest.raises(Refused) as refused:
        was_listed(
            harness.engine, harness.vault, harness.trail, "dep", subject, by=authenticated(OFFICER), purpose="test"
        )

    assert (refused.value.rule, last(harness)) == ("rights.bad-subject", before)
