"""A camera sends its canary as its first frame, in no way named, and tells the vault once the broker has it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from lfr_core.common.errors import Retryable
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.frame_canaries import OFFERED_FOR_S
from lfr_core.custody.vault.frames import VaultOpener, VaultSealer
from lfr_core.domain.frames import FrameHeader, FrameKind
from lfr_core.retention.erasure.forms import noise_jpeg
from streams.camera.canary_sealer import CanarySealer
from tests.support.vault_core import NOW_NS, TwoClocks, vault_core

TAKEN = noise_jpeg(np.random.default_rng(9), 320, 240)
HUGE = TAKEN.replace((240).to_bytes(2, "big") + (320).to_bytes(2, "big"), b"\xff\xff\xff\xff", 1)
"""Says that it has 65,535 x 65,535 pixels."""


class Camera:
    """Seals frame after frame as a camera's sender does."""

    def __init__(self, core: VaultCore, clock: TwoClocks, name: str = "north") -> None:
        self.sealer = CanarySealer(VaultSealer(core, clock, "d", name), core, np.random.default_rng(3))
        self.opener = VaultOpener(core, clock)
        self.name = name
        self.sequence = -1

    def send(self, *, confirmed: bool = True) -> tuple[FrameHeader, bytes]:
        """Return the next frame's header, and what it is sealed to."""
        self.sequence += 1
        header = FrameHeader("d", self.name, "s", self.sequence, NOW_NS, 0, 0, key_id=self.sealer.key_id())
        sealed = self.sealer.seal(header, TAKEN)
        self.sealer.record_headers(header, topic="lfr.frames", key=b"north", payload=sealed)
        if confirmed:
            self.sealer.confirm(header)
        return header, sealed

    def shown(self) -> bytes:
        """Return the picture that whoever opens the next frame sees."""
        return self.opener.open(*self.send())


@pytest.fixture
def core(tmp_path: Path) -> VaultCore:
    return vault_core(tmp_path)[0]


@pytest.fixture
def clock() -> TwoClocks:
    return TwoClocks()


def test_the_first_frame_is_noise_as_wide_and_high_as_the_picture_and_the_next_are_the_cameras(
    core: VaultCore, clock: TwoClocks
) -> None:
    camera = Camera(core, clock)
    first = camera.shown()

    assert first != TAKEN
    assert np.asarray(cv2.imdecode(np.frombuffer(first, np.uint8), cv2.IMREAD_COLOR)).shape == (240, 320, 3)
    assert len(first) == len(TAKEN)
    assert [camera.shown() for _ in range(5)] == [TAKEN] * 5


def test_nothing_on_the_broker_says_which_frame_it_is(core: VaultCore, clock: TwoClocks) -> None:
    camera = Camera(core, clock)
    (first, _), (second, _) = camera.send(), camera.send()

    def headers(header: FrameHeader) -> dict[str, bytes]:
        sent = camera.sealer.record_headers(header, topic="lfr.frames", key=b"north", payload=b"p")
        return {name: value for name, value in sent if name not in ("sequence", "mac")}

    assert headers(first) == headers(second)
    assert "canary" not in str(headers(first))


def test_another_camera_sends_its_own_pictures_only(core: VaultCore, clock: TwoClocks) -> None:
    north, south = Camera(core, clock), Camera(core, clock, "south")
    assert north.shown() != TAKEN
    assert [south.shown() for _ in range(3)] == [TAKEN] * 3


def test_the_vault_is_told_of_it_with_the_next_record_once_the_broker_has_it(core: VaultCore, clock: TwoClocks) -> None:
    camera = Camera(core, clock)
    header, sealed = camera.send(confirmed=False)
    picture = camera.opener.open(header, sealed)
    camera.send(confirmed=False)
    assert core.collect_canary("d") is None  # the broker hasn't said that it has it

    camera.sealer.confirm(header)
    end = FrameHeader("d", "north", "s", 2, NOW_NS, 0, 0, kind=FrameKind.END)
    camera.sealer.record_headers(end, topic="lfr.frames", key=b"north", payload=b"")
    sent = core.collect_canary("d")

    assert sent is not None
    assert (sent.camera, sent.key_id) == ("north", header.key_id)
    assert all(needle in sealed for needle in sent.stored)
    assert any(needle in picture for needle in sent.clear)


def test_a_vault_that_is_away_is_told_later_and_no_frame_waits_for_it(
    core: VaultCore, clock: TwoClocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = Camera(core, clock)
    camera.send()

    def away(*_: object) -> None:
        raise Retryable("the vault is away")

    with monkeypatch.context() as patched:
        patched.setattr(core, "tell_canary", away)
        assert camera.shown() == TAKEN
    camera.send()

    assert core.collect_canary("d") is not None


def test_what_the_vault_no_longer_asks_for_is_forgotten_and_the_camera_goes_on(
    core: VaultCore, clock: TwoClocks
) -> None:
    camera = Camera(core, clock)
    camera.send()
    core._canaries.__init__(clock)  # type: ignore[misc]  # the vault was started anew, which asks anew

    assert [camera.shown() for _ in range(3)] == [TAKEN] * 3


def test_a_canary_that_no_broker_took_is_followed_by_another_of_the_only_camera(tmp_path: Path) -> None:
    core, clock, _ = vault_core(tmp_path)
    camera = Camera(core, clock)
    camera.send(confirmed=False)
    clock.advance(OFFERED_FOR_S)

    assert camera.shown() != TAKEN
    assert camera.shown() == TAKEN
    assert core.collect_canary("d") is not None


@pytest.mark.parametrize("damaged", [b"", b"no picture", TAKEN[:20], b"\xff\xd8" + bytes(400), HUGE])
def test_a_picture_that_cannot_be_read_goes_as_it_is_and_the_next_ones_place_is_taken(
    core: VaultCore, clock: TwoClocks, damaged: bytes
) -> None:
    camera = Camera(core, clock)
    header = FrameHeader("d", "north", "s", 9, NOW_NS, 0, 0, key_id=camera.sealer.key_id())

    assert camera.opener.open(header, camera.sealer.seal(header, damaged)) == damaged
    assert camera.shown() != TAKEN
