"""How many of those who ought to be recognised are: streets of 5 and 15 faces a frame, and why a pass was missed.

    python -m bench.recall --people FOLDER --seeds 101 102
    python -m bench.recall --seeds 101 --faces 5 --set tracking.shot_spacing_looks=2 --looks 25

People of the folder (the first `--enrolled` of them enrolled by their first photograph, which no street shows) and of
the sample photographs walk past. A pass is fair when its eyes are 24 px apart for a second, at least half seen, and the
head faces the camera. Seeds choose the streets: keep some aside that no value was chosen on. Costs are processor
seconds, which a busy machine changes little.
"""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console

from apps.demo.score import score_alerts
from apps.synthetic_street.__main__ import eye_finder
from apps.synthetic_street.people import StreetPerson, read_people, sample_people, with_twins
from apps.synthetic_street.render import Street, StreetSpec, render_streets
from bench.figures import make_parser, write_figures
from bench.passes import GALLERY, PassSeen, StreetSeen, look_at_street
from lfr_core.common.errors import LfrError
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.recognition.faces.engine import build_engine
from lfr_core.recognition.faces.types import FaceEngine, Image
from lfr_core.recognition.gallery.exact import ExactGallery
from lfr_core.recognition.gallery.port import Reference
from lfr_core.recognition.samples import sample_photos

SUBJECT = "obama"
SLACK_FRAMES = 25
PLANNED = 1.16
"""Faces planned for each that is seen at least by half: crowds hide the rest (`render.BENCH_STREETS`)."""
say = Console(stderr=True).print


def changed(policy: Policy, changes: Sequence[str]) -> Policy:
    """Return the policy with values set as `section.name=value`. ValueError names one that can't be."""
    values = policy.model_dump()
    for change in changes:
        name, _, value = change.partition("=")
        section, _, key = name.partition(".")
        if key not in values.get(section, {}):
            raise ValueError(f"{change}: the policy has no {name}; write section.name=value")
        values[section][key] = type(values[section][key])(float(value))
    return Policy.model_validate(values)


def enrol(engine: FaceEngine, people: Iterable[StreetPerson], folder: Path | None, cache: Path) -> ExactGallery:
    """Return the photograph of each enrolled person that the streets don't show."""
    photos, gallery = sample_photos(cache), ExactGallery()
    gallery.create(GALLERY, engine.contract_id)
    for person in people:
        if person.subject is None:
            continue
        file = photos[SUBJECT] if folder is None or person.subject == SUBJECT else min((folder / person.name).iterdir())
        image = framed(cv2.imread(str(file), cv2.IMREAD_COLOR))
        face = engine.describe(image, engine.detect([image])[0][0])
        template = engine.embed([face.aligned])[0]
        gallery.add(GALLERY, engine.contract_id, [Reference(person.subject, person.subject, template)])
    return gallery


