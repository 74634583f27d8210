"""Render streets to video with truth beside it; cached by what they are made of."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from apps.synthetic_street.avi import MjpegAvi
from apps.synthetic_street.backdrop import paint_backdrop
from apps.synthetic_street.figures import Cast, Placement
from apps.synthetic_street.motion import Light, Noise, Surroundings
from apps.synthetic_street.people import StreetPerson, walkers
from apps.synthetic_street.plan import PassPlan, plan_hash, street_plan
from apps.synthetic_street.truth import FaceTruth, PassTruth, StreetTruth, make_pass_truth, save_truth
from apps.synthetic_street.world import FRAMES_PER_SECOND, HEIGHT_PX, WIDTH_PX
from lfr_core.common.errors import Fatal

__all__ = [
    "BENCH_STREETS",
    "DEMO_STREETS",
    "Progress",
    "Street",
    "StreetSpec",
    "frames_of",
    "render_street",
    "render_streets",
]

Image = npt.NDArray[np.uint8]
Progress = Callable[[str, int, int], None]
"""Called with camera, frames done, frames in all."""
JPEG_QUALITY = 85  # cameras pass these JPEGs on as they are: about 130 KiB a frame
REPORT_EVERY = 10  # frames between two calls of the progress callback


@dataclass(frozen=True, slots=True)
class StreetSpec:
    """One camera's street."""

    camera: str
    seconds: float = 40.0
    faces_per_frame: float = 2.5
    seed: int = 1


DEMO_STREETS = (StreetSpec("north"), StreetSpec("south"))
"""What `lfr demo` plays: two cameras, 40 s each, 2 to 3 faces a frame."""
BENCH_STREETS = (StreetSpec("bench-a", 60.0, 5.8, 2), StreetSpec("bench-b", 60.0, 5.8, 3))
"""What the bench measures, with `with_twins` of the sample people: 5 faces a frame seen at least by half (crowds
hide the rest)."""


@dataclass(frozen=True, slots=True)
class Street:
    """The files of a rendered street."""

    camera: str
    video: Path
    truth: Path


def frames_of(
    spec: StreetSpec,
    people: Sequence[StreetPerson],
    truth: list[tuple[int, list[Placement], list[float]]] | None = None,
) -> Iterator[Image]:
    """Yield the street's frames in order, (HEIGHT_PX, WIDTH_PX, 3) BGR, the same for the same spec and people.

    Args:
        spec: what to render.
        people: who walks.
        truth: filled with (frame index, figures, visible share of each) as frames are drawn.
    """
    plan = _plan(spec, people)
    seeds = np.random.SeedSequence([spec.seed, *spec.camera.encode()]).spawn(5)
    scene, moving, light, noise, shots = (np.random.default_rng(seed) for seed in seeds)
    surroundings = Surroundings(paint_backdrop(scene), moving, spec.seconds)
    lamp, sensor, cast = Light(light), Noise(noise), Cast(people)
    for index in range(round(spec.seconds * FRAMES_PER_SECOND)):
        at = index / FRAMES_PER_SECOND
        placements = cast.placements(plan, at)
        frame = surroundings.draw(at)
        cast.draw(frame, placements)
        if truth is not None:
            truth.append((index, placements, cast.visible_shares(placements)))
        yield sensor.apply(lamp.apply(frame, at), shots)


def render_street(
    cache: Path, spec: StreetSpec, people: Sequence[StreetPerson], progress: Progress | None = None
) -> Street:
    """Return the street's files, rendered unless the cache has them.

    Raises:
        Fatal: the video can't be written (disk full, no write access).
    """
    folder = cache / "streets"
    state = hashlib.sha256(repr((asdict(spec), plan_hash(_plan(spec, people)), [p.digest for p in people])).encode())
    for source in sorted(Path(__file__).parent.iterdir()):
        if source.suffix in {".py", ".toml"}:
            state.update(source.read_bytes())
    stem = f"{spec.camera}-{state.hexdigest()[:16]}"
    street = Street(spec.camera, folder / f"{stem}.avi", folder / f"{stem}.truth.json")
    if street.video.is_file() and street.truth.is_file():
        return street
    part = folder / f".{stem}.{os.getpid()}.avi"  # a name of its own: two renderings may run at once
    try:
        folder.mkdir(parents=True, exist_ok=True)
        facts = _write_video(part, spec, people, progress)
        save_truth(facts, part.with_suffix(".json"))
        part.with_suffix(".json").replace(street.truth)
        part.replace(street.video)  # last: the video's presence says that both are whole
    except OSError as error:
        raise Fatal(
            f"the street can't be written to {folder}: {error.strerror}; free some space or set LFR_CACHE"
        ) from error
    finally:
        part.unlink(missing_ok=True)
        part.with_suffix(".json").unlink(missing_ok=True)
    return street


