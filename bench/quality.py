"""What sharpness means: sample faces at several sizes, blurred by known amounts, measured and recognised.

Run: python bench/quality.py [--json FILE]

Each face of the sample photographs is shrunk until its eyes are 18 to 90 px apart, blurred by motion (a line
of a share of the eye distance, three directions) or defocus (a Gaussian), with and without sensor noise,
aligned by its known points, measured and embedded. Printed: sharpness per blur, per size, and how many of
one person's blurred shots another photograph of that person recognises at the policy's threshold. The
policy's `min_sharpness` and `quality.GOOD_SHARPNESS` come from the last table.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from lfr_core.common.settings import Settings
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.recognition.faces import alignment, quality
from lfr_core.recognition.faces.decode import decode
from lfr_core.recognition.faces.engine import build_engine
from lfr_core.recognition.faces.types import Floats, Image
from lfr_core.recognition.samples import sample_photos

PHOTOS = ("obama", "obama2", "obama3", "biden", "t1", "astronaut")
SAME_PERSON = ("obama", "obama2", "obama3")
EYES_PX = (18, 24, 32, 48, 90)
MOTION = (0.1, 0.15, 0.2, 0.25, 0.35, 0.5)  # length of the motion, shares of the eye distance
DEFOCUS = (0.03, 0.06, 0.1, 0.15)  # sigma, the same
NOISE = (0.0, 4.0, 10.0)  # standard deviation, grey levels
SHARPNESS_STEPS = (0.0, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 3.0)


@dataclass(frozen=True, slots=True)
class DegradedShot:
    """One degraded face."""

    photo: str
    eyes_px: int
    blur: str
    sharpness: float
    to_itself: float
    to_others: float | None
    """Mean similarity to the same person's other photographs; None where there is none."""
    to_strangers: float
    """Highest similarity to anybody else."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A face of a photograph: the part around it, its five points there, its template."""

    photo: str
    person: str
    image: Image
    points: Floats
    template: Floats


def motion_kernel(length: float, angle: float) -> Floats:
    """Draw a line of `length` px through the middle, anti-aliased, summing to 1."""
    size = 2 * math.ceil(length / 2) + 3
    kernel = np.zeros((size, size), np.float32)
    for step in np.linspace(-length / 2, length / 2, 400):
        x, y = size // 2 + step * math.cos(angle), size // 2 + step * math.sin(angle)
        for i, j in itertools.product((0, 1), (0, 1)):
            column, row = math.floor(x) + i, math.floor(y) + j
            kernel[row, column] += (1 - abs(x - column)) * (1 - abs(y - row))
    return np.asarray(kernel / kernel.sum(), np.float32)


def blurs(image: Image, eyes_px: float) -> Iterator[tuple[str, Image]]:
    """Yield the image as it is and under each blur."""
    yield "none", image
    for share, angle in itertools.product(MOTION, (0.0, math.pi / 4, math.pi / 2)):
        kernel = motion_kernel(share * eyes_px, angle)
        yield f"motion {share:.2f}", np.asarray(cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REPLICATE))
    for share in DEFOCUS:
        yield f"defocus {share:.2f}", np.asarray(cv2.GaussianBlur(image, (0, 0), share * eyes_px))


def shrunk(sample: Sample, eyes_px: float) -> tuple[Image, Floats] | None:
    """Return the face with its eyes `eyes_px` apart and its points, or None where the photograph is too small."""
    scale = eyes_px / float(np.linalg.norm(sample.points[1] - sample.points[0]))
    if scale > 1.05:
        return None
    rows, columns = sample.image.shape[:2]
    size = (round(columns * scale), round(rows * scale))
    small = cv2.resize(sample.image, size, interpolation=cv2.INTER_AREA)
    points = (sample.points + 0.5) * (np.array(size) / (columns, rows)) - 0.5
    return np.asarray(small, np.uint8), np.asarray(points, np.float32)


