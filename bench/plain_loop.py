"""The plain loop, the bench's yardstick: decode every frame, detect, describe and embed every face, search.

One process and one thread a video, no tracks and no choice of shots. An alert is two faces within a second
that agree on an entry at or above the threshold; alerts of an entry within the policy's merge time are one.

    python bench/plain_loop.py --photograph obama.jpg north.avi south.avi    (a process a video)
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from apps.synthetic_street.truth import load_truth
from lfr_core.common.errors import Poison, Refused
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import AlertPolicy, Policy, load_policy
from lfr_core.recognition.faces.engine import build_engine
from lfr_core.recognition.faces.types import Detection, Face, FaceEngine, Floats, Image
from lfr_core.recognition.gallery.exact import ExactGallery
from lfr_core.recognition.gallery.port import Gallery, Reference

__all__ = ["PLAIN_DETECTOR_PX", "PlainAlert", "PlainFace", "PlainResult", "plain_alerts", "plain_loop", "plain_loops"]

PLAIN_DETECTOR_PX = (640, 360)
"""Detector input of the plain loop (docs/design.md#what-a-demonstration-has-to-show)."""
GALLERY = "plain"
STAGES = ("decode", "detect", "describe", "embed", "search")


@dataclass(frozen=True, slots=True)
class PlainFace:
    """One compared face: its best entry."""

    frame: int
    entry: str
    similarity: float
    eye_distance_px: float
    x: float
    """Midway between the eyes, pixels of the frame."""
    y: float


@dataclass(frozen=True, slots=True)
class PlainAlert:
    """As the stream's: first and last frame of the faces that agree."""

    entry: str
    first_frame: int
    last_frame: int
    similarity: float


@dataclass(frozen=True, slots=True)
class PlainResult:
    """What one video gave."""

    video: str
    frames: int
    faces: int
    """Faces found."""
    seconds: float
    """Wall time of the loop, models loaded."""
    processor_s: float
    """Processor time of the loop, user and system."""
    stages_s: dict[str, float]
    alerts: tuple[PlainAlert, ...]
    compared: tuple[PlainFace, ...]


def plain_loop(
    video: Path, engine: FaceEngine, gallery: Gallery, name: str, policy: Policy, *, frames_per_second: float = 25.0
) -> PlainResult:
    """Look at every frame of `video` and every face in it.

    Args:
        video: a file that cv2.VideoCapture reads.
        engine: its detector is to have PLAIN_DETECTOR_PX.
        gallery: holds the collection.
        name: the collection's, of the engine's contract.
        policy: threshold, agreement and merge time; the smallest face that is compared.
        frames_per_second: of the video.

    Raises:
        Refused: the video can't be opened (`plain-loop.video`).
    """
    source = cv2.VideoCapture(str(video))
    if not source.isOpened():
        raise Refused("plain-loop.video", f"{video} can't be opened as a video")
    spent = dict.fromkeys(STAGES, 0.0)
    compared: list[PlainFace] = []
    frames = faces = 0
    started, used = time.perf_counter(), time.process_time()
    while True:
        at = time.perf_counter()
        got, image = source.read()
        at = _add_time(spent, "decode", at)
        if not got:
            break
        found = engine.detect([image])[0]
        at = _add_time(spent, "detect", at)
        described = [face for face in _describe(engine, image, found) if _large(face, policy)]
        at = _add_time(spent, "describe", at)
        templates = engine.embed([face.aligned for face in described])
        at = _add_time(spent, "embed", at)
        hits = gallery.search(name, engine.contract_id, templates) if described else []
        _add_time(spent, "search", at)
        for face, candidates in zip(described, hits, strict=True):
            if candidates:
                x, y = face.points[:2].mean(axis=0)
                best = candidates[0]
                size = face.quality.eye_distance_px
                compared.append(PlainFace(frames, best.entry, best.similarity, size, float(x), float(y)))
        faces += len(found)
        frames += 1
    source.release()
    return PlainResult(
        video=str(video), frames=frames, faces=faces, seconds=time.perf_counter() - started,
        processor_s=time.process_time() - used, stages_s=spent,
        alerts=tuple(plain_alerts(compared, policy.alerts, frames_per_second)), compared=tuple(compared),
    )  # fmt: skip


def plain_alerts(compared: Iterable[PlainFace], policy: AlertPolicy, frames_per_second: float) -> list[PlainAlert]:
    """Return the alerts of compared faces in the order of their frames. Pure.

    `agreeing_shots` faces of an entry at or above the threshold, in different frames within a second, make
    an alert; it grows with every further such group that begins within the merge time of its end.
    """
    recent: dict[str, list[PlainFace]] = {}
    alerts: dict[str, list[PlainAlert]] = {}
    for face in compared:
        if face.similarity < policy.threshold:
            continue
        near = [f for f in recent.get(face.entry, []) if 0 < face.frame - f.frame <= frames_per_second]
        recent[face.entry] = [*near, face]
        if len({f.frame for f in recent[face.entry]}) < policy.agreeing_shots:
            continue
        mine = alerts.setdefault(face.entry, [])
        best = max(f.similarity for f in recent[face.entry])
        first = recent[face.entry][0].frame
        if mine and first - mine[-1].last_frame <= policy.merge_s * frames_per_second:
            last = mine.pop()
            mine.append(PlainAlert(face.entry, last.first_frame, face.frame, max(best, last.similarity)))
        else:
            mine.append(PlainAlert(face.entry, first, face.frame, best))
    return sorted((a for found in alerts.values() for a in found), key=lambda a: (a.first_frame, a.entry))


def plain_loops(
    videos: Sequence[Path], references: Sequence[Reference], settings: Settings, policy: Policy
) -> list[PlainResult]:
    """Run a process a video, one thread each; `references` are searched exactly, in memory."""
    rows = [(r.id, r.entry, r.template) for r in references]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(videos), mp_context=context) as pool:
        jobs = [pool.submit(_one_process, video, rows, settings, policy) for video in videos]
        return [job.result() for job in jobs]


