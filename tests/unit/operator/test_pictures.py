"""The page asks for an alert's pictures once for a person and session, and forgets them soon."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from apps.operator.pictures import CHANGED, DELETED_ON_SCHEDULE, MOST, Pictures
from lfr_core.alerts.read import OpenedCrops
from lfr_core.alerts.read.crops import DELETED
from lfr_core.common.biometric import Biometric
from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.audit.records import not_on_trail
from lfr_core.custody.people import AuthenticatedPerson
from tests.support.people import authenticated
from tests.support.records import ManualClock
from tests.support.unanswered_alert import ALERT


class Vaulted:
    """What the records open, with each call remembered."""

    def __init__(self) -> None:
        self.asked: list[tuple[UUID, str, str]] = []
        self.error: Exception | None = None

    def open(self, alert: UUID, actor: AuthenticatedPerson, purpose: str, _shown: str) -> OpenedCrops:
        self.asked.append((alert, actor.name, purpose))
        if self.error is not None:
            raise self.error
        return OpenedCrops(Biometric(b"probe"), (), "0" * 16, 0)


@pytest.fixture
def vaulted() -> Vaulted:
    return Vaulted()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def pictures(vaulted: Vaulted, clock: ManualClock) -> Pictures:
    return Pictures(vaulted.open, clock, 24)


def test_pictures_are_asked_for_once_for_each_person_however_often_the_page_is_drawn(
    pictures: Pictures, vaulted: Vaulted
) -> None:
    for _ in range(5):
        shown = pictures.of(ALERT, authenticated("Ann"))
    pictures.of(ALERT, authenticated("Bob"))
    pictures.of(ALERT, authenticated("Ann"))

    assert isinstance(shown, OpenedCrops)
    assert [actor for _, actor, _ in vaulted.asked] == ["Ann", "Bob"]


def test_after_ten_minutes_they_are_forgotten_and_asked_for_anew(
    pictures: Pictures, vaulted: Vaulted, clock: ManualClock
) -> None:
    pictures.of(ALERT, authenticated("Ann"))
    clock.advance(599)
    pictures.of(ALERT, authenticated("Ann"))
    clock.advance(1)
    pictures.of(ALERT, authenticated("Ann"))

    assert len(vaulted.asked) == 2


def test_an_alert_that_expires_on_the_screen_goes_from_it_at_once_without_asking(
    pictures: Pictures, vaulted: Vaulted, clock: ManualClock
) -> None:
    clock.advance(24 * 3600 - 10)
    before = pictures.of(ALERT, authenticated("Ann"))
    clock.advance(10)

    after = pictures.of(ALERT, authenticated("Ann"))

    assert isinstance(before, OpenedCrops)
    assert after == DELETED_ON_SCHEDULE
    assert len(vaulted.asked) == 1


def test_pictures_deleted_on_schedule_are_said_to_be_and_are_no_error(pictures: Pictures, vaulted: Vaulted) -> None:
    vaulted.error = Refused(DELETED, "gone")

    shown = [pictures.of(ALERT, authenticated("Ann")) for _ in range(3)]

    assert shown == [DELETED_ON_SCHEDULE] * 3
    assert len(vaulted.asked) == 1


def test_a_refusal_is_shown_and_not_asked_again_every_second(pictures: Pictures, vaulted: Vaulted) -> None:
    vaulted.error = Refused("vault.not-authentic", "sealed bytes don't open")

    shown = [pictures.of(ALERT, authenticated("Ann")) for _ in range(3)]

    assert all(isinstance(one, str) and "don't open" in one for one in shown)
    assert len(vaulted.asked) == 1


def test_with_the_vault_away_the_page_says_so_and_shows_them_when_it_is_back(
    pictures: Pictures, vaulted: Vaulted
) -> None:
    vaulted.error = Retryable("the vault is away")
    away = pictures.of(ALERT, authenticated("Ann"))
    vaulted.error = None

    assert isinstance(away, str)
    assert "the vault is away" in away
    assert isinstance(pictures.of(ALERT, authenticated("Ann")), OpenedCrops)


def test_pictures_that_are_others_by_now_are_opened_anew_and_no_others(pictures: Pictures, vaulted: Vaulted) -> None:
    other = replace(ALERT, id=UUID(int=2))
    for _ in range(2):
        pictures.of(ALERT, authenticated("Ann"))
        pictures.of(other, authenticated("Ann"))
        pictures.drop(ALERT.id)

    assert [alert for alert, *_ in vaulted.asked] == [ALERT.id, other.id, ALERT.id]


def test_no_more_are_kept_than_the_page_can_show(pictures: Pictures, vaulted: Vaulted) -> None:
    for n in range(MOST + 1):
        pictures.of(replace(ALERT, id=UUID(int=n)), authenticated("Ann"))
    pictures.of(replace(ALERT, id=UUID(int=MOST)), authenticated("Ann"))
    assert len(vaulted.asked) == MOST + 1

    pictures.of(replace(ALERT, id=UUID(int=0)), authenticated("Ann"))

    assert len(vaulted.asked) == MOST + 2


def test_of_an_alert_that_was_changed_past_the_platform_the_operator_reads_no_command(
    pictures: Pictures, vaulted: Vaulted
) -> None:
    vaulted.error = not_on_trail("this alert", "alert_opened/1 isn't what entry 7 of the audit trail says")

    assert pictures.of(ALERT, authenticated("Ann")) == CHANGED