def measure(policy: Policy) -> list[DegradedShot]:
    """Every face, size, blur and noise."""
    settings = Settings()
    engine = build_engine(settings, policy)
    photos = sample_photos(settings.cache)
    samples: list[Sample] = []
    for name in PHOTOS:
        image = decode(photos[name].read_bytes(), policy.images)
        for number, detection in enumerate(engine.detect([image])[0]):
            face = engine.describe(image, detection)
            x1, y1, x2, y2 = (float(value) for value in detection.box)
            margin = 0.8 * (y2 - y1)
            left, top = max(0, int(x1 - margin)), max(0, int(y1 - margin))
            part = image[top : int(y2 + margin), left : int(x2 + margin)]
            points = np.asarray(face.points - [left, top], np.float32)
            person = SAME_PERSON[0] if name in SAME_PERSON else f"{name} {number}"
            samples.append(Sample(name, person, part, points, engine.embed([face.aligned])[0]))
    rng = np.random.default_rng(0)
    shots: list[DegradedShot] = []
    for sample, eyes_px in itertools.product(samples, EYES_PX):
        small = shrunk(sample, eyes_px)
        if small is None:
            continue
        others = [other for other in samples if other.person == sample.person and other is not sample]
        strangers = np.stack([other.template for other in samples if other.person != sample.person])
        for (blur, image), noise in itertools.product(blurs(small[0], eyes_px), NOISE):
            noisy = np.clip(image + rng.normal(0.0, noise, image.shape), 0, 255).astype(np.uint8) if noise else image
            aligned = alignment.align(noisy, small[1])
            template = engine.embed([aligned])[0]
            to_others = float(np.mean([template @ other.template for other in others])) if others else None
            itself = float(template @ sample.template)
            strange = float((strangers @ template).max())
            shots.append(
                DegradedShot(sample.photo, eyes_px, blur, quality.sharpness(aligned), itself, to_others, strange)
            )
    return shots


def report(shots: list[DegradedShot], policy: Policy) -> None:
    """Print the three tables."""
    print("sharpness by blur (5 %, median, 95 %) and similarity to the sharp face")
    for blur in dict.fromkeys(shot.blur for shot in shots):
        values = [shot.sharpness for shot in shots if shot.blur == blur]
        low, middle, high = np.percentile(values, [5, 50, 95])
        alike = np.median([shot.to_itself for shot in shots if shot.blur == blur])
        print(f"  {blur:14} {low:5.2f} {middle:5.2f} {high:5.2f}   {alike:5.2f}")
    print("\nsharpness of sharp faces and of motion 0.25, by px between the eyes (medians)")
    for eyes_px in EYES_PX:
        medians = [
            np.median([shot.sharpness for shot in shots if shot.blur == blur and shot.eyes_px == eyes_px])
            for blur in ("none", "motion 0.25")
        ]
        print(f"  {eyes_px:3} px  {medians[0]:5.2f} {medians[1]:5.2f}")
    threshold = policy.alerts.threshold
    print(f"\nrecognised from another photograph at {threshold}, and the likest stranger (median, 99 %), by sharpness")
    for low, high in itertools.pairwise(SHARPNESS_STEPS):
        inside = [shot.to_others for shot in shots if shot.to_others is not None and low <= shot.sharpness < high]
        if inside:
            share = np.mean([value > threshold for value in inside])
            strange = [shot.to_strangers for shot in shots if low <= shot.sharpness < high]
            middle, tail = np.percentile(strange, [50, 99])
            print(f"  {low:4.2f}-{high:4.2f}  {share:6.1%} of {len(inside):3}   {middle:5.2f} {tail:5.2f}")
    print(f"\nthe policy's min_sharpness is {policy.faces.min_sharpness}; GOOD_SHARPNESS is {quality.GOOD_SHARPNESS}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="write every shot's figures to this file")
    arguments = parser.parse_args()
    policy = load_policy()
    shots = measure(policy)
    report(shots, policy)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(shot) for shot in shots], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
