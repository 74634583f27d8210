"""A complaint holds its footage by itself, for as long as its rules let it."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlmodel import select

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused, Retryable
from lfr_core.publication.rights import answering
from lfr_core.publication.rights.reading import find_request
from lfr_core.publication.rights.types import About, Request, RequestKind
from lfr_core.retention.footage.register import segments
from lfr_core.storage.engine import writing
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.rights import ComplaintHoldRow
from tests.support.records import NOW_NS
from tests.support.rights import APPROVER, CLERK, OFFICER, RightsHouse


def at(seconds: float) -> dt.datetime:
    return utc_from_ns(NOW_NS + round(seconds * 1e9))


def again(house: RightsHouse, request: Request) -> Request:
    return find_request(house.engine, house.rights.days, house.rights.now(), request.reference)


def test_a_complaints_footage_survives_the_sweep_and_its_neighbour_does_not(house: RightsHouse) -> None:
    first, second, third, fourth = house.record(120)
    house.after(20)
    taken = house.take(about=About("dep", at(31), at(89)))
    (hold,) = taken.holds
    assert (hold.segments, hold.is_provisional) == (2, True)
    house.rights.confirm(taken.reference, by=OFFICER)

    house.after(32)
    house.sweep()

    assert [each.id for each in house.left()] == [second.id, third.id]
    assert not house.file(first).exists()
    assert not house.file(fourth).exists()


def test_an_unconfirmed_hold_lapses_and_a_confirmed_one_doesnt(house: RightsHouse) -> None:
    kept, _ = house.record(60)
    house.after(20)  # the holds lapse on day 34, after the footage's own 31
    confirmed = house.take(about=About("dep", at(1), at(20)))
    unconfirmed = house.take(about=About("dep", at(31), at(50)))
    house.rights.confirm(confirmed.reference, by=APPROVER)

    house.after(33)
    house.sweep()
    assert len(house.left()) == 2
    house.after(34.01)
    house.sweep()

    assert [each.id for each in house.left()] == [kept.id]
    assert again(house, unconfirmed).holds[0].ended_at is not None
    assert again(house, confirmed).holds[0].confirmed_by == APPROVER
    with pytest.raises(Refused) as refused:
        house.rights.confirm(unconfirmed.reference, by=OFFICER)
    assert refused.value.rule == "rights.nothing-to-confirm"


def test_a_lapse_never_shortens_the_31_days(house: RightsHouse) -> None:
    house.record(60)
    house.take()

    house.after(30)
    house.sweep()

    assert len(house.left()) == 2


def test_who_took_the_complaint_cant_confirm_its_hold(house: RightsHouse) -> None:
    house.record(30)
    taken = house.take(by=OFFICER.upper())

    with pytest.raises(Refused) as refused:
        house.rights.confirm(taken.reference, by=OFFICER)
    assert refused.value.rule == "footage.hold-one-person"
    with pytest.raises(Refused) as refused:
        house.rights.confirm(taken.reference, by=CLERK)

    assert refused.value.rule == "people.unknown"
    assert again(house, taken).holds[0].is_provisional


def test_a_provisional_hold_isnt_reviewed_into_an_ordinary_one(house: RightsHouse) -> None:
    house.record(30)
    (hold,) = house.take().holds

    with pytest.raises(Refused) as refused:
        house.certificates().review(
            hold.id, review_on=house.today() + dt.timedelta(days=9), requested_by=OFFICER, approved_by=APPROVER
        )

    assert refused.value.rule == "footage.hold-provisional"


def test_footage_that_comes_later_is_covered_by_the_next_sweep(house: RightsHouse) -> None:
    house.record(30)
    taken = house.take()  # of a deployment that is live: all of it
    house.clock.advance(60)
    house.record(30)
    assert again(house, taken).holds[0].segments == 1

    house.sweep()

    assert again(house, taken).holds[0].segments == 2
    assert all(each.held for each in segments(house.engine))


def test_a_time_alone_finds_the_deployments_open_then(house: RightsHouse) -> None:
    house.deployment("tomorrow")
    with writing(house.engine) as session:
        for row in session.exec(select(DeploymentRow)):
            row.opened_at = at(0) if row.id == "dep" else at(86_400)
    house.record(60)
    house.after(2)
    taken = house.take(about=About(from_at=at(-3_600), to_at=at(20), place="Castle Meadow"))

    assert taken.deployment == "dep"
    assert [(hold.deployment, hold.segments) for hold in taken.holds] == [("dep", 1)]


def test_an_enquiry_holds_nothing(house: RightsHouse) -> None:
    house.record(30)

    assert house.take(RequestKind.ENQUIRY).holds == ()


def test_a_complaint_taken_while_the_vault_goes_away_is_held_by_the_next_sweep(
    house: RightsHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    (segment,) = house.record(30)

    def away(*_: object, **__: object) -> None:
        raise Retryable("the vault is away")

    with monkeypatch.context() as patched:
        patched.setattr(house.vault, "hold", away)
        house.take()
    assert [key.held for key in house.vault.kept() if key.id == segment.key_id] == [False]

    house.sweep()

    assert [key.held for key in house.vault.kept() if key.id == segment.key_id] == [True]


def test_footage_that_is_gone_doesnt_keep_a_complaint_from_being_taken(house: RightsHouse) -> None:
    house.record(30)
    house.after(32)
    house.sweep()

    (hold,) = house.take().holds

    assert hold.segments == 0


def test_closing_a_complaint_leaves_its_hold_to_people(house: RightsHouse) -> None:
    house.record(30)
    taken = house.take()
    house.rights.confirm(taken.reference, by=OFFICER)
    answering.close(house.rights, taken.reference, by=OFFICER, withdrawn=True)
    assert house.left()[0].held

    house.certificates().release(taken.holds[0].id, actor=OFFICER)

    assert not house.left()[0].held
    with writing(house.engine) as session:
        assert session.exec(select(ComplaintHoldRow.lapsed)).one() is False
