"""The drawn test face in a camera's frames is nobody's: it is in no count, and takes nobody else out of one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lfr_core.domain.messages import FrameResult, OutcomeBatch
from lfr_core.domain.reserved import LIVE_PROBE_ENTRY
from lfr_core.recognition.gallery.port import Reference
from lfr_core.recognition.selftest.face import draw_face, live_probe_template
from lfr_core.retention.erasure.forms import canary_picture
from tests.support.recognise_bench import Bench, engine, walk

pytestmark = pytest.mark.models


def bench() -> Bench:
    """Return a recogniser whose gallery has the drawn face, as each has."""
    made, drawn = Bench(), live_probe_template(engine())
    assert drawn is not None
    made.gallery.add("gallery", engine().contract_id, [Reference("p", LIVE_PROBE_ENTRY, drawn)])
    return made


def canary_instead_of(jpeg: bytes) -> bytes:
    return canary_picture(np.random.default_rng(7), jpeg)


def print_over(jpeg: bytes, x: float, y: float, face_px: float) -> bytes:
    """Return a frame with a print of the drawn face in it: its face centred there, and as high."""
    drawn = draw_face()
    (own,) = engine().detect([drawn])[0]
    scale = face_px / float(own.box[3] - own.box[1])
    height, width = round(scale * drawn.shape[0]), round(scale * drawn.shape[1])
    left = round(x - scale * float(own.box[0] + own.box[2]) / 2)
    top = round(y - scale * float(own.box[1] + own.box[3]) / 2)
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    image[top : top + height, left : left + width] = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", image)[1].tobytes()


def results(batches: list[OutcomeBatch]) -> list[FrameResult]:
    return [result for batch in batches for result in batch.results]


def one_by_one(made: Bench, jpegs: list[bytes]) -> tuple[list[FrameResult], int]:
    """Return what came of each frame, each in a batch of its own, and how many sightings."""
    done = [made.run([frame]) for frame in made.frames(jpegs)]
    return [each for one in done for each in results(one.outcomes)], sum(len(one.sightings) for one in done)


@pytest.mark.parametrize("place", [0, 1, 3, 5])
def test_a_canary_in_mid_walk_costs_one_look_and_neither_the_alert_nor_a_count(place: int) -> None:
    frames = list(walk("obama2"))
    frames[place] = canary_instead_of(frames[place])
    found, sightings = one_by_one(bench(), frames)

    assert sightings >= 2
    assert [result.faces for result in found] == [int(index != place) for index in range(len(frames))]
    assert (sum(r.tracks_started for r in found), sum(r.tracks_compared for r in found)) == (1, 1)


def test_all_in_one_batch_it_is_the_same() -> None:
    frames = list(walk("obama2"))
    frames[0] = canary_instead_of(frames[0])
    done = bench().run(bench().frames(frames))
    found = results(done.outcomes)

    assert len(done.sightings) >= 2
    assert [result.faces for result in found] == [0] + [1] * (len(frames) - 1)
    assert (sum(r.tracks_started for r in found), sum(r.tracks_compared for r in found)) == (1, 1)


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("prints", [1, 2, 4])
def test_who_shows_a_print_first_and_then_a_face_is_counted_and_found(prints: int, *, batched: bool) -> None:
    frames = list(walk("obama2", looks=14, step_px=4))
    first = np.asarray(cv2.imdecode(np.frombuffer(frames[0], np.uint8), cv2.IMREAD_COLOR), dtype=np.uint8)
    (face,) = engine().detect([first])[0]
    x1, y1, x2, y2 = (float(v) for v in face.box)
    frames[:prints] = [print_over(frame, (x1 + x2) / 2, (y1 + y2) / 2, y2 - y1) for frame in frames[:prints]]
    made = bench()
    if batched:
        done = made.run(made.frames(frames))
        found, sightings = results(done.outcomes), len(done.sightings)
    else:
        found, sightings = one_by_one(made, frames)

    assert sightings >= 2
    assert (sum(r.tracks_started for r in found), sum(r.tracks_compared for r in found)) == (1, 1)


def test_a_print_that_is_only_shown_begins_no_track_that_is_counted() -> None:
    grey = cv2.imencode(".jpg", np.full((720, 1280, 3), 90, np.uint8))[1].tobytes()
    found, sightings = one_by_one(bench(), [print_over(grey, 400, 300, 150)] * 14)

    assert (sum(r.tracks_started for r in found), sum(r.tracks_compared for r in found), sightings) == (0, 0, 0)
