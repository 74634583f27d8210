"""The self-test's lines: each says what it saw, or what to do; one that fails keeps no other from looking."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lfr_core.common.errors import Refused, Retryable
from lfr_core.deployments.monitoring.selftest import SelfTest, SelfTestCheck, check_footage, check_gallery, run_checks
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus, DeploymentView
from lfr_core.domain.policy import load_policy
from lfr_core.domain.reserved import LIVE_PROBE_ENTRY, LIVE_PROBE_REFERENCE
from lfr_core.recognition.gallery.exact import ExactGallery
from lfr_core.recognition.gallery.port import Reference

POLICY = load_policy()
VIEW = DeploymentView(
    id="dep",
    kind=DeploymentKind.OPERATIONAL,
    status=DeploymentStatus.READY,
    gallery="g",
    contract_id="contract",
    threshold=0.45,
    agreeing_shots=2,
    live_only=True,
)


def unit(*places: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    row = np.zeros((1, 512), np.float32)
    row[0, list(places)] = 1.0 / np.sqrt(len(places))
    return row


def gallery(*entries: tuple[str, int]) -> ExactGallery:
    made = ExactGallery()
    made.create("g", "contract")
    made.add("g", "contract", [Reference(f"{name}/1", name, unit(place)[0]) for name, place in entries])
    return made


def away() -> str:
    raise Retryable("start it with `lfr up`")


def test_one_red_line_keeps_no_other_from_looking_and_makes_the_whole_red() -> None:
    lines = run_checks([SelfTestCheck("broker", away), SelfTestCheck("clock", lambda: "right")])

    assert [(line.name, line.ok, line.message) for line in lines] == [
        ("broker", False, "start it with `lfr up`"),
        ("clock", True, "right"),
    ]


def test_the_lines_are_read_back_as_they_were_kept() -> None:
    from uuid import UUID

    done = SelfTest(
        UUID(int=1), "dep", 0, run_checks([SelfTestCheck("broker", away), SelfTestCheck("clock", lambda: "right")])
    )

    assert (SelfTest.lines_from_json(done.to_json()), done.green) == (done.lines, False)


def test_the_test_face_first_in_the_gallery_is_green() -> None:
    assert "1.000" in check_gallery(gallery((LIVE_PROBE_ENTRY, 0), ("somebody", 1)), VIEW, unit(0))


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param((("somebody", 1),), id="enrolled before there was a test face"),
        pytest.param(((LIVE_PROBE_ENTRY, 1), ("somebody", 0)), id="somebody is more alike"),
        pytest.param(((LIVE_PROBE_ENTRY, 1),), id="not alike at all"),
    ],
)
def test_a_gallery_that_does_not_know_the_test_face_is_red(entries: tuple[tuple[str, int], ...]) -> None:
    with pytest.raises(Refused) as caught:
        check_gallery(gallery(*entries), VIEW, unit(0))

    assert caught.value.rule == "live-probe.no-match"


def test_a_match_below_the_threshold_is_red() -> None:
    with pytest.raises(Refused) as caught:
        check_gallery(gallery((LIVE_PROBE_ENTRY, 0)), replace(VIEW, threshold=0.9), unit(0, 1))

    assert caught.value.rule == "live-probe.no-match"


def test_a_footage_folder_without_space_is_red(tmp_path: Path) -> None:
    full = POLICY.model_copy(update={"live_probe": POLICY.live_probe.model_copy(update={"footage_free_gb": 1e7})})

    assert "GB free" in check_footage(
        tmp_path / "footage",
        POLICY.model_copy(update={"live_probe": POLICY.live_probe.model_copy(update={"footage_free_gb": 1e-6})}),
    )
    with pytest.raises(Retryable, match="free space"):
        check_footage(tmp_path / "footage", full)


def test_a_footage_folder_that_can_not_be_made_is_red(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(Retryable, match="LFR_FOOTAGE_FOLDER"):
        check_footage(tmp_path / "file" / "footage", POLICY)


def test_the_reference_of_the_test_face_is_a_reserved_word_that_no_list_can_have() -> None:
    assert (LIVE_PROBE_ENTRY, LIVE_PROBE_REFERENCE) == ("proof-of-life", "proof-of-life")  # entries' ids are UUIDs
