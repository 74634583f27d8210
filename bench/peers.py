"""The popular open alternative beside us, on the same video: `face_recognition` with `dlib-bin`.

    python -m bench.peers --people FOLDER

It is installed into an environment of its own in the cache (some 300 MB), never into ours. Both enrol the same
photographs, look at the same frames of the same street, one thread, without broker or records. Printed: photographs
enrolled, faces found, subjects found (a subject counts who was before the camera and was named at all in one of the
frames; ours needs its two shots), wrong names, and looks per second of wall and of processor time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
from rich.console import Console
from rich.table import Table

from apps.synthetic_street.render import StreetSpec, render_street
from apps.synthetic_street.truth import StreetTruth, load_truth
from bench.passes import look_at_street
from bench.recall import PLANNED, crowd, enrol, framed
from lfr_core.common.errors import Fatal, LfrError
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import load_policy
from lfr_core.recognition.faces.engine import build_engine
from lfr_core.recognition.samples import sample_photos

PACKAGES = (
    "dlib-bin==20.0.1.post1", "face-recognition==1.3.0", "face-recognition-models==0.3.0", "setuptools<81",
    "numpy==2.4.6", "pillow", "click", "opencv-python-headless==5.0.0.93",
)  # fmt: skip
"""Installed without their dependencies: `face-recognition` asks for `dlib`, which is built from source."""
EVERY = 4
UV = Path(__file__).parents[1] / ".tools" / "uv" / "bin" / "uv"
say = Console(stderr=True).print


@dataclass(frozen=True, slots=True)
class Side:
    """What one of the two came to."""

    name: str
    enrolled: int
    looks: int
    faces: int
    right: int
    wrong: int
    seconds: float
    processor_s: float


def environment(cache: Path) -> Path:
    """Python of the other's environment, made when it isn't there. Raises Fatal: it can't be installed."""
    folder = cache / "peers"
    python = folder / "bin" / "python"
    if not (folder / "complete").is_file():
        say("installing face_recognition into an environment of its own ...")
        for command in (
            [UV, "venv", "--clear", folder, "--python", sys.executable],
            [UV, "pip", "install", "--python", python, "--no-deps", *PACKAGES],
        ):
            done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
            if done.returncode:
                raise Fatal(f"face_recognition can't be installed: {done.stderr.strip()[-400:]}")
        (folder / "complete").touch()
    return python


def before_camera(truth: StreetTruth, frames: int) -> set[str]:
    """Subjects of fair passes that began within the first `frames`."""
    return {one.subject for one in truth.passes if one.subject and one.fair and one.first_frame < frames}


def other(python: Path, video: Path, photographs: Sequence[Path], truth: StreetTruth, looks: int) -> Side:
    """face_recognition's side."""
    script = Path(__file__).with_name("peer_loop.py")
    command = [python, script, video, str(EVERY), str(looks), *photographs]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Fatal(f"face_recognition failed: {done.stderr.strip()[-400:]}")
    said = json.loads(done.stdout)
    there = {subject for _, subject in said["found"]} & before_camera(truth, looks * EVERY)
    wrong = {name for index, name in said["found"] if not was_there(truth, name, index)}
    return Side("face_recognition", len(said["enrolled"]), said["looks"], said["faces"], len(there), len(wrong),
                said["seconds"], said["processor_s"])  # fmt: skip


def was_there(truth: StreetTruth, subject: str, frame: int) -> bool:
    """Whether `subject` was in the picture in `frame`, give or take a second."""
    return any(one.subject == subject and one.first_frame - 25 <= frame <= one.last_frame + 25 for one in truth.passes)


def run(given: argparse.Namespace, folder: Path) -> tuple[list[Side], int]:
    """Both sides, and how many subjects were before the camera."""
    settings = Settings()
    policy = load_policy(settings.policy_file)
    people = crowd(given.people, given.enrolled, settings, policy)
    engine = build_engine(settings, policy)
    gallery = enrol(engine, people, given.people, settings.cache)
    seconds = given.looks * EVERY / 25
    say("drawing the street (cached) ...")
    spec = StreetSpec(f"recall-{given.seed}", max(seconds, given.seconds), PLANNED * given.faces, given.seed)
    street = render_street(settings.cache, spec, people)
    truth = load_truth(street.truth)
    photographs = []
    for person in (one for one in people if one.subject is not None):
        file = sample_photos(settings.cache).get(person.name) or min((given.people / person.name).iterdir())
        photographs.append(folder / f"{person.subject}.png")
        cv2.imwrite(str(photographs[-1]), framed(cv2.imread(str(file), cv2.IMREAD_COLOR)))
    theirs = other(environment(settings.cache), street.video, photographs, truth, given.looks)
    say("OpenLFR ...")
    began, processor = time.perf_counter(), time.process_time()
    seen = look_at_street(street, engine, gallery, policy, looks_per_second=25 / EVERY, most=given.looks)
    spent, used = time.perf_counter() - began, time.process_time() - processor
    there = before_camera(truth, given.looks * EVERY)
    wrong = {one.subject for one in seen.alerts if not was_there(truth, one.subject, one.first_sequence)}
    named = {one.subject for one in seen.alerts} & there
    ours = Side("OpenLFR", gallery.count("recall"), seen.looks, seen.found, len(named), len(wrong), spent, used)
    return [ours, theirs], len(there)


def main() -> int:
    """Run both, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=Path, help="a folder a person; without it the sample photographs alone")
    parser.add_argument("--enrolled", type=int, default=5)
    parser.add_argument("--faces", type=int, default=5)
    parser.add_argument("--seed", type=int, default=101)
    parser.add_argument("--seconds", type=float, default=40.0, help="length of the street")
    parser.add_argument("--looks", type=int, default=100, help=f"frames looked at, each {EVERY}th")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    try:
        with tempfile.TemporaryDirectory(prefix="lfr-peers-") as folder:
            sides, there = run(given, Path(folder))
    except LfrError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    table = Table("", "enrolled", "faces found", f"subjects found of {there}", "wrong names", "looks/s", "ms a look")
    for side in sides:
        table.add_row(
            side.name, str(side.enrolled), str(side.faces), str(side.right), str(side.wrong),
            f"{side.looks / side.seconds:.1f}", f"{1e3 * side.processor_s / side.looks:.0f}",
        )  # fmt: skip
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
