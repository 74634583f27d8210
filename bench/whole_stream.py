"""Streets through the whole stream, and through the engine alone: what the benchmarks of speed share."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import cv2
from rich.console import Console
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from apps.runs.deploy import checked_watchlist, deploy_system
from apps.runs.play_recordings import CameraRecording, PlaybackProgress, play
from apps.runs.report import RunReport, measure
from apps.runs.run_settings import settings_for_run
from apps.synthetic_street.people import sample_people, with_twins
from apps.synthetic_street.render import BENCH_STREETS, Street, render_streets
from bench.passes import GALLERY, look_at_street
from bench.processes import ProcessorTimes
from bench.recall import framed
from lfr_core.common.settings import Settings
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import Policy
from lfr_core.recognition.faces.engine import build_engine
from lfr_core.recognition.gallery.exact import ExactGallery
from lfr_core.recognition.gallery.port import Reference
from lfr_core.recognition.samples import sample_photos
from lfr_core.storage.tables.alerts import AlertRow, SightingRow
from lfr_core.watchlists.entries import WatchlistReport

SUBJECT = "obama"
CAMERAS = ("north", "south")
"""What the streets' cameras go by in the stream: these two keys fall into different partitions of two, so that
each has a worker of its own, as each video has a process of its own in the plain loop."""
BENCH_FACES_PLANNED = 1.16
"""For each that is seen at least by half: crowds hide the rest."""
say = Console(stderr=True).print


def bench_streets(settings: Settings, *, seconds: float, faces: float) -> list[Street]:
    """Draw the two streets, unless the cache has them."""
    people = with_twins(sample_people(sample_photos(settings.cache)))
    planned = faces * BENCH_FACES_PLANNED
    specs = [replace(one, seconds=seconds, faces_per_frame=planned) for one in BENCH_STREETS]
    return render_streets(settings.cache, specs, people)


def watchlist(folder: Path, photo: Path) -> Path:
    """One subject, from a photograph that the streets never show."""
    folder.mkdir(parents=True)
    (folder / photo.name).write_bytes(photo.read_bytes())
    expires = datetime.now(tz=UTC).date().replace(month=12, day=31)
    (folder / "watchlist.csv").write_text(
        "subject,category,legal_reference,approved_by,expires_on,photograph\n"
        f"{SUBJECT},blue_list,volunteer's consent,bench,{expires},{photo.name}\n",
        encoding="utf-8",
    )
    return folder


def checked_subject(settings: Settings, policy: Policy, folder: Path) -> tuple[str, WatchlistReport]:
    """Name a new deployment, and check the list of the one subject for it."""
    deployment = f"bench-{datetime.now(tz=UTC):%Y%m%dT%H%M%S%f}"
    listed = watchlist(folder, sample_photos(settings.cache)[SUBJECT])
    kind = DeploymentKind.EVALUATION
    return deployment, checked_watchlist(listed, deployment, kind, settings=settings, policy=policy)


@dataclass(frozen=True, slots=True)
class Streamed:
    """What a run of the whole stream came to."""

    report: RunReport
    processor_s: Mapping[str, float]
    """Processor seconds by kind of process, from the first outcome on."""
    alert_ms: Sequence[float]
    """Of each alert: from the capture of the shot that made it one to its being recorded. Means nothing of a recording
    that is sent as fast as it goes.
    """


def run_stream(
    streets: Sequence[Street],
    report: WatchlistReport,
    deployment: str,
    settings: Settings,
    policy: Policy,
    home: Path,
    *,
    workers: int | None = None,
    as_fast_as_possible: bool = True,
) -> Streamed:
    """Send the streets through a whole system of its own, a camera a street and, unless told, a worker a street."""
    own = settings_for_run(settings, home, workers=workers or len(streets), keep_page_port=False)
    own = own.model_copy(update={"frame_partitions": len(streets)})
    kind = DeploymentKind.EVALUATION
    with deploy_system(
        report, deployment, kind, name="bench", live_only=False, settings=own, policy=policy, with_page=False, say=say
    ) as running:
        sources = [CameraRecording(camera, street.video) for camera, street in zip(CAMERAS, streets, strict=True)]
        engine = running.installation.engine
        with ProcessorTimes() as used:
            begun = False

            def begin(progress: PlaybackProgress) -> None:
                nonlocal begun
                if progress.captured and not begun:
                    begun = True
                    used.start_anew()

            play(
                sources, deployment, settings=own, database=engine, system=running.system,
                as_fast_as_possible=as_fast_as_possible, progress=begin,
            )  # fmt: skip
        alert_ms = _alert_latencies(engine, deployment, policy.alerts.agreeing_shots)
        looks, now_ns = running.installation.looks, running.installation.now_ns
        found = measure(looks, deployment, by=running.operator, now_ns=now_ns)
        return Streamed(found, used.seconds, alert_ms)


def _alert_latencies(database: Engine, deployment: str, agreeing_shots: int) -> list[float]:
    with Session(database) as session:
        rows = session.exec(
            select(AlertRow.id, AlertRow.opened_ns, SightingRow.captured_ns)
            .join(SightingRow, col(SightingRow.alert) == AlertRow.id)
            .where(AlertRow.deployment == deployment)
        ).all()
    captured: dict[tuple[UUID, int], list[int]] = defaultdict(list)
    for alert, opened_ns, captured_ns in rows:
        captured[alert, opened_ns].append(captured_ns)
    return [(opened - sorted(each)[agreeing_shots - 1]) / 1e6 for (_, opened), each in captured.items()
            if len(each) >= agreeing_shots]  # fmt: skip


def engine_alone(streets: Sequence[Street], settings: Settings, policy: Policy) -> float:
    """Processor ms a look of decoding, finding, following, describing, embedding and searching, in one process: what
    the stream does, without broker, seals and records.
    """
    engine, gallery = build_engine(settings, policy), ExactGallery()
    photo = framed(cv2.imread(str(sample_photos(settings.cache)[SUBJECT]), cv2.IMREAD_COLOR))
    face = engine.describe(photo, engine.detect([photo])[0][0])
    gallery.create(GALLERY, engine.contract_id)
    gallery.add(GALLERY, engine.contract_id, [Reference(SUBJECT, SUBJECT, engine.embed([face.aligned])[0])])
    cv2.setNumThreads(1)
    began = time.process_time()
    rate = policy.sampling.looks_per_second
    seen = [look_at_street(street, engine, gallery, policy, looks_per_second=rate) for street in streets]
    return 1e3 * (time.process_time() - began) / sum(each.looks for each in seen)
