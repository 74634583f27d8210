"""A decoder that is asked for decodes, or nothing is opened: never another one in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from apps.doctor.checks import Level
from apps.doctor.machine import camera_decoder
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Fatal
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import load_policy
from streams.camera.hardware import SOFTWARE, choose_decoder, decoders_here, known_decoders
from streams.camera.open_source import open_source
from streams.camera.urls import parse_source

MISSING = [name for name in known_decoders() if name not in decoders_here()]


def test_pictures_are_decoded_by_software_unless_somebody_asks_otherwise() -> None:
    assert Settings().camera_decoder == SOFTWARE
    assert choose_decoder(SOFTWARE) is None


@pytest.mark.skipif(not MISSING, reason="this machine has every device that FFmpeg knows")
def test_a_device_that_is_not_here_is_refused_before_the_camera_is_asked_and_the_doctor_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")

    with pytest.raises(Fatal, match=f"LFR_CAMERA_DECODER asks for {MISSING[0]}.*no such device"):
        open_source(
            parse_source(str(tmp_path / "a.mp4")), load_policy().images, decoder=MISSING[0], clock=SystemClock()
        )
    told = camera_decoder(Settings(camera_decoder=MISSING[0]))
    assert told.level is Level.FAIL
    assert MISSING[0] in told.says


def test_a_name_that_is_none_is_refused_with_those_there_are() -> None:
    with pytest.raises(Fatal, match=r"give software, .*cuda"):
        choose_decoder("fastest")


def test_the_doctor_says_what_decodes_and_which_devices_there_are() -> None:
    told = camera_decoder(Settings())

    assert (told.level, told.says.startswith("software; devices here: ")) == (Level.OK, True)
