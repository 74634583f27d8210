"""Write docs/images/operator.png: the operator's page over sample sightings, or over a finished demo's records.

python scripts/screenshot.py                     # sample sightings of the sample photographs
python scripts/screenshot.py --home var/lfr      # what a demo left
"""

from __future__ import annotations

import argparse
import base64
import os
import socket
import subprocess
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from apps.operator.launch import command
from lfr_core.alerts import Engagement, Judgement
from lfr_core.clock import SystemClock
from lfr_core.deployments import DeploymentKind
from lfr_core.faces.engine import build_engine
from lfr_core.messages import FrameResult, OutcomeBatch, Sighting, sighting_id
from lfr_core.outcomes import FrameOutcome
from lfr_core.policy import Policy, load_policy
from lfr_core.records.decisions import DecisionDesk
from lfr_core.records.deployments import DeploymentStore
from lfr_core.records.engine import open_engine
from lfr_core.records.migrate import upgrade
from lfr_core.records.recorder import Recorder
from lfr_core.samples import sample_photos
from lfr_core.settings import Settings
from lfr_core.watchlists.types import Category

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from lfr_core.faces.types import FaceEngine, Floats

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "operator.png"
MOST_BYTES = 400_000
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True, slots=True)
class Reference:
    id: str
    photograph: str
    crop_jpeg: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    subject: str
    category: Category
    legal_reference: str
    approved_by: str
    expires_on: date
    references: tuple[Reference, ...]


def face_of(engine: FaceEngine, file: Path, *, worn: bool = False) -> tuple[bytes, Floats]:
    """The face and some surroundings of a photograph as JPEG, and its template; `worn`: soft and dim, as from afar."""
    image = cv2.imread(str(file))
    assert image is not None, f"{file} can't be read"
    if worn:
        image = cv2.convertScaleAbs(cv2.GaussianBlur(image, (0, 0), image.shape[1] / 180), alpha=0.75, beta=8)[:, ::-1]
        image = image.copy()
    detection = engine.detect([image])[0][0]
    template = engine.embed([engine.describe(image, detection).aligned])[0]
    x1, y1, x2, y2 = detection.box
    side = 1.5 * max(x2 - x1, y2 - y1)
    cx, cy = (x1 + x2) / 2, (y1 + y2) / 2
    height, width = image.shape[:2]
    left, right = max(0, int(cx - side / 2)), min(width, int(cx + side / 2))
    top, bottom = max(0, int(cy - side / 2)), min(height, int(cy + side / 2))
    crop = cv2.resize(image[top:bottom, left:right], (200, round(200 * (bottom - top) / (right - left))))
    return cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes(), template


def fill(settings: Settings, policy: Policy) -> None:
    """Sample sightings of some minutes."""
    faces = build_engine(settings, policy)
    photos = sample_photos(settings.cache)
    records = open_engine(settings.records_url)
    store = DeploymentStore(records)
    store.create("high-street-demo", DeploymentKind.DEMO, name="High Street, demonstration", policy=policy)
    expires = date.today() + timedelta(days=30)  # noqa: DTZ011  any day well ahead

    templates: dict[str, Floats] = {}

    def entry(name: str, category: Category, legal: str, photo: str) -> Entry:
        crop, templates[name] = face_of(faces, photos[photo])
        reference = Reference(f"{name}/1", f"{photo}.jpg", crop)
        return Entry(name, name, category, legal, "Insp. Example", expires, (reference,))

    store.attach_watchlist(
        "high-street-demo",
        "contract",
        "gallery_high_street_demo",
        [
            entry("DEMO-0001", Category.WANTED_BY_COURTS, "Bail Act 1976, s. 7", "obama"),
            entry("DEMO-0002", Category.HIGH_RISK_MISSING, "Missing persons policy 4.2", "biden"),
            entry("TEST-0007", Category.BLUE_LIST, "Volunteer, consent form 7", "astronaut"),
        ],
    )
    store.open("high-street-demo")
    now = time.time_ns()
    recorder = Recorder(records, policy.alerts, SystemClock())
    shots = [  # entry, camera, seconds ago, photograph of the probe
        ("TEST-0007", "Market Square", 220.0, "astronaut"),
        ("DEMO-0002", "North Street", 95.0, "biden"),
        ("DEMO-0001", "Market Square", 40.0, "obama3"),
        ("DEMO-0001", "North Street", 4.0, "obama2"),
    ]
    opened: list[UUID] = []
    for number, (name, camera, ago_s, photo) in enumerate(shots):
        probe, template = face_of(faces, photos[photo], worn=not photo.startswith("obama"))
        similarity = float(template @ templates[name])
        for shot in range(3):
            sequence = number * 100 + shot
            sighting = Sighting(
                id=sighting_id("high-street-demo", camera, "s", sequence, 0, name),
                deployment="high-street-demo",
                camera=camera,
                session="s",
                sequence=sequence,
                captured_ns=now - round((ago_s - 0.4 * shot) * 1e9),
                face=0,
                track="t",
                entry=name,
                similarity=similarity - 0.05 * shot,
                threshold=policy.alerts.threshold,
                box=(0.0, 0.0, 1.0, 1.0),
                eye_distance_px=40.0,
                probe_jpeg=base64.b64encode(probe),
            )
            opened += recorder.record_sightings([sighting]).opened
    desk = DecisionDesk(records)
    desk.judge(opened[0], Judgement.SAME, "A. Operator")
    desk.judge(opened[1], Judgement.SAME, "A. Operator")
    desk.engage(opened[1], Engagement.ENGAGED, "B. Sergeant")
    records.dispose()