def plain_policy(policy: Policy) -> Policy:
    """Return the policy with the plain loop's detector size."""
    width, height = PLAIN_DETECTOR_PX
    faces = policy.faces.model_copy(update={"detector_width_px": width, "detector_height_px": height})
    return policy.model_copy(update={"faces": faces})


def _one_process(
    video: Path, rows: Sequence[tuple[str, str, Floats]], settings: Settings, policy: Policy
) -> PlainResult:
    cv2.setNumThreads(1)
    plain = plain_policy(policy)
    engine = build_engine(settings.model_copy(update={"inference_threads": 1}), plain)
    gallery = ExactGallery()
    gallery.create(GALLERY, engine.contract_id)
    gallery.add(GALLERY, engine.contract_id, [Reference(*row) for row in rows])
    engine.embed([np.zeros((112, 112, 3), np.uint8)])  # the first run builds things: not timed
    return plain_loop(video, engine, gallery, GALLERY, plain)


def _add_time(spent: dict[str, float], stage: str, since: float) -> float:
    now = time.perf_counter()
    spent[stage] += now - since
    return now


def _describe(engine: FaceEngine, image: Image, found: Sequence[Detection]) -> list[Face]:
    described = []
    for detection in found:
        try:
            described.append(engine.describe(image, detection))
        except Poison:  # a box whose landmarks coincide is no face
            continue
    return described


def _large(face: Face, policy: Policy) -> bool:
    return face.quality.eye_distance_px >= policy.faces.min_eye_distance_px


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument(
        "--photograph", type=Path, action="append", required=True, help="enrolled; its name is the entry"
    )
    given = parser.parse_args()
    settings = Settings()
    policy = load_policy(settings.policy_file)
    engine = build_engine(settings, policy)
    references = []
    for file in given.photograph:
        image = cv2.imread(str(file), cv2.IMREAD_COLOR)
        found = engine.detect([image])[0] if image is not None else []
        if image is None or not found:
            sys.exit(f"no face in {file}")
        template = engine.embed([engine.describe(image, found[0]).aligned])[0]
        references.append(Reference(file.stem, file.stem, template))
    for result in plain_loops(given.videos, references, settings, policy):
        rate = result.frames / result.seconds
        print(f"{result.video}: {result.frames} frames, {result.faces} faces, {rate:.1f} frames/s")
        print("  ms a frame: " + ", ".join(f"{k} {1e3 * v / result.frames:.1f}" for k, v in result.stages_s.items()))
        for alert in result.alerts:
            print("  " + json.dumps(asdict(alert)))
        truth = Path(result.video).with_suffix(".truth.json")
        if truth.is_file():
            for one in (p for p in load_truth(truth).passes if p.subject):
                print(f"  truth: {one.subject} {one.first_frame}-{one.last_frame}, up to {one.max_eye_px:.0f} px")


if __name__ == "__main__":
    main()
