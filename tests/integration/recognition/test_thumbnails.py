"""A camera's thumbnail: every face covered before it leaves the worker, for who looks, gone with the picture."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Refused
from lfr_core.domain.frames import FrameHeader
from lfr_core.domain.policy import load_policy
from lfr_core.domain.thumbnails import EVERY_S, FRESH_S
from lfr_core.recognition.faces.decode import decode
from lfr_core.recognition.faces.masking import STILL_WIDTH_PX, mask_thumbnail
from lfr_core.recognition.faces.types import Detection, Image
from lfr_core.recognition.thumbnails import Thumbnails
from streams.thumbnail_socket import ThumbnailReader, ThumbnailServer, thumbnail_socket
from tests.support.plain_frames import PLAIN
from tests.support.recognise_bench import Bench, engine, walk
from tests.support.records import NOW_NS, ManualClock

pytestmark = pytest.mark.models


def test_a_worker_that_is_asked_gives_thumbnails_in_which_no_face_is_left_and_otherwise_makes_none() -> None:
    bench = Bench()
    first, second = walk("obama2", looks=2)
    bench.run([bench.frame(0, first)])
    before = bench.thumbnails.of("d")

    bench.run([bench.frame(1, second)])
    (found,) = bench.thumbnails.of("d")

    assert before == ()
    shown = decode(found.jpeg, load_policy().images)
    assert shown.shape[1] == STILL_WIDTH_PX
    large = cv2.resize(shown, (640, shown.shape[0] * 4), interpolation=cv2.INTER_NEAREST)
    assert engine().detect([large])[0] == []
    assert bench.thumbnails.of("another deployment") == ()


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_where_the_camera_hangs_upside_down_or_on_its_side_no_face_is_shown_either(turns: int) -> None:
    (frame,) = walk("obama2", looks=1)
    turned = np.ascontiguousarray(np.rot90(decode(frame, load_policy().images), turns))

    try:
        shown = decode(mask_thumbnail(turned, engine().detect([turned])[0], engine()), load_policy().images)
    except Refused:
        return  # none is shown

    upright = cv2.resize(np.rot90(shown, -turns), None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST)
    assert engine().detect([upright])[0] == []


def header(camera: str) -> FrameHeader:
    return FrameHeader("dep", camera, "s", 1, NOW_NS, 0, 0, key_id=PLAIN)


class _Faces:
    """Finds a face in everything, or in nothing."""

    contract_id = ""
    everywhere = False

    def detect(self, images: list[Image]) -> list[list[Detection]]:
        found = [Detection(np.array([1.0, 1.0, 5.0, 5.0], np.float32), 0.9)] if self.everywhere else []
        return [found for _ in images]


def test_one_that_cannot_be_masked_for_certain_is_not_shown_nor_the_one_before_and_all_are_gone_in_seconds() -> None:
    faces, clock = _Faces(), ManualClock()
    thumbnails = Thumbnails(faces, clock)  # type: ignore[arg-type]  # only detects
    picture = np.zeros((90, 160, 3), np.uint8)
    thumbnails.of("dep")

    def offered() -> list[bool]:
        thumbnails.offer(header("north"), picture, [])
        return [bool(each.jpeg) for each in thumbnails.of("dep")]

    assert offered() == [True]
    faces.everywhere = True
    assert offered() == [True]  # the next isn't due yet
    clock.advance(EVERY_S + 0.01)
    assert offered() == [False]
    faces.everywhere = False
    clock.advance(EVERY_S + 0.01)
    assert offered() == [True]
    clock.advance(FRESH_S)
    assert thumbnails.of("dep") == ()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, Thumbnails]]:
    thumbnails = Thumbnails(_Faces(), SystemClock())  # type: ignore[arg-type]  # only detects
    server = ThumbnailServer(thumbnail_socket(tmp_path, 0), thumbnails)
    (tmp_path / "run" / "worker-recognise-0.ready").touch()
    server.start()
    yield tmp_path, thumbnails
    server.close()


def test_the_page_reads_them_through_a_socket_of_this_user_and_nothing_is_written(
    served: tuple[Path, Thumbnails],
) -> None:
    home, thumbnails = served
    reader = ThumbnailReader(home, SystemClock())
    assert reader.read("dep") == {}
    thumbnails.offer(header("north"), np.zeros((90, 160, 3), np.uint8), [])
    time.sleep(EVERY_S)  # until then all viewers are given what was read for the first

    found = reader.read("dep")

    assert found["north"].jpeg.startswith(b"\xff\xd8\xff")
    path = thumbnail_socket(home, 0)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert sorted(each.name for each in home.rglob("*") if each.is_file()) == ["worker-recognise-0.ready"]


def test_a_worker_that_hangs_talks_nonsense_or_is_gone_holds_no_page_up(
    served: tuple[Path, Thumbnails], tmp_path: Path
) -> None:
    home, _ = served
    for index in (1, 2, 3):
        (home / "run" / f"worker-recognise-{index}.ready").touch()
    with socket.socket(socket.AF_UNIX) as silent:  # 2 was never there, 3 is a file
        silent.bind(str(thumbnail_socket(home, 1)))
        silent.listen(1)
        thumbnail_socket(home, 3).write_text("nonsense")

        assert ThumbnailReader(home, SystemClock()).read("dep") == {}  # though the first never answers
