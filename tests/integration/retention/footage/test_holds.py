"""Holds: two people, a reason, a review; never on what is gone; and never lost between vault and records."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.vault.port import KeyKind
from lfr_core.retention.footage.hold_reconciliation import reconcile_holds
from lfr_core.retention.footage.holds import HoldRequest, holds
from lfr_core.retention.footage.register import find_segments
from tests.support.footage import FootageHouse


def vault_holds(house: FootageHouse) -> set[str]:
    return {info.subject for info in house.vault.kept(KeyKind.FOOTAGE) if info.held}


def refusal(house: FootageHouse, request: HoldRequest) -> str:
    with pytest.raises(Refused) as refused:
        house.hold_service().place(request)
    assert holds(house.engine) == ()
    assert vault_holds(house) == set()
    assert house.audited("authorise") == []
    return refused.value.rule


def test_a_hold_names_its_segments_its_two_people_and_its_review_and_is_audited(house: FootageHouse) -> None:
    first, second, third = house.record(90)

    hold = house.hold(first, third)

    assert holds(house.engine) == (hold,)
    assert hold.segments == tuple(sorted([first.id, third.id]))
    assert (hold.requested_by, hold.approved_by) == ("DC Ask", "Insp Allow")
    assert vault_holds(house) == {first.id, third.id}
    assert not find_segments(house.engine, [second.id])[0].held
    (asked,) = [each for each in house.audited("decide") if hold.id in each.body]
    (allowed,) = [each for each in house.audited("authorise") if hold.id in each.body]
    for entry in (asked, allowed):
        assert "Ask" not in entry.body
        assert "Allow" not in entry.body
        assert "36/1234/26" not in entry.body


def test_a_hold_put_on_something_already_gone_is_refused_and_nothing_is_held(house: FootageHouse) -> None:
    old = house.record(20)[0]
    house.clock.advance(32 * 86_400)
    house.expire()
    new = house.record(20)[1]

    assert refusal(house, house.request(old, new)) == "footage.gone"


def test_a_hold_that_comes_after_the_vault_s_own_timer_is_refused_like_one_after_the_sweep(
    house: FootageHouse,
) -> None:
    first, second = house.record(60)
    house.vault.destroy([first.key_id], rule="retention.due")  # the row doesn't know yet

    assert refusal(house, house.request(first, second)) == "footage.gone"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"segments": ()}, "footage.hold-empty"),
        ({"segments": ("no-such",)}, "footage.unknown"),
        ({"reference": "  "}, "footage.hold-reference"),
        ({"reference": "x" * 101}, "footage.hold-reference"),
        ({"requested_by": ""}, "actor.not-a-person"),
        ({"approved_by": "Insp Nobody"}, "people.unknown"),
        ({"approved_by": " dc  ASK"}, "footage.hold-one-person"),
        ({"review_on": dt.date(2026, 11, 23)}, "footage.hold-review-date"),
        ({"review_on": dt.date(2026, 12, 23)}, "footage.hold-review-date"),
    ],
    ids=str,
)
def test_a_hold_that_lacks_what_it_needs_is_refused_and_nothing_is_held(
    house: FootageHouse, change: dict[str, object], rule: str
) -> None:
    (segment,) = house.record(5)

    assert refusal(house, replace(house.request(segment), **change)) == rule  # type: ignore[arg-type]


def test_the_same_request_again_is_the_same_hold(house: FootageHouse) -> None:
    (segment,) = house.record(5)

    assert house.hold(segment) == house.hold(segment, by=" dc ask")
    assert len(holds(house.engine)) == 1


def test_a_crash_between_vault_and_record_keeps_the_footage_and_a_repeat_mends_it(
    house: FootageHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    (segment,) = house.record(5)

    def away(*_: object) -> None:
        raise Retryable("the trail is away")

    with monkeypatch.context() as patch:
        patch.setattr(house.trail, "append", away)
        with pytest.raises(Retryable):
            house.hold(segment)
    assert holds(house.engine) == ()
    reconcile_holds(house.engine, house.vault)
    house.after(32)
    assert house.expire() == ()

    hold = house.hold(segment)

    assert holds(house.engine) == (hold,)
    assert house.expire() == ()
    house.hold_service().release(hold.id, actor="DC Ask")
    assert [each.id for each in house.expire()] == [segment.id]


def test_a_release_that_crashed_before_the_vault_heard_of_it_is_finished_by_the_sweep(
    house: FootageHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    (segment,) = house.record(5)
    hold = house.hold(segment)
    with monkeypatch.context() as patch:
        patch.setattr("lfr_core.retention.footage.hold_service.reconcile_holds", lambda *_: None)
        house.hold_service().release(hold.id, actor="DC Ask")
    assert vault_holds(house) == {segment.id}

    house.expire()

    assert vault_holds(house) == set()


def test_a_vault_that_forgot_a_hold_is_reported_again(house: FootageHouse) -> None:
    (segment,) = house.record(5)
    house.hold(segment)
    house.vault.hold([segment.key_id], held=False)

    assert reconcile_holds(house.engine, house.vault).held == (segment.id,)
    assert vault_holds(house) == {segment.id}


def test_a_held_segment_whose_key_is_gone_is_said_to_be_lost(house: FootageHouse) -> None:
    first, second = house.record(60)
    house.hold(first, second)
    house.vault.hold([first.key_id], held=False)
    house.vault.destroy([first.key_id], rule="test")

    assert reconcile_holds(house.engine, house.vault).lost == (first.id,)
    assert vault_holds(house) == {second.id}


def test_of_two_holds_on_a_segment_the_second_goes_on_when_the_first_is_released(house: FootageHouse) -> None:
    (segment,) = house.record(5)
    hold = house.hold(segment)
    house.hold(segment, by="DS Other")

    house.hold_service().release(hold.id, actor="DC Ask")

    assert vault_holds(house) == {segment.id}
    house.after(60)
    assert house.expire() == ()


def test_an_overdue_review_shows_and_two_people_may_set_the_next(house: FootageHouse) -> None:
    (segment,) = house.record(5)
    hold = house.hold(segment)
    house.after(29)
    (overdue,) = holds(house.engine)
    assert overdue.review_is_overdue(house.today())

    hold_service, next_review = house.hold_service(), house.today() + dt.timedelta(days=28)
    with pytest.raises(Refused) as refused:
        hold_service.review(hold.id, review_on=next_review, requested_by="Insp Allow", approved_by="INSP ALLOW")
    assert refused.value.rule == "footage.hold-one-person"
    reviewed = hold_service.review(hold.id, review_on=next_review, requested_by="DC Ask", approved_by="Insp Allow")

    assert not reviewed.review_is_overdue(house.today())
    assert len([each for each in house.audited("authorise") if "footage.hold-review" in each.body]) == 1


def test_a_hold_is_released_once_by_a_named_person(house: FootageHouse) -> None:
    (segment,) = house.record(5)
    hold = house.hold(segment)
    hold_service = house.hold_service()
    for actor, wanted, rule in (
        ("", hold.id, "actor.not-a-person"),
        ("DC Ask", "no-such", "footage.hold-unknown"),
    ):
        with pytest.raises(Refused) as refused:
            hold_service.release(wanted, actor=actor)
        assert refused.value.rule == rule

    assert hold_service.release(hold.id, actor="DC Ask").released_by == "DC Ask"
    with pytest.raises(Refused) as refused:
        hold_service.release(hold.id, actor="DC Ask")
    assert refused.value.rule == "footage.hold-released"
    assert holds(house.engine) == ()
    assert [each.id for each in holds(house.engine, released=True)] == [hold.id]
