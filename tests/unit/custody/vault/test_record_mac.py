"""A record on the broker is believed if the part of the platform sent it that may, exactly so; else it is refused."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.frames import VaultOpener, VaultSealer
from lfr_core.custody.vault.port import RecordUse
from lfr_core.custody.vault.record_keys import KEPT_DAYS, RECORD_LEASE_S, day_of
from lfr_core.custody.vault.record_mac import MAC_HEADER, RecordSigner, RecordVerifier
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.frames import FrameHeader, FrameKind
from lfr_core.domain.reserved import CANARY_CAMERA, LIVE_PROBE_CAMERA
from tests.support.vault_core import NOW_NS, TwoClocks, refused, vault_core

TOPIC, KEY, VALUE = "lfr.sightings", b"north", b'{"deployment":"d"}'
FRAMES = "lfr.frames"
DAY_S = 86_400.0
TO_MIDNIGHT_S = DAY_S - NOW_NS // 10**9 % 86_400
"""From `NOW_NS`."""
STATUS = FrameHeader("d", "north", "s", 7, NOW_NS, 0, 0, kind=FrameKind.STATUS)


@pytest.fixture
def core(tmp_path: Path) -> VaultCore:
    return vault_core(tmp_path)[0]


@pytest.fixture
def clock() -> TwoClocks:
    return TwoClocks()


def signed(core: VaultCore, clock: TwoClocks, value: bytes = VALUE) -> dict[str, bytes | None]:
    return {MAC_HEADER: RecordSigner(core, clock, SystemActor.RECOGNISER).sign(TOPIC, KEY, {}, value)}


def test_what_a_recogniser_signed_the_recorder_believes(core: VaultCore, clock: TwoClocks) -> None:
    RecordVerifier(core, clock, SystemActor.RECORDER).check(TOPIC, KEY, signed(core, clock), VALUE, appended_ns=NOW_NS)


@pytest.mark.parametrize(
    ("topic", "key", "more", "value"),
    [
        ("lfr.outcomes", KEY, {}, VALUE),
        (TOPIC, b"south", {}, VALUE),
        (TOPIC, KEY, {}, VALUE.replace(b"d", b"e")),
        (TOPIC, KEY, {}, VALUE + b" "),
        (TOPIC, KEY, {"another": b"header"}, VALUE),
        (TOPIC + "n", b"orth", {}, VALUE),
    ],
)
def test_one_byte_of_topic_key_header_or_value_is_another_record(
    core: VaultCore, clock: TwoClocks, topic: str, key: bytes, more: dict[str, bytes | None], value: bytes
) -> None:
    with refused("record.not-authentic"):
        RecordVerifier(core, clock, SystemActor.RECORDER).check(
            topic, key, signed(core, clock) | more, value, appended_ns=NOW_NS
        )


@pytest.mark.parametrize(
    "mac", [b"", b":", b"x:y", b"-1:00", b"9" * 5_000, b"99999:00", None, f"{day_of(NOW_NS)}:{'0' * 64}".encode()]
)
def test_what_is_no_signature_is_refused_and_the_vault_is_not_asked_about_it(
    core: VaultCore, clock: TwoClocks, mac: bytes | None
) -> None:
    verifier = RecordVerifier(core, clock, SystemActor.RECORDER)
    with refused("record.not-authentic"):
        verifier.check(TOPIC, KEY, {MAC_HEADER: mac}, VALUE, appended_ns=NOW_NS)
    with refused("record.not-signed"):
        verifier.check(TOPIC, KEY, {}, VALUE, appended_ns=NOW_NS)


def go(core: VaultCore, clock: TwoClocks, seconds: float) -> int:
    """Move the vault's clock and the worker's; the wall time."""
    core._clock.advance(seconds)  # type: ignore[attr-defined]  # the test's own clock, in the vault too
    clock.advance(seconds)
    return clock.time_ns()


@pytest.mark.parametrize("days", [1, 2, 5, 8, 9])
@pytest.mark.parametrize("kept_days", [1, KEPT_DAYS])
def test_a_key_that_somebody_kept_signs_nothing_once_its_day_is_over(
    core: VaultCore, clock: TwoClocks, days: int, kept_days: int
) -> None:
    headers = signed(core, clock)
    verifier = RecordVerifier(core, clock, SystemActor.RECORDER)
    verifier.check(TOPIC, KEY, headers, VALUE, appended_ns=NOW_NS, kept_days=kept_days)
    now_ns = go(core, clock, days * DAY_S)
    with refused("record.not-authentic"):
        verifier.check(TOPIC, KEY, headers, VALUE, appended_ns=now_ns, kept_days=kept_days)


def test_what_waited_in_the_broker_over_midnight_is_believed_and_dead_letters_for_a_week(
    core: VaultCore, clock: TwoClocks
) -> None:
    headers = signed(core, clock)
    verifier = RecordVerifier(core, clock, SystemActor.RECORDER)
    go(core, clock, DAY_S)
    verifier.check(TOPIC, KEY, headers, VALUE, appended_ns=NOW_NS)
    assert signed(core, clock) != headers
    go(core, clock, DAY_S)
    with refused("record.not-authentic"):
        verifier.check(TOPIC, KEY, headers, VALUE, appended_ns=NOW_NS)
    go(core, clock, 6 * DAY_S)
    verifier.check(TOPIC, KEY, headers, VALUE, appended_ns=NOW_NS, kept_days=KEPT_DAYS)
    go(core, clock, DAY_S)
    with refused("record.not-authentic"):
        verifier.check(TOPIC, KEY, headers, VALUE, appended_ns=NOW_NS, kept_days=KEPT_DAYS)


@pytest.mark.parametrize(
    ("seconds", "found"),
    [(-1.0, nullcontext()), (299.0, nullcontext()), (301.0, refused("record.not-authentic"))],
    ids=["before", "after", "later"],
)
def test_at_midnight_clocks_may_be_five_minutes_apart(
    core: VaultCore, clock: TwoClocks, seconds: float, found: AbstractContextManager[object]
) -> None:
    go(core, clock, TO_MIDNIGHT_S - 60.0)
    headers = signed(core, clock)
    now_ns = go(core, clock, 60.0 + seconds)
    with found:
        RecordVerifier(core, clock, SystemActor.RECORDER).check(TOPIC, KEY, headers, VALUE, appended_ns=now_ns)


@pytest.mark.parametrize(
    ("seconds", "found"),
    [(-1.0, nullcontext()), (299.0, nullcontext()), (301.0, refused("record.not-authentic"))],
    ids=["before", "after", "later"],
)
def test_a_frame_is_of_the_day_that_it_is(
    core: VaultCore, clock: TwoClocks, seconds: float, found: AbstractContextManager[object]
) -> None:
    go(core, clock, TO_MIDNIGHT_S - 60.0)
    sealer = VaultSealer(core, clock, "d", "north")
    headers: dict[str, bytes | None] = dict(sealer.record_headers(STATUS, topic=FRAMES, key=KEY, payload=b""))
    go(core, clock, 60.0 + seconds)
    with found:
        VaultOpener(core, clock).check_sender(STATUS, topic=FRAMES, key=KEY, headers=headers, payload=b"")


@pytest.mark.parametrize(
    ("use", "actor", "lent"),
    [
        (RecordUse.RESULTS, SystemActor.RECORDER, range(-KEPT_DAYS, 1)),
        (RecordUse.RESULTS, SystemActor.RECOGNISER, range(1)),
        (RecordUse.CANARY, SystemActor.ERASURE, range(1)),
        (RecordUse.CANARY, SystemActor.RECORDER, range(-KEPT_DAYS, 1)),
        (RecordUse.FRAMES, SystemActor.RECOGNISER, range(1)),
        (RecordUse.CAMERA, SystemActor.CAMERA, range(1)),
    ],
)
@pytest.mark.parametrize("to_midnight_s", [1.0, 3_600.0])
def test_no_key_is_lent_before_its_day_and_one_of_before_to_the_recorder_alone(
    core: VaultCore, clock: TwoClocks, use: RecordUse, actor: SystemActor, lent: range, to_midnight_s: float
) -> None:
    today = day_of(go(core, clock, TO_MIDNIGHT_S - to_midnight_s))
    of = ("d", "north") if use is RecordUse.CAMERA else ("", "")
    found = []
    for day in range(-KEPT_DAYS - 2, 4):
        with suppress(Refused):
            core.record_key(use, actor=actor, day=today + day, deployment=of[0], camera=of[1])
            found.append(day)
    assert found == list(lent)


def test_a_vault_whose_clock_jumped_lends_no_key_of_another_day_and_no_record_counts_as_forged(
    core: VaultCore, clock: TwoClocks
) -> None:
    headers = signed(core, clock)
    core._clock.step(3 * DAY_S)  # type: ignore[attr-defined]  # the test's own clock, in the vault too
    with refused("vault.clock"):
        core.record_key(RecordUse.RESULTS, actor=SystemActor.RECOGNISER)
    with pytest.raises(Retryable):
        RecordVerifier(core, clock, SystemActor.RECORDER).check(TOPIC, KEY, headers, VALUE, appended_ns=NOW_NS)


def test_keys_are_the_same_after_the_vault_was_started_again_and_another_installation_has_others(
    tmp_path: Path, clock: TwoClocks
) -> None:
    first, again, other = (vault_core(tmp_path / name)[0] for name in ("a", "a", "b"))
    headers = signed(first, clock)
    RecordVerifier(again, clock, SystemActor.RECORDER).check(TOPIC, KEY, headers, VALUE, appended_ns=NOW_NS)
    with refused("record.not-authentic"):
        RecordVerifier(other, clock, SystemActor.RECORDER).check(TOPIC, KEY, headers, VALUE, appended_ns=NOW_NS)


@pytest.mark.parametrize(
    ("use", "actor", "camera"),
    [
        (RecordUse.RESULTS, SystemActor.CAMERA, ""),
        (RecordUse.RESULTS, SystemActor.WATCH, ""),
        (RecordUse.RESULTS, SystemActor.ERASURE, ""),
        (RecordUse.CANARY, SystemActor.RECOGNISER, ""),
        (RecordUse.FRAMES, SystemActor.CAMERA, ""),
        (RecordUse.FRAMES, SystemActor.RECORDER, ""),
        (RecordUse.CAMERA, SystemActor.RECORDER, "north"),
        (RecordUse.CAMERA, SystemActor.CAMERA, LIVE_PROBE_CAMERA),
        (RecordUse.CAMERA, SystemActor.CAMERA, CANARY_CAMERA),
        (RecordUse.CAMERA, SystemActor.WATCH, "north"),
        (RecordUse.CAMERA, SystemActor.ERASURE, LIVE_PROBE_CAMERA),
        (RecordUse.CAMERA, SystemActor.ERASURE, CANARY_CAMERA),
        (RecordUse.CAMERA, SystemActor.ERASURE, "north"),
    ],
)
def test_a_key_is_lent_to_who_signs_such_records_and_to_nobody_else(
    core: VaultCore, use: RecordUse, actor: SystemActor, camera: str
) -> None:
    with refused("vault.not-for-you"):
        core.record_key(use, actor=actor, deployment="d" if camera else "", camera=camera)


def test_a_camera_is_believed_under_its_own_name_and_in_its_own_deployment_only(
    core: VaultCore, clock: TwoClocks
) -> None:
    sealer, opener = VaultSealer(core, clock, "d", "north"), VaultOpener(core, clock)

    def check(header: FrameHeader, signed_as: FrameHeader, payload: bytes = b"") -> None:
        signed = dict(sealer.record_headers(signed_as, topic=FRAMES, key=KEY, payload=b""))
        headers: dict[str, bytes | None] = {**dict(header.to_headers()), MAC_HEADER: signed[MAC_HEADER]}
        opener.check_sender(header, topic=FRAMES, key=KEY, headers=headers, payload=payload)

    check(STATUS, STATUS)
    for other in (
        replace(STATUS, camera="south"),
        replace(STATUS, deployment="e"),
        replace(STATUS, sequence=10**9),
        replace(STATUS, kind=FrameKind.END),
        replace(STATUS, kind=FrameKind.LIVE_PROBE),
    ):
        with refused("record.not-authentic"):
            check(other, STATUS)
        if (other.camera, other.deployment) != ("north", "d"):
            with refused("record.not-authentic"):
                check(other, other)  # signed by this camera's key, in another's name
    with refused("record.not-authentic"):
        check(STATUS, STATUS, payload=b"another picture")


def test_a_camera_sends_no_frame_of_nobody_and_the_reserved_name_sends_nothing_else(
    core: VaultCore, clock: TwoClocks
) -> None:
    opener = VaultOpener(core, clock)
    for camera, sender, sent, fits in (
        (LIVE_PROBE_CAMERA, SystemActor.WATCH, FrameKind.LIVE_PROBE, True),
        (LIVE_PROBE_CAMERA, SystemActor.WATCH, FrameKind.FRAME, False),
        ("north", SystemActor.CAMERA, FrameKind.LIVE_PROBE, False),
    ):
        header = replace(STATUS, camera=camera, kind=sent)
        sealer = VaultSealer(core, clock, "d", camera, actor=sender)
        headers: dict[str, bytes | None] = dict(sealer.record_headers(header, topic=FRAMES, key=KEY, payload=b""))
        if fits:
            opener.check_sender(header, topic=FRAMES, key=KEY, headers=headers, payload=b"")
            continue
        with refused("record.not-authentic"):
            opener.check_sender(header, topic=FRAMES, key=KEY, headers=headers, payload=b"")


def test_a_key_is_held_for_its_lease_and_then_asked_for_again(
    core: VaultCore, clock: TwoClocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = RecordSigner(core, clock, SystemActor.RECOGNISER)
    signer.sign(TOPIC, KEY, {}, VALUE)
    monkeypatch.setattr(core, "record_key", _away)
    signer.sign(TOPIC, KEY, {}, VALUE)
    clock.advance(RECORD_LEASE_S + 0.1)
    with pytest.raises(Retryable):
        signer.sign(TOPIC, KEY, {}, VALUE)
    clock.advance(1.0)
    signer._keys._lent.drop_ended()
    assert len(signer._keys._lent) == 0


def _away(*_: object, **__: object) -> None:
    raise Retryable("the vault is away")
