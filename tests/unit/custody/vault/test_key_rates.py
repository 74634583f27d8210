"""New keys are made no faster than the policy has room for, camera by camera and machine by machine."""

from __future__ import annotations

import pytest

from lfr_core.common.errors import Retryable
from lfr_core.custody.vault import messages as m
from lfr_core.custody.vault.certificates import THIS_MACHINE, Peer
from lfr_core.custody.vault.key_rates import KeyRates, RequestRates
from lfr_core.custody.vault.key_terms import AT_ONCE, KeyTerms
from lfr_core.custody.vault.machine_messages import MOST_CAMERAS
from lfr_core.custody.vault.port import KeyKind
from lfr_core.domain.actors import ProcessIdentity, SystemActor
from lfr_core.domain.policy import load_policy

TERMS = KeyTerms.of(load_policy())


class Seconds:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def peer(machine: str, identity: ProcessIdentity = ProcessIdentity.CAMERA) -> Peer:
    return Peer(identity, machine, 1, 2e12)


def footage(camera: str) -> m.MakeKey:
    return m.MakeKey(
        kind=KeyKind.FOOTAGE, deployment="d", subject="s", due_ns=1, actor=SystemActor.CAMERA, camera=camera
    )


def alert(camera: str = "") -> m.MakeKey:
    return m.MakeKey(
        kind=KeyKind.ALERT, deployment="d", subject="s", due_ns=1, actor=SystemActor.RECORDER, camera=camera
    )


def test_a_camera_that_asks_without_end_waits_and_no_other_camera_or_machine_does() -> None:
    seconds = Seconds()
    rates = KeyRates(TERMS, seconds)
    for _ in range(AT_ONCE[KeyKind.FOOTAGE]):
        rates.check(peer("van-2"), footage("north"))
    for _ in range(1_000):
        with pytest.raises(Retryable, match="camera north"):
            rates.check(peer("van-2"), footage("north"))
    rates.check(peer("van-2"), footage("south"))
    rates.check(peer("van-3"), footage("north"))
    rates.check(peer(THIS_MACHINE), footage("north"))

    seconds.now += TERMS.every_s[KeyKind.FOOTAGE]
    rates.check(peer("van-2"), footage("north"))
    with pytest.raises(Retryable):
        rates.check(peer("van-2"), footage("north"))


def test_one_camera_never_has_all_the_keys_of_its_deployment() -> None:
    policy = load_policy()
    hours_s = policy.vault.max_open_h * 3_600
    made = AT_ONCE[KeyKind.FOOTAGE] + hours_s / TERMS.every_s[KeyKind.FOOTAGE]
    assert made < TERMS.most[KeyKind.FOOTAGE] / 10
    assert TERMS.every_s[KeyKind.FOOTAGE] < policy.footage.segment_s


def test_a_machine_that_records_gets_no_more_by_naming_cameras() -> None:
    rates = KeyRates(TERMS, Seconds())
    recorder = peer("van-2", ProcessIdentity.RECORD)
    for number in range(AT_ONCE[KeyKind.ALERT]):
        rates.check(recorder, alert(str(number)))
    with pytest.raises(Retryable, match="the machine"):
        rates.check(recorder, alert("another"))


def test_this_machine_s_cameras_have_what_as_many_cameras_of_another_have_whatever_they_are_called() -> None:
    rates = KeyRates(TERMS, Seconds())
    for number in range(AT_ONCE[KeyKind.FOOTAGE] * MOST_CAMERAS):
        rates.check(peer(THIS_MACHINE), footage(str(number)))
    with pytest.raises(Retryable):
        rates.check(peer(THIS_MACHINE), footage("another"))


def test_what_was_not_given_is_not_counted() -> None:
    seconds = Seconds()
    rates = RequestRates(seconds)
    taken = sum(rates.take("a", every_s=0.1, at_once=5) for _ in range(100))
    seconds.now += 0.1
    assert (taken, rates.take("a", every_s=0.1, at_once=5)) == (5, True)