def feed(settings: Settings, policy: Policy) -> None:
    """A minute of two cameras' frames, up to now: while the page is open, or they would look silent."""
    records = open_engine(settings.records_url)
    recorder = Recorder(records, policy.alerts, SystemClock())
    for drops, camera in enumerate(("Market Square", "North Street")):
        frames(recorder, camera, time.time_ns(), drops)
    records.dispose()


def frames(recorder: Recorder, camera: str, now_ns: int, drops: int) -> None:
    """A minute of a camera's frames, each fourth looked at."""
    batches = []
    for second in range(62):
        results = tuple(
            FrameResult(
                sequence=25 * second + 4 * look,
                not_sampled=19 * second + 3 * look - drops * second,
                dropped=drops * second,
                outcome=FrameOutcome.DROPPED_STALE if (second + look) % 97 == 0 else FrameOutcome.RECOGNISED,
                latency_ms=120.0 + 30 * drops + 17.0 * ((second * 7 + look * 3) % 11),
                faces=2 + (second // 5) % 4,
                tracks_started=1 if look == 0 else 0,
                tracks_compared=1 if look == 3 else 0,  # noqa: PLR2004  any one look
            )
            for look in range(6)
        )
        batches.append(
            OutcomeBatch(
                deployment="high-street-demo",
                camera=camera,
                session="s",
                results=results,
                reported_ns=now_ns - (58 - second) * 10**9,
            )
        )
    recorder.record_outcomes(batches)


@contextmanager
def page(settings: Settings) -> Iterator[str]:
    """The page, started; its address."""
    env = os.environ | {"LFR_HOME": str(settings.home), "LFR_DATABASE_URL": settings.records_url}
    process = subprocess.Popen(command(settings), env=env, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{settings.operator_port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()
                break
            except OSError:
                time.sleep(0.25)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def shoot(address: str, file: Path, scheme: str, before: Callable[[], None]) -> None:
    """A picture of the page with an operator signed in."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        tab = browser.new_page(
            viewport={"width": 1600, "height": 1000}, color_scheme="dark" if scheme == "dark" else "light"
        )
        tab.goto(address)
        tab.get_by_label("Your name").fill("A. Operator")
        tab.get_by_role("button", name="Start deciding").click()
        tab.get_by_text("Change").wait_for()
        before()
        tab.locator(".ops-camera").first.wait_for()
        tab.wait_for_timeout(2500)
        tab.screenshot(path=str(file))
        browser.close()


def _nothing() -> None:
    """A demo's records are left as they are."""


def shrink(file: Path) -> None:
    """A palette picture under MOST_BYTES."""
    from PIL import Image

    with Image.open(file) as picture:
        small = picture.convert("RGB").quantize(colors=256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    small.save(file, optimize=True)
    assert file.stat().st_size < MOST_BYTES, f"{file} has {file.stat().st_size} bytes"


def main() -> None:
    """Fill, start, shoot, shrink."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="home folder of a finished demo; default: sample sightings")
    parser.add_argument("--out", type=Path, default=PICTURE)
    parser.add_argument("--scheme", choices=["light", "dark"], default="dark")
    options = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="lfr-screenshot-") as scratch:
        settings = Settings(home=options.home or Path(scratch), database_url="", operator_port=port)
        upgrade(settings.records_url)
        policy = load_policy(settings.policy_file)
        sample = options.home is None
        if sample:
            fill(settings, policy)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        with page(settings) as address:
            shoot(address, options.out, options.scheme, partial(feed, settings, policy) if sample else _nothing)
    shrink(options.out)
    print(f"{options.out}: {options.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
