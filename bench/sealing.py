"""What sealing costs: the same frames through camera's end and worker's end, sealed and in the clear, turn about.

    python -m bench.sealing                 # 200 frames a round, 7 rounds of each
    python -m bench.sealing --rounds 15

Both ends run in this process on one core; the vault is a process of its own, asked over its socket as in the real
thing. A round takes every frame of a rendered street that a camera would look at: header, seal, then open, decode,
detect, track, embed, search and seal the sightings. Rounds alternate, so that a noisy machine hits both alike; the
cost is the median over pairs of rounds. The broker, SQL and capture are left out: with them the share would be smaller.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
from rich.console import Console
from rich.table import Table

from apps.supervisor.plan import settings_env
from apps.supervisor.process import child_environment
from apps.synthetic_street.people import sample_people
from apps.synthetic_street.render import BENCH_STREETS, render_streets
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Retryable
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.installation import Installation
from lfr_core.custody.people import People
from lfr_core.custody.people.machine_user import act_as_machine_user
from lfr_core.custody.vault.frames import VaultOpener, VaultSealer
from lfr_core.deployments.attendance import Attendance
from lfr_core.deployments.service import DeploymentService
from lfr_core.deployments.views import DeploymentReader
from lfr_core.domain.actors import ProcessIdentity
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.frames import FrameHeader, FrameOpener, FrameSealer
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.recognition.batch import RawFrame
from lfr_core.recognition.faces.decode import decode
from lfr_core.recognition.faces.engine import build_engine
from lfr_core.recognition.faces.types import FaceEngine
from lfr_core.recognition.gallery.exact import ExactGallery
from lfr_core.recognition.gallery.port import Reference
from lfr_core.recognition.samples import sample_photos
from lfr_core.recognition.service import Recogniser
from lfr_core.storage.engine import open_engine
from lfr_core.storage.migrate import upgrade
from tests.support.each_process import EachProcess

CAMERA, DEPLOYMENT, GALLERY = "north", "bench-sealing", "lfr_bench"
OPERATOR = "Ben Bench"
EVERY = 4  # frames of 25/s: the policy's 6.25 looks a second
BATCH = 8


class InTheClear:
    """A sealer and an opener that do nothing: only here, to have something to compare with."""

    def key_id(self) -> str:
        return "clear"

    def seal(self, header: FrameHeader, jpeg: bytes) -> bytes:
        return jpeg

    def record_headers(self, header: FrameHeader, *, topic: str, key: bytes, payload: bytes) -> list[tuple[str, bytes]]:
        return header.to_headers()

    def confirm(self, header: FrameHeader) -> None:
        """Whatever the broker has."""

    def check_sender(
        self, header: FrameHeader, *, topic: str, key: bytes, headers: Mapping[str, bytes | None], payload: bytes
    ) -> None:
        """Whoever sent it."""

    def open(self, header: FrameHeader, payload: bytes) -> bytes:
        return payload

    def check_gate(self, deployment: str) -> None:
        """Say that it is always open."""


@dataclass(frozen=True, slots=True)
class Times:
    """Of one round, in seconds."""

    wall: float
    processor: float
    """Of this process alone: what others on the machine do isn't in it, nor is the vault's own share."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What every round needs."""

    engine: FaceEngine
    gallery: ExactGallery
    directory: DeploymentReader
    vault: EachProcess
    policy: Policy

    def run(self, jpegs: Sequence[bytes], sealer: FrameSealer, opener: FrameOpener, session: str) -> Times:
        """How long all frames take, from the JPEG at the camera to the outcome at the worker."""
        recogniser = Recogniser(
            engine=self.engine,
            gallery=self.gallery,
            directory=self.directory,
            opener=opener,
            vault=self.vault,
            policy=self.policy,
            clock=SystemClock(),
        )
        started, processor = time.perf_counter(), time.process_time()
        batch: list[RawFrame] = []
        for number, jpeg in enumerate(jpegs):
            header = FrameHeader(DEPLOYMENT, CAMERA, session, number, time.time_ns(), 0, 0, key_id=sealer.key_id())
            payload = sealer.seal(header, jpeg)
            headers = sealer.record_headers(header, topic="lfr.frames", key=CAMERA.encode(), payload=payload)
            batch.append(RawFrame(dict(headers), payload, CAMERA, "lfr.frames", 0, number))
            if len(batch) == BATCH or number == len(jpegs) - 1:
                recogniser.match(recogniser.detect(batch))
                batch = []
        return Times(time.perf_counter() - started, time.process_time() - processor)


@contextmanager
def vault_process(settings: Settings) -> Iterator[EachProcess]:
    """Run the vault in a process of its own."""
    upgrade(settings.records_url)
    process = subprocess.Popen([sys.executable, "-m", "apps.vault"], env=child_environment(settings_env(settings)))
    client = EachProcess.of(settings)
    try:
        while process.poll() is None:
            try:
                client.ping()
                break
            except Retryable:
                time.sleep(0.05)
        yield client
    finally:
        client.close()
        process.terminate()
        process.wait(20)


