"""Render one camera's street: `python -m apps.synthetic_street --out FOLDER --camera NAME --seconds 40 --seed 1`."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from apps.synthetic_street.people import EyeFinder, Image, read_people, sample_people
from apps.synthetic_street.render import StreetSpec, render_street
from apps.synthetic_street.truth import load_truth
from lfr_core.common.errors import LfrError
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.recognition.samples import sample_photos


def eye_finder(settings: Settings, policy: Policy) -> EyeFinder:
    """Return what finds the eyes in photographs nobody has marked, with the model pack's landmarks.

    Photographs cut close to the head are given a border and enlarged first, as the detector expects.
    """
    import cv2

    from lfr_core.recognition.faces.engine import build_engine

    engine = build_engine(settings, policy)

    def find(photo: Image) -> tuple[tuple[float, float], tuple[float, float]] | None:
        scale, border = max(1.0, 336 / photo.shape[0]), max(photo.shape[:2]) // 2
        framed = cv2.copyMakeBorder(photo, border, border, border, border, cv2.BORDER_REPLICATE)
        large = cv2.resize(framed, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        found = engine.detect([large])[0]
        if len(found) != 1:
            return None
        left, right = engine.describe(large, found[0]).points[:2] / scale - border
        return (float(left[0]), float(left[1])), (float(right[0]), float(right[1]))

    return find


def _report(_camera: str, done: int, total: int) -> None:
    sys.stderr.write(f"\r{done} of {total} frames")


def main() -> int:
    """Parse, render, say where it is."""
    parser = argparse.ArgumentParser(
        prog="python -m apps.synthetic_street", description="Render a street with truth.",
        epilog="Example: python -m apps.synthetic_street --out /tmp/street --camera north --seconds 40 --seed 1",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, help="folder for NAME.avi and NAME.truth.json")
    parser.add_argument("--camera", default="north", help="name of the camera")
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--faces", type=float, default=2.5, help="faces visible on average")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=Path, help="folder with one sub-folder of photographs a person")
    parser.add_argument("--enrolled", type=int, default=1, help="with --people: how many of them are enrolled")
    given = parser.parse_args()
    settings = Settings()
    try:
        if given.people is None:
            people = sample_people(sample_photos(settings.cache))
        else:
            finder = eye_finder(settings, load_policy(settings.policy_file))
            people = read_people(given.people, finder, given.enrolled)
        spec = StreetSpec(given.camera, given.seconds, given.faces, given.seed)
        street = render_street(settings.cache, spec, people, _report)
        sys.stderr.write("\n")
        given.out.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(street.video, given.out / f"{given.camera}.avi")
        shutil.copyfile(street.truth, given.out / f"{given.camera}.truth.json")
    except LfrError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    truth = load_truth(street.truth)
    sys.stdout.write(f"{given.out / given.camera}.avi: {truth.frames} frames, {truth.mean_faces:.1f} faces a frame\n")
    for one in (p for p in truth.passes if p.subject):
        sys.stdout.write(
            f"  {one.subject}: {one.kind}, frames {one.first_frame}-{one.last_frame}, "
            f"eyes up to {one.max_eye_px:.0f} px\n"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