def render_streets(
    cache: Path, specs: Sequence[StreetSpec], people: Sequence[StreetPerson], progress: Progress | None = None
) -> list[Street]:
    """Render several streets, a thread each: most time is spent inside OpenCV, which doesn't hold Python's lock.

    `progress` is called from those threads. Errors as `render_street`.
    """
    with ThreadPoolExecutor(max(1, min(len(specs), os.cpu_count() or 1))) as pool:
        return list(pool.map(lambda spec: render_street(cache, spec, people, progress), specs))


def _plan(spec: StreetSpec, people: Sequence[StreetPerson]) -> list[PassPlan]:
    return street_plan(
        seed=spec.seed,
        camera=spec.camera,
        seconds=spec.seconds,
        faces_per_frame=spec.faces_per_frame,
        people=walkers(people),
    )


def _write_video(
    file: Path, spec: StreetSpec, people: Sequence[StreetPerson], progress: Progress | None
) -> StreetTruth:
    """Write the video as Motion JPEG in AVI; returns what happened in it."""
    facts: list[tuple[int, list[Placement], list[float]]] = []
    total = round(spec.seconds * FRAMES_PER_SECOND)
    with MjpegAvi(file, (WIDTH_PX, HEIGHT_PX), FRAMES_PER_SECOND) as video:
        for done, frame in enumerate(frames_of(spec, people, facts), start=1):
            _, jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
            video.write(jpeg.tobytes())
            if progress is not None and (done % REPORT_EVERY == 0 or done == total):
                progress(spec.camera, done, total)
    return StreetTruth(
        camera=spec.camera, frames_per_second=FRAMES_PER_SECOND, width=WIDTH_PX, height=HEIGHT_PX, frames=total,
        seed=spec.seed, passes=tuple(_passes(spec, people, facts)),
    )  # fmt: skip


def _passes(
    spec: StreetSpec, people: Sequence[StreetPerson], facts: list[tuple[int, list[Placement], list[float]]]
) -> Iterator[PassTruth]:
    """Yield the facts of the frames, sorted by pass."""
    faces: dict[int, list[FaceTruth]] = {}
    cast = Cast(people)
    plans: dict[int, PassPlan] = {}
    for index, placements, shares in facts:
        for placement, share in zip(placements, shares, strict=True):
            one, eye = placement.one, placement.eye_px
            plans[one.id] = one
            if not -eye < placement.x < WIDTH_PX + eye:
                continue
            box = (placement.x - 1.4 * eye, placement.y - 1.1 * eye, placement.x + 1.4 * eye, placement.y + 1.9 * eye)
            rounded = (round(box[0], 1), round(box[1], 1), round(box[2], 1), round(box[3], 1))
            seen = round(eye * cast.head(one).foreshortened, 2)
            faces.setdefault(one.id, []).append(
                FaceTruth(frame=index, eye_px=seen, box=rounded, visible=round(share, 3))
            )
    for number, found in sorted(faces.items()):
        one = plans[number]
        head = cast.head(one)
        summed = make_pass_truth(
            number=number, camera=spec.camera, person=one.person, subject=one.subject, photograph=head.photograph.stem,
            kind=one.kind, frontal=head.frontal, faces=found, fair_frames_needed=FRAMES_PER_SECOND,
        )  # fmt: skip
        if summed is not None:
            yield summed