def framed(photo: Image | None) -> Image:
    """Cut a photograph close to the head, with a border, and enlarge it, as the detector expects."""
    assert photo is not None
    scale, border = max(1.0, 336 / photo.shape[0]), max(photo.shape[:2]) // 2
    wide = cv2.copyMakeBorder(photo, border, border, border, border, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(wide, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)


def is_recognised(one: PassSeen, street: StreetSeen) -> bool:
    """Whether an alert on the subject overlaps the pass, give or take a second, as `apps.demo.score`."""
    return any(
        alert.subject == one.truth.subject
        and alert.first_sequence <= one.truth.last_frame + SLACK_FRAMES
        and alert.last_sequence >= one.truth.first_frame - SLACK_FRAMES
        for alert in street.alerts
    )


def speed(one: PassSeen) -> float:
    """Median way of the face between two frames, in eye distances."""
    steps = [
        abs((b.box[0] + b.box[2]) - (a.box[0] + a.box[2])) / 2 / max(a.eye_px, 1.0)
        for a, b in zip(one.truth.faces, one.truth.faces[1:], strict=False)
        if b.frame == a.frame + 1
    ]
    return float(np.median(steps)) if steps else 0.0


BREAKDOWNS: dict[str, tuple[Callable[[PassSeen], float], tuple[float, ...]]] = {
    "largest eyes, px": (lambda one: one.truth.max_eye_px, (24, 32, 48, 64)),
    "eye distances a frame": (speed, (0, 0.2, 0.3, 0.4, 0.6)),
    "sharpest usable face": (lambda one: one.sharpest, (0, 0.3, 0.45, 0.6)),
    "fair frames": (lambda one: float(one.truth.fair_frames), (25, 38, 50, 100)),
}


def show(faces: int, streets: Sequence[StreetSeen], policy: Policy, seconds: float) -> dict[str, object]:
    """Print what came of the streets of one density."""
    done = [(one, street, is_recognised(one, street)) for street in streets for one in street.passes]
    score = score_alerts([street.truth for street in streets], [alert for street in streets for alert in street.alerts])
    recognised = sum(hit for _, _, hit in done)
    looks, embedded = sum(street.looks for street in streets), sum(street.embedded for street in streets)
    seen = sum(street.truth.mean_faces for street in streets) / len(streets)
    print(f"\n{faces} faces a frame ({seen:.1f} seen at least by half), {len(streets)} streets, {looks} looks")
    print(f"  fair passes recognised: {recognised} of {len(done)} ({recognised / max(len(done), 1):.1%})")
    print(f"  false alerts: {len(score.false_alerts)}; strangers' best: " + ", ".join(
        f"{value:.2f}" for value in sorted((s for street in streets for s in street.strangers), reverse=True)[:5]
    ))  # fmt: skip
    described = sum(street.described for street in streets) / looks
    print(
        f"  processor: {1e3 * seconds / looks:.1f} ms a look; faces a look: {described:.2f} described, "
        f"{embedded / looks:.2f} embedded"
    )
    for name, (measure, steps) in BREAKDOWNS.items():
        cells = []
        for low, high in zip(steps, [*steps[1:], float("inf")], strict=True):
            inside = [hit for one, _, hit in done if low <= measure(one) < high]
            if inside:
                cells.append(f"{low:g}+ {sum(inside)}/{len(inside)}")
        print(f"  by {name}: " + ", ".join(cells))
    why: Counter[str] = Counter()
    for one, _, hit in done:
        if not hit:
            reason = one.missed_because(policy)
            why[reason] += 1
            similar = ", ".join(f"{s.track}:{s.similarity:.2f}" for s in one.shots if s.entry == one.truth.subject)
            print(
                f"    missed: {one.truth.subject} {one.truth.camera} {one.truth.first_frame}-{one.truth.last_frame}, "
                f"eyes {one.truth.max_eye_px:.0f} px, {one.truth.fair_frames} fair frames, found {one.detected}, "
                f"usable {one.usable}, {len(one.shots)} shots ({similar}): {reason}"
            )
    print("  missed because: " + (", ".join(f"{name} {count}" for name, count in why.most_common()) or "none was"))
    return {"faces": faces, "passes": len(done), "recognised": recognised, "false_alerts": len(score.false_alerts),
            "ms_a_look": 1e3 * seconds / looks, "missed": dict(why)}  # fmt: skip


def crowd(people: Path | None, enrolled: int, settings: Settings, policy: Policy) -> list[StreetPerson]:
    """Who walks: everybody of the folder and of the samples, passers-by twice."""
    found = sample_people(sample_photos(settings.cache))
    if people is not None:
        found += read_people(people, eye_finder(settings, policy), enrolled)
    return with_twins(found)


def main() -> int:
    """Render, look, print. Exits with 1 after a false alert."""
    parser = make_parser(__doc__)
    parser.add_argument("--people", type=Path, help="a folder a person; without it the sample photographs alone")
    parser.add_argument("--enrolled", type=int, default=5, help="how many of the folder's people are on the list")
    parser.add_argument("--faces", type=int, nargs="+", default=[5, 15])
    parser.add_argument("--seeds", type=int, nargs="+", default=[101])
    parser.add_argument("--seconds", type=float, default=40.0, help="length of each street")
    parser.add_argument("--looks", type=float, help="looks a second; the policy's without")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.NAME=VALUE", help="change the policy")
    given = parser.parse_args()
    settings = Settings()
    results = []
    try:
        base = load_policy(settings.policy_file)
        policy = changed(base, given.set)
        people = crowd(given.people, given.enrolled, settings, base)
        engine = build_engine(settings, policy)
        gallery = enrol(engine, people, given.people, settings.cache)
        for faces in given.faces:
            specs = [StreetSpec(f"recall-{seed}", given.seconds, PLANNED * faces, seed) for seed in given.seeds]
            say(f"drawing {len(specs)} streets of {faces} faces (cached) ...")
            streets = render_streets(settings.cache, specs, people)
            cv2.setNumThreads(1)
            looks = given.looks or policy.sampling.looks_per_second
            began = resource.getrusage(resource.RUSAGE_SELF)
            seen = [look(street, engine, gallery, policy, looks) for street in streets]
            ended = resource.getrusage(resource.RUSAGE_SELF)
            spent = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
            results.append(show(faces, seen, policy, spent))
    except (LfrError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code if isinstance(error, LfrError) else 2
    write_figures(given.json, results)
    return 1 if any(result["false_alerts"] for result in results) else 0


def look(street: Street, engine: FaceEngine, gallery: ExactGallery, policy: Policy, looks: float) -> StreetSeen:
    """One street, with a word of how long it took."""
    began = time.perf_counter()
    seen = look_at_street(street, engine, gallery, policy, looks_per_second=looks)
    say(f"{street.camera}: {seen.looks} looks in {time.perf_counter() - began:.0f} s")
    return seen


if __name__ == "__main__":
    sys.exit(main())
