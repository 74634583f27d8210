"""A complaint holds its footage by itself, for as long as its rules let it."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlmodel import select

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused, Retryable
from lfr_core.publication.rights import answering
from lfr_core.publication.rights.reading import find_request
from lfr_core.publication.rights.types import Request, RequestContext, RequestKind
from lfr_core.retention.footage.register import segments
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.rights import ComplaintHoldRow
from tests.support.overwriting import overwriting
from tests.support.people import authenticated
from tests.support.records import NOW_NS
from tests.support.rights import APPROVER, CLERK, OFFICER, RightsHarness


def at(seconds: float) -> dt.datetime:
    return utc_from_ns(NOW_NS + round(seconds * 1e9))


def again(harness: RightsHarness, request: Request) -> Request:
    return find_request(harness.engine, harness.rights.days, harness.rights.now(), request.reference)


def test_a_complaints_footage_survives_the_sweep_and_its_neighbour_does_not(harness: RightsHarness) -> None:
    first, second, third, fourth = harness.record(120)
    harness.after(20)
    taken = harness.take(about=RequestContext("dep", at(31), at(89)))
    (hold,) = taken.holds
    assert (hold.segments, hold.is_provisional) == (2, True)
    harness.rights.confirm(taken.reference, by=authenticated(OFFICER))

    harness.after(32)
    harness.sweep()

    assert [each.id for each in harness.left()] == [second.id, third.id]
    assert not harness.file(first).exists()
    assert not harness.file(fourth).exists()


def test_an_unconfirmed_hold_lapses_and_a_confirmed_one_doesnt(harness: RightsHarness) -> None:
    kept, _ = harness.record(60)
    harness.after(20)  # the holds lapse on day 34, after the footage's own 31
    confirmed = harness.take(about=RequestContext("dep", at(1), at(20)))
    unconfirmed = harness.take(about=RequestContext("dep", at(31), at(50)))
    harness.rights.confirm(confirmed.reference, by=authenticated(APPROVER))

    harness.after(33)
    harness.sweep()
    assert len(harness.left()) == 2
    harness.after(34.01)
    harness.sweep()

    assert [each.id for each in harness.left()] == [kept.id]
    assert again(harness, unconfirmed).holds[0].ended_at is not None
    assert again(harness, confirmed).holds[0].confirmed_by == APPROVER
    with pytest.raises(Refused) as refused:
        harness.rights.confirm(unconfirmed.reference, by=authenticated(OFFICER))
    assert refused.value.rule == "rights.nothing-to-confirm"


def test_a_complaint_that_is_given_its_deployment_later_holds_its_footage_then(harness: RightsHarness) -> None:
    harness.record(60)
    unplaced = harness.take(about=RequestContext(place="somewhere in town"))
    assert unplaced.holds == ()

    assigned = harness.rights.assign(unplaced.reference, "dep", by=authenticated(OFFICER))
    (hold,) = assigned.holds
    assert (hold.deployment, hold.segments, hold.is_provisional) == ("dep", 2, True)
    with pytest.raises(Refused) as refused:  # who said what it is about has placed the hold
        harness.rights.confirm(unplaced.reference, by=authenticated(OFFICER))
    assert refused.value.rule == "footage.hold-one-person"

    assert harness.rights.assign(unplaced.reference, "dep", by=authenticated(OFFICER)).holds == assigned.holds
    harness.rights.confirm(unplaced.reference, by=authenticated(APPROVER))
    harness.after(32)
    harness.sweep()
    assert len(harness.left()) == 2


def test_an_enquiry_that_is_given_its_deployment_later_holds_nothing(harness: RightsHarness) -> None:
    harness.record(30)
    unplaced = harness.take(RequestKind.ENQUIRY, about=RequestContext(place="somewhere in town"))

    assert harness.rights.assign(unplaced.reference, "dep", by=authenticated(OFFICER)).holds == ()


def test_a_lapse_never_shortens_the_31_days(harness: RightsHarness) -> None:
    harness.record(60)
    harness.take()

    harness.after(30)
    harness.sweep()

    assert len(harness.left()) == 2


def test_who_took_the_complaint_cant_confirm_its_hold(harness: RightsHarness) -> None:
    harness.record(30)
    taken = harness.take(by=OFFICER)

    with pytest.raises(Refused) as refused:
        harness.rights.confirm(taken.reference, by=authenticated(OFFICER))
    assert refused.value.rule == "footage.hold-one-person"
    with pytest.raises(Refused) as refused:
        harness.rights.confirm(taken.reference, by=authenticated(CLERK))

    assert refused.value.rule == "people.wrong-role"
    assert again(harness, taken).holds[0].is_provisional


def test_a_provisional_hold_isnt_reviewed_into_an_ordinary_one(harness: RightsHarness) -> None:
    harness.record(30)
    (hold,) = harness.take().holds

    with pytest.raises(Refused) as refused:
        harness.hold_service().review(
            hold.id, review_on=harness.today() + dt.timedelta(days=9), by=authenticated(OFFICER)
        )

    assert refused.value.rule == "footage.hold-provisional"


def test_footage_that_comes_later_is_covered_by_the_next_sweep(harness: RightsHarness) -> None:
    harness.record(30)
    taken = harness.take()  # of a deployment that is live: all of it
    harness.clock.advance(60)
    harness.record(30)
    assert again(harness, taken).holds[0].segments == 1

    harness.sweep()

    assert again(harness, taken).holds[0].segments == 2
    assert all(each.held for each in segments(harness.engine))


def test_a_time_alone_finds_the_deployments_open_then(harness: RightsHarness) -> None:
    harness.deployment("tomorrow")
    with overwriting(harness.engine) as session:
        for row in session.exec(select(DeploymentRow)):
            row.opened_at = at(0) if row.id == "dep" else at(86_400)
    harness.record(60)
    harness.after(2)
    taken = harness.take(about=RequestContext(from_at=at(-3_600), to_at=at(20), place="Castle Meadow"))

    assert taken.deployment == "dep"
    assert [(hold.deployment, hold.segments) for hold in taken.holds] == [("dep", 1)]


def test_an_enquiry_holds_nothing(harness: RightsHarness) -> None:
    harness.record(30)

    assert harness.take(RequestKind.ENQUIRY).holds == ()


def test_a_complaint_taken_while_the_vault_goes_away_is_held_by_the_next_sweep(
    harness: RightsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    (segment,) = harness.record(30)

    def away(*_: object, **__: object) -> None:
        raise Retryable("the vault is away")

    with monkeypatch.context() as patched:
        patched.setattr(harness.vault, "hold", away)
        harness.take()
    assert [key.held for key in harness.vault.kept() if key.id == segment.key_id] == [False]

    harness.sweep()

    assert [key.held for key in harness.vault.kept() if key.id == segment.key_id] == [True]


def test_footage_that_is_gone_doesnt_keep_a_complaint_from_being_taken(harness: RightsHarness) -> None:
    harness.record(30)
    harness.after(32)
    harness.sweep()

    (hold,) = harness.take().holds

    assert hold.segments == 0


def test_closing_a_complaint_leaves_its_hold_to_people(harness: RightsHarness) -> None:
    harness.record(30)
    taken = harness.take()
    harness.rights.confirm(taken.reference, by=authenticated(OFFICER))
    answering.close(harness.rights, taken.reference, by=authenticated(OFFICER), withdrawn=True)
    assert harness.left()[0].held

    harness.hold_service().release(taken.holds[0].id, by=authenticated(OFFICER))

    assert not harness.left()[0].held
    with overwriting(harness.engine) as session:
        assert session.exec(select(ComplaintHoldRow.lapsed)).one() is False
