"""From a labelled file to templates: what enrolment and acquisition make of it, and why not where they don't."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lfr_core.common.errors import Poison
from lfr_core.common.files import IMAGE_BYTES, read_bounded
from lfr_core.domain.policy import Policy
from lfr_core.recognition.accuracy.cache import TemplateCache
from lfr_core.recognition.accuracy.dataset import DataSet, LabelledFile, Use
from lfr_core.recognition.accuracy.extraction_result import ExtractionResult
from lfr_core.recognition.faces.decode_child import decode_in_child
from lfr_core.recognition.faces.quality import SECOND_FACE, find_fault
from lfr_core.recognition.faces.types import FaceEngine, Floats, Image

__all__ = ["FrameReader", "Templates", "gather_templates"]

FrameReader = Callable[[Path], Iterator[Image]]
"""The pictures of a video, H x W x 3, BGR, a few a second."""

_VIDEO_SHOTS = 8
"""Of one video: as many as a track gives (policy `tracking.max_shots_per_track`)."""


@dataclass(slots=True, eq=False)
class Templates:
    """All that was looked at, n of them with a template. Templates are float32, 2 kB each: 10,000 are 20 MB."""

    subjects: tuple[str, ...]
    vectors: Floats
    """Shape (n, d)."""
    subject: np.ndarray[tuple[int], np.dtype[np.int64]]
    """Shape (n,): index into `subjects`."""
    reference: np.ndarray[tuple[int], np.dtype[np.bool_]]
    """Shape (n,): may be a reference."""
    probe: np.ndarray[tuple[int], np.dtype[np.bool_]]
    """Shape (n,): may be a probe."""
    digests: tuple[str, ...]
    """Shape (n,)."""
    enrolments: int = 0
    """Photographs offered as references, and how many of them failed, by reason."""
    not_enrolled: Counter[str] = field(default_factory=Counter)
    acquisitions: int = 0
    not_acquired: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    """Files that are there more than once under one subject: counted once."""
    shared: tuple[tuple[str, str], ...] = ()
    """Pairs of subjects under whom the same file lies."""


def gather_templates(
    data: DataSet,
    engine: FaceEngine,
    policy: Policy,
    cache: TemplateCache,
    *,
    read_video: FrameReader,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Templates:
    """Look at every file of the data set, one at a time; only templates are kept, in memory and in `cache`.

    Args:
        data: the labels.
        engine: finds and embeds faces.
        policy: the quality gates of enrolment and of probes.
        cache: of this model and these gates.
        read_video: gives a video's pictures.
        progress: called with (done, total) files.
    """
    subjects = data.subjects
    number = {name: index for index, name in enumerate(subjects)}
    owners: dict[str, int] = {}
    shared: set[tuple[str, str]] = set()
    rows: list[tuple[ExtractionResult, int, Use]] = []
    found = Templates(subjects, np.empty((0, 0), np.float32), *_empty(), ())
    progress(0, len(data.files))
    for done, file in enumerate(data.files, start=1):
        for seen in _look_at(file, data.root, engine, policy, cache, read_video):
            if seen.digest in owners:
                if owners[seen.digest] == number[file.subject]:
                    found.repeated += 1
                else:
                    shared.add((subjects[owners[seen.digest]], file.subject))
                continue
            owners[seen.digest] = number[file.subject]
            rows.append((seen, number[file.subject], Use.PROBE if file.is_video else file.use))
        progress(done, len(data.files))
    _count(found, rows)
    kept = [(seen, at, use) for seen, at, use in rows if seen.template is not None]
    vectors = [seen.template for seen, _, _ in kept if seen.template is not None]
    found.vectors = np.stack(vectors).astype(np.float32) if vectors else found.vectors
    found.subject = np.array([at for _, at, _ in kept], dtype=np.int64)
    found.reference = np.array([not s.reference_why and use is not Use.PROBE for s, _, use in kept], dtype=np.bool_)
    found.probe = np.array([not s.probe_why and use is not Use.REFERENCE for s, _, use in kept], dtype=np.bool_)
    found.digests = tuple(seen.digest for seen, _, _ in kept)
    found.shared = tuple(sorted(shared))
    return found


def _count(found: Templates, rows: list[tuple[ExtractionResult, int, Use]]) -> None:
    for seen, _, use in rows:
        if use is not Use.PROBE:
            found.enrolments += 1
            found.not_enrolled.update([seen.reference_why] if seen.reference_why else [])
        if use is not Use.REFERENCE:
            found.acquisitions += 1
            found.not_acquired.update([seen.probe_why] if seen.probe_why else [])


def _look_at(
    file: LabelledFile, root: Path, engine: FaceEngine, policy: Policy, cache: TemplateCache, read_video: FrameReader
) -> Iterator[ExtractionResult]:
    if file.is_video:
        yield from _shots(file, engine, policy, read_video)
        return
    try:
        data = read_bounded(file.path, IMAGE_BYTES, inside=root)
    except OSError:
        yield ExtractionResult(f"unreadable {file.path}", "unreadable", "unreadable", None)
        return
    digest = hashlib.sha256(data).hexdigest()
    known = cache.get(digest)
    if known is None:
        try:
            known = _extract(digest, decode_in_child(data, policy.images), engine, policy)
        except Poison:
            known = ExtractionResult(digest, "unreadable", "unreadable", None)
        cache.put(known)
    yield known


def _shots(
    file: LabelledFile, engine: FaceEngine, policy: Policy, read_video: FrameReader
) -> Iterator[ExtractionResult]:
    """Yield the usable shots of a video, up to `_VIDEO_SHOTS`; one failure to acquire where there is none."""
    found, why = 0, "no_face"
    try:
        for number, image in enumerate(read_video(file.path)):
            seen = _extract(f"{file.path}#{number}", image, engine, policy)
            if not seen.probe_why:
                found += 1
                yield seen
            elif seen.probe_why != "no_face":
                why = seen.probe_why
            if found == _VIDEO_SHOTS:
                return
    except Poison:
        why = "unreadable"
    if not found:
        yield ExtractionResult(f"{file.path}", why, why, None)


def _extract(digest: str, image: Image, engine: FaceEngine, policy: Policy) -> ExtractionResult:
    faces = [engine.describe(image, detection) for detection in engine.detect_large([image])[0]]
    if not faces:
        return ExtractionResult(digest, "no_face", "no_face", None)
    faces.sort(key=lambda face: face.quality.eye_distance_px, reverse=True)
    largest = faces[0].quality
    if any(face.quality.eye_distance_px >= SECOND_FACE * largest.eye_distance_px for face in faces[1:]):
        return ExtractionResult(digest, "two_faces", "two_faces", None)  # nobody can say which of them the label means
    gate = policy.faces
    reference = find_fault(largest, gate, min_eye_distance_px=gate.enrol_min_eye_distance_px) or ""
    probe = find_fault(largest, gate) or ""
    template = None if reference and probe else engine.embed([faces[0].aligned])[0]
    return ExtractionResult(digest, reference, probe, template)


def _empty() -> tuple[
    np.ndarray[tuple[int], np.dtype[np.int64]],
    np.ndarray[tuple[int], np.dtype[np.bool_]],
    np.ndarray[tuple[int], np.dtype[np.bool_]],
]:
    return np.empty(0, np.int64), np.empty(0, np.bool_), np.empty(0, np.bool_)