def street_frames(settings: Settings, count: int) -> list[bytes]:
    """JPEGs that a camera would look at."""
    people = sample_people(sample_photos(settings.cache), {"obama": "TEST-0001"})
    (street,) = render_streets(settings.cache, [replace(BENCH_STREETS[0], seconds=60.0)], people, lambda *_: None)
    jpegs: list[bytes] = []
    video = cv2.VideoCapture(str(street.video))
    try:
        while len(jpegs) < count and video.grab():
            if int(video.get(cv2.CAP_PROP_POS_FRAMES)) % EVERY == 0:
                jpegs.append(cv2.imencode(".jpg", video.retrieve()[1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())
    finally:
        video.release()
    return jpegs


def main() -> int:
    """Print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each")
    parser.add_argument("--frames", type=int, default=200, help="frames of a round")
    options = parser.parse_args()
    say, policy = Console(), load_policy()
    cv2.setNumThreads(1)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lfr-bench-")))
        settings = Settings(home=folder / "home")
        vault = stack.enter_context(vault_process(settings))
        database = open_engine(settings.records_url)
        stack.callback(database.dispose)
        engine, gallery = build_engine(settings, policy), ExactGallery()
        enrolled = decode(sample_photos(settings.cache)["obama"].read_bytes(), policy.images)
        face = engine.describe(enrolled, engine.detect([enrolled])[0][0])
        gallery.create(GALLERY, engine.contract_id)
        gallery.add(GALLERY, engine.contract_id, [Reference("r", "e", engine.embed([face.aligned])[0])])
        open_deployment(settings, engine.contract_id, policy)
        trail = AuditTrail(vault, SystemClock())
        operator = act_as_machine_user(People(database, trail, SystemClock()), database, trail)
        stack.enter_context(
            Attendance(database, AuditTrail(vault, SystemClock()), SystemClock()).keep_alive(DEPLOYMENT, operator)
        )
        bench = Bench(engine, gallery, DeploymentReader(database), vault, policy)
        jpegs = street_frames(settings, options.frames)
        clear, clock = InTheClear(), SystemClock()
        times: dict[str, list[Times]] = {"in the clear": [], "sealed": []}
        for number in range(options.rounds + 1):  # the first of each warms up and isn't counted
            ends: list[tuple[str, FrameSealer, FrameOpener]] = [
                ("in the clear", clear, clear),
                ("sealed", VaultSealer(vault, clock, DEPLOYMENT, CAMERA), VaultOpener(vault, clock)),
            ]
            for name, sealer, opener in ends if number % 2 else reversed(ends):
                took = bench.run(jpegs, sealer, opener, f"{name}-{number}")
                if number:
                    times[name].append(took)
    report(say, times, len(jpegs), sum(map(len, jpegs)) / len(jpegs))
    return 0


def open_deployment(settings: Settings, contract_id: str, policy: Policy) -> None:
    """Make a live deployment, by the ordinary commands' way."""
    from datetime import UTC, datetime

    from lfr_core.domain.watchlists import Category

    @dataclass(frozen=True)
    class Photograph:
        id: str = "r"
        photograph: str = "obama.jpg"
        crop_jpeg: bytes = b"a crop"

    @dataclass(frozen=True)
    class Entry:
        id: str = "e"
        subject: str = "TEST-0001"
        category: Category = Category.BLUE_LIST
        legal_reference: str = "volunteer"
        approved_by: str = OPERATOR
        expires_on = datetime.now(tz=UTC).date().replace(year=2099)
        references: Sequence[Photograph] = (Photograph(),)
        age: int | None = None

    own = Installation(settings, identity=ProcessIdentity.COMMANDS)
    store = DeploymentService(own.engine, own.vault, own.trail, own.clock, lambda: policy, compare=lambda _: "")
    store.create(DEPLOYMENT, DeploymentKind.EVALUATION, name="bench", live_only=False)
    store.attach_watchlist(DEPLOYMENT, contract_id, GALLERY, [Entry()])
    store.open(DEPLOYMENT)


def report(say: Console, times: dict[str, list[Times]], frames: int, mean_bytes: float) -> None:
    """Print the table, and what sealing costs, by both clocks."""
    table = Table(title=f"{frames} frames of {mean_bytes / 1024:.0f} KiB, one core", title_justify="left")
    for column in ("", "median frames/s", "slowest", "fastest", "rounds"):
        table.add_column(column, justify="right" if column else "left")
    for name, rounds in times.items():
        rates = [frames / each.wall for each in rounds]
        table.add_row(
            name, f"{statistics.median(rates):.1f}", f"{min(rates):.1f}", f"{max(rates):.1f}", str(len(rates))
        )
    say.print(table)
    pairs = list(zip(times["in the clear"], times["sealed"], strict=True))
    wall = statistics.median(1 - clear.wall / sealed.wall for clear, sealed in pairs)
    processor = statistics.median(1 - clear.processor / sealed.processor for clear, sealed in pairs)
    say.print(f"sealing costs {100 * wall:+.1f} % of the frames per second (median of {len(pairs)} pairs of rounds);")
    say.print(f"by processor time of this process {100 * processor:+.1f} %")


if __name__ == "__main__":
    raise SystemExit(main())
