"""A claim is one person's, ends by itself, and is taken over only by somebody who asks."""

from __future__ import annotations

from uuid import uuid4

from apps.operator.claims import CLAIM_S, AlertClaims
from tests.support.records import ManualClock


def test_what_one_person_holds_another_does_not_get_unasked() -> None:
    claims, alert = AlertClaims(ManualClock()), uuid4()

    assert claims.claim(alert, "Ann")
    assert not claims.claim(alert, "Bob")
    assert (claims.others("Bob"), claims.others("ann")) == ({alert: "Ann"}, {})

    assert claims.claim(alert, "Bob", take=True)
    assert claims.others("Ann") == {alert: "Bob"}


def test_a_claim_ends_when_it_is_let_go_or_not_renewed() -> None:
    clock = ManualClock()
    claims, alert = AlertClaims(clock), uuid4()
    claims.claim(alert, "Ann")
    claims.release(alert, "Bob")
    assert claims.others("Bob") == {alert: "Ann"}

    claims.release(alert, "Ann")
    assert claims.others("Bob") == {}

    claims.claim(alert, "Ann")
    clock.advance(CLAIM_S + 0.1)
    assert claims.others("Bob") == {}
    assert claims.claim(alert, "Bob")
