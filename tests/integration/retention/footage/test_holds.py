"""Holds: two people, a reason, a review; never on what is gone; and never lost between vault and records."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.vault.port import KeyKind
from lfr_core.retention.footage.complaint_holds import reconcile_complaint_holds
from lfr_core.retention.footage.hold_approval import PROVISIONAL_DAYS
from lfr_core.retention.footage.hold_reconciliation import reconcile_holds
from lfr_core.retention.footage.holds import HoldRequest, holds
from lfr_core.retention.footage.register import find_segments
from tests.support.footage import FootageHarness
from tests.support.people import authenticated


def vault_holds(harness: FootageHarness) -> set[str]:
    return {info.subject for info in harness.vault.kept(KeyKind.FOOTAGE) if info.held}


def refusal(harness: FootageHarness, request: HoldRequest, by: str = "DC Ask") -> str:
    with pytest.raises(Refused) as refused:
        harness.hold_service().place(request, by=authenticated(by))
    assert holds(harness.engine) == ()
    assert vault_holds(harness) == set()
    assert harness.audited("authorise") == []
    return refused.value.rule


def test_a_hold_names_its_segments_its_two_people_and_its_review_and_is_audited(harness: FootageHarness) -> None:
    first, second, third = harness.record(90)

    hold = harness.hold(first, third)

    assert holds(harness.engine) == (hold,)
    assert hold.segments == tuple(sorted([first.id, third.id]))
    assert (hold.requested_by, hold.approved_by) == ("DC Ask", "Insp Allow")
    assert vault_holds(harness) == {first.id, third.id}
    assert not find_segments(harness.engine, [second.id])[0].held
    (asked,) = [each for each in harness.audited("decide") if hold.id in each.body]
    (allowed,) = [each for each in harness.audited("authorise") if hold.id in each.body]
    for entry in (asked, allowed):
        assert "Ask" not in entry.body
        assert "Allow" not in entry.body
        assert "36/1234/26" not in entry.body


def test_a_hold_put_on_something_already_gone_is_refused_and_nothing_is_held(harness: FootageHarness) -> None:
    old = harness.record(20)[0]
    harness.clock.advance(32 * 86_400)
    harness.expire()
    new = harness.record(20)[1]

    assert refusal(harness, harness.request(old, new)) == "footage.gone"


def test_a_hold_that_comes_after_the_vault_s_own_timer_is_refused_like_one_after_the_sweep(
    harness: FootageHarness,
) -> None:
    first, second = harness.record(60)
    harness.core.keystore.destroy((first.key_id,))  # the row doesn't know yet

    assert refusal(harness, harness.request(first, second)) == "footage.gone"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"segments": ()}, "footage.hold-empty"),
        ({"segments": ("no-such",)}, "footage.unknown"),
        ({"reference": "  "}, "footage.hold-reference"),
        ({"reference": "x" * 101}, "footage.hold-reference"),
        ({"review_on": dt.date(2026, 11, 23)}, "footage.hold-review-date"),
        ({"review_on": dt.date(2026, 12, 23)}, "footage.hold-review-date"),
    ],
    ids=str,
)
def test_a_hold_that_lacks_what_it_needs_is_refused_and_nothing_is_held(
    harness: FootageHarness, change: dict[str, object], rule: str
) -> None:
    (segment,) = harness.record(5)

    assert refusal(harness, replace(harness.request(segment), **change)) == rule  # type: ignore[arg-type]


def test_the_same_request_again_is_the_same_hold(harness: FootageHarness) -> None:
    (segment,) = harness.record(5)

    assert harness.hold(segment) == harness.hold(segment)
    assert len(holds(harness.engine)) == 1


def test_a_hold_is_approved_once_by_another_than_who_asked(harness: FootageHarness) -> None:
    (segment,) = harness.record(5)
    service = harness.hold_service()
    asked = service.place(harness.request(segment), by=authenticated("DC Ask"))
    assert (asked.approved_by, vault_holds(harness)) == ("", {segment.id})

    for name, rule in (("DC Ask", "footage.hold-one-person"), ("Insp Nobody", "people.unknown")):
        with pytest.raises(Refused) as refused:
            service.approve(asked.id, digest=asked.digest, by=authenticated(name))
        assert refused.value.rule == rule
    with pytest.raises(Refused) as other:
        service.approve(asked.id, digest="0123456789abcdef", by=authenticated("Insp Allow"))
    assert other.value.rule == "approval.other-request"
    with pytest.raises(Refused) as early:
        service.review(asked.id, review_on=asked.review_on, by=authenticated("Insp Allow"))
    assert service.approve(asked.id, digest=asked.digest, by=authenticated("Insp Allow")).approved_by == "Insp Allow"
    with pytest.raises(Refused) as again:
        service.approve(asked.id, digest=asked.digest, by=authenticated("Insp Allow"))
    assert (early.value.rule, again.value.rule) == ("footage.hold-provisional", "footage.hold-approved")


def test_a_hold_that_nobody_approves_lapses_and_one_that_somebody_did_stands(harness: FootageHarness) -> None:
    first, second = harness.record(60)
    alone = harness.hold_service().place(harness.request(first), by=authenticated("DC Ask"))
    approved = harness.hold(second)

    for days in (PROVISIONAL_DAYS - 0.1, PROVISIONAL_DAYS + 0.1):
        assert [each.id for each in holds(harness.engine)] == sorted([alone.id, approved.id])
        harness.after(days)
        reconcile_complaint_holds(harness.engine, harness.vault, harness.trail, now_ns=harness.clock.now_ns)

    assert [each.id for each in holds(harness.engine)] == [approved.id]
    assert vault_holds(harness) == {second.id}


def test_a_hold_that_cannot_be_recorded_holds_nothing_and_says_so(
    harness: FootageHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    (segment,) = harness.record(5)

    def away(*_: object) -> None:
        raise Retryable("the trail is away")

    with monkeypatch.context() as patch:
        patch.setattr(harness.trail, "append", away)
        with pytest.raises(Retryable):
            harness.hold(segment)

    assert holds(harness.engine) == ()
    assert not any(info.held for info in harness.vault.kept())


def test_a_crash_between_record_and_vault_is_mended_by_the_sweep_or_a_repeat(
    harness: FootageHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    (segment,) = harness.record(5)

    def away(*_: object, **__: object) -> None:
        raise Retryable("the vault is away")

    with monkeypatch.context() as patch:
        patch.setattr(harness.vault, "hold", away)
        with pytest.raises(Retryable):
            harness.hold(segment)
    assert not any(info.held for info in harness.vault.kept())
    reconcile_holds(harness.engine, harness.vault)
    harness.after(32)
    assert harness.expire() == ()

    hold = harness.hold(segment)

    assert holds(harness.engine) == (hold,)
    assert harness.expire() == ()
    harness.hold_service().release(hold.id, by=authenticated("DC Ask"))
    assert [each.id for each in harness.expire()] == [segment.id]


def test_a_release_that_crashed_before_the_vault_heard_of_it_is_finished_by_the_sweep(
    harness: FootageHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    (segment,) = harness.record(5)
    hold = harness.hold(segment)
    with monkeypatch.context() as patch:
        patch.setattr("lfr_core.retention.footage.hold_service.send_holds_to_vault", lambda *_: None)
        harness.hold_service().release(hold.id, by=authenticated("DC Ask"))
    assert vault_holds(harness) == {segment.id}

    harness.expire()

    assert vault_holds(harness) == set()


def test_no_process_lets_go_of_footage_that_a_recorded_hold_covers(harness: FootageHarness) -> None:
    (segment,) = harness.record(5)
    placed = harness.hold(segment)
    with pytest.raises(Refused, match="a person releases it"):
        harness.vault.hold([segment.key_id], held=False)
    assert vault_holds(harness) == {segment.id}

    harness.hold_service().release(placed.id, by=authenticated("Insp Allow"))
    assert vault_holds(harness) == set()


def test_a_vault_that_forgot_a_hold_is_reported_again(harness: FootageHarness) -> None:
    (segment,) = harness.record(5)
    harness.hold(segment)
    harness.core.keystore.hold((segment.key_id,), held=False)

    assert reconcile_holds(harness.engine, harness.vault).held == (segment.id,)
    assert vault_holds(harness) == {segment.id}


def test_a_held_segment_whose_key_is_gone_is_said_to_be_lost(harness: FootageHarness) -> None:
    first, second = harness.record(60)
    harness.hold(first, second)
    harness.core.keystore.hold((first.key_id,), held=False)
    harness.core.keystore.destroy((first.key_id,))

    assert reconcile_holds(harness.engine, harness.vault).lost == (first.id,)
    assert vault_holds(harness) == {second.id}


def test_of_two_holds_on_a_segment_the_second_goes_on_when_the_first_is_released(harness: FootageHarness) -> None:
    (segment,) = harness.record(5)
    hold = harness.hold(segment)
    harness.hold(segment, by="DS Other")

    harness.hold_service().release(hold.id, by=authenticated("DC Ask"))

    assert vault_holds(harness) == {segment.id}
    harness.after(60)
    assert harness.expire() == ()


def test_an_overdue_review_shows_and_another_than_who_asked_sets_the_next(harness: FootageHarness) -> None:
    (segment,) = harness.record(5)
    hold = harness.hold(segment)
    harness.after(29)
    (overdue,) = holds(harness.engine)
    assert overdue.review_is_overdue(harness.today())

    hold_service, next_review = harness.hold_service(), harness.today() + dt.timedelta(days=28)
    with pytest.raises(Refused) as refused:
        hold_service.review(hold.id, review_on=next_review, by=authenticated("DC Ask"))
    assert refused.value.rule == "footage.hold-one-person"
    reviewed = hold_service.review(hold.id, review_on=next_review, by=authenticated("Insp Allow"))

    assert not reviewed.review_is_overdue(harness.today())
    assert len([each for each in harness.audited("authorise") if "footage.hold-review" in each.body]) == 1


def test_a_hold_is_released_once_by_a_named_person(harness: FootageHarness) -> None:
    (segment,) = harness.record(5)
    hold = harness.hold(segment)
    hold_service = harness.hold_service()
    for actor, wanted, rule in (
        ("Nobody", hold.id, "people.unknown"),
        ("DC Ask", "no-such", "footage.hold-unknown"),
    ):
        with pytest.raises(Refused) as refused:
            hold_service.release(wanted, by=authenticated(actor))
        assert refused.value.rule == rule

    assert hold_service.release(hold.id, by=authenticated("DC Ask")).released_by == "DC Ask"
    with pytest.raises(Refused) as refused:
        hold_service.release(hold.id, by=authenticated("DC Ask"))
    assert refused.value.rule == "footage.hold-released"
    assert holds(harness.engine) == ()
    assert [each.id for each in holds(harness.engine, released=True)] == [hold.id]
