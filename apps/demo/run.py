"""Runs the demonstration: renders, starts, enrols, plays, scores, takes down."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from apps.demo.deletion import Deletion, collecting_frame_canary, erase_deployment, inject_canaries
from apps.demo.deployment import (
    PlannedSystem,
    PublishedDeployment,
    plan_system,
    publish_results,
    write_demo_policy,
)
from apps.demo.score import AlertSpan, Score, score_alerts
from apps.demo.visitor import VisitorLink
from apps.runs.deploy import DeployedSystem, checked_watchlist
from apps.runs.play_recordings import CameraRecording, play
from apps.runs.report import RunReport, measure
from apps.runs.run_recording import count_ready, run_progress
from apps.runs.run_settings import settings_for_run
from apps.synthetic_street.people import sample_people
from apps.synthetic_street.render import DEMO_STREETS, Street, render_streets
from apps.synthetic_street.truth import load_truth
from lfr_core.alerts import read
from lfr_core.common.errors import Refused
from lfr_core.common.logs import configure_logs
from lfr_core.common.settings import Settings
from lfr_core.custody.installation import Installation
from lfr_core.domain.actors import ProcessIdentity
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.recognition.samples import sample_photos
from lfr_core.watchlists.csv_file import COLUMNS, FILE_NAME
from lfr_core.watchlists.entries import WatchlistReport

__all__ = ["DemoResult", "DemoStage", "run_demo"]

SUBJECT = "TEST-0001"
"""Reference of the test subject: nobody's name."""
ENROLLED = "obama"  # the person and the photograph; the street shows the same man in others, never in this one


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What was recognised, against what happened."""

    report: RunReport
    score: Score
    home: Path
    """Its folder: certificates and the audit trail stay there."""
    deletion: Deletion | None = None
    """None while everything still runs, as with what follows."""
    published: PublishedDeployment | None = None
    faces_compared: int = 0
    """By the stream's own count."""

    @property
    def recognised_right(self) -> bool:
        """Every enrolled pass of at least 32 px alerted, nobody else, and every frame accounted for."""
        return self.score.promise_kept and self.report.balanced

    @property
    def passed(self) -> bool:
        """That, everything due destroyed at the end, certified and verified, and published as the stream counted it."""
        return self.recognised_right and self.deletion is not None and self.deletion.passed and self.published_right

    @property
    def published_right(self) -> bool:
        """The published record has the stream's number of faces."""
        return self.published is not None and self.published.record.faces_compared == self.faces_compared

    def as_json(self) -> dict[str, object]:
        """Return the document that `lfr demo --json` writes."""
        return {
            "passes": self.score.passes,
            "recognised": self.score.recognised,
            "missed": len(self.score.missed),
            "false_alerts": len(self.score.false_alerts),
            **self.report.as_json(),
            **({} if self.deletion is None else {"deletion": _deletion_json(self.deletion)}),
            **({} if self.published is None else {"life": _published_json(self.published)}),
        }


def _published_json(published: PublishedDeployment) -> dict[str, object]:
    return {
        "timeline": [
            {"at": step.at.isoformat(), "step": step.step, "status": step.status, "by": step.by}
            for step in published.timeline
        ],
        "faces_compared": published.record.faces_compared,
        "site": str(published.site),
    }


def _deletion_json(deletion: Deletion) -> dict[str, object]:
    certificate = deletion.certificate.certificate
    return {
        "passed": deletion.passed,
        "certificate": certificate.number,
        "alerts_purged": deletion.alerts,
        "footage_segments_kept": deletion.segments_kept,
        "bytes_searched": sum(store.bytes_read for store in certificate.search.stores),
        "audit_entries": deletion.audit.entries,
    }


@dataclass(frozen=True, slots=True)
class DemoStage:
    """A running demonstration, for whoever shows it."""

    link: str
    """Where whoever shows it chooses who to be on the pages; empty without them."""
    deployment: str
    operator: str
    """The login of the one who attends."""


def run_demo(
    *,
    settings: Settings,
    home: Path,
    seconds: float,
    faces: float,
    with_page: bool,
    console: Console,
    on_stage: Callable[[DemoStage], None] = lambda _: None,
    before_end: Callable[[DemoResult], None] = lambda _: None,
) -> DemoResult:
    """Render two streets, start everything, enrol the test subject, play both cameras in real time, score.

    Args:
        settings: where models and photographs are; servers to use instead of own ones.
        home: folder for this demonstration; made anew.
        seconds: length of the streets.
        faces: faces in view of each camera on average.
        with_page: start the operator's page.
        console: where progress is shown.
        on_stage: called when the street is about to be played.
        before_end: called with the result while everything still runs.

    Raises:
        LfrError: of every kind; what was started has been stopped.
    """
    configure_logs("WARNING")  # of the parts that run in this process; the children have logs of their own
    photos = sample_photos(settings.cache)
    deployment = f"demo-{datetime.now(tz=UTC):%Y%m%dT%H%M%S}"
    with run_progress(console) as bars:
        streets = _render(settings, photos, seconds=seconds, faces=faces, bars=bars)
        own = settings_for_run(settings, home, workers=settings.workers, keep_page_port=with_page)
        with Installation(write_demo_policy(own), identity=ProcessIdentity.COMMANDS) as installation:
            report = _check_watchlist(installation, deployment, photos, bars)
            with plan_system(
                report,
                deployment,
                name="A street that was never there",
                cameras=tuple(street.camera for street in streets),
                installation=installation,
                with_page=with_page,
                on_change=count_ready(bars),
                say=lambda words: console.print(words, style="yellow"),
            ) as running:
                with _step(bars, "injecting canaries"):
                    inject_canaries(installation, deployment)
                with VisitorLink(own, running.people.values()) as visitor:
                    operator = running.people[running.operator.name].login
                    on_stage(DemoStage(visitor.address if with_page else "", deployment, operator))
                    with collecting_frame_canary(installation, deployment):
                        _play(running, streets, deployment, seconds, bars)
                    result = _result(running, deployment, streets, own.home)
                    bars.stop()
                    before_end(result)
                return _take_down(running, deployment, result, console)


def _check_watchlist(
    installation: Installation, deployment: str, photos: Mapping[str, Path], bars: Progress
) -> WatchlistReport:
    """Write the watchlist and check it. Raises Refused `demo.watchlist`."""
    settings, policy = installation.settings, installation.policy
    folder = _write_watchlist(settings.home / "watchlist", photos)
    with _step(bars, "enrolling the test subject") as count:
        kind = DeploymentKind.DEMO
        report = checked_watchlist(folder, deployment, kind, settings=settings, policy=policy, progress=count)
    if report.refusals:
        raise Refused("demo.watchlist", f"the demo's own watchlist is refused: {report.refusals[0].message}")
    return report


def _play(running: DeployedSystem, streets: Sequence[Street], deployment: str, seconds: float, bars: Progress) -> None:
    """Play all streets in real time."""
    playing = bars.add_task("watching the street", total=round(seconds * 25) * len(streets), note="")
    play(
        [CameraRecording(street.camera, street.video) for street in streets],
        deployment,
        settings=running.installation.settings,
        database=running.installation.engine,
        system=running.system,
        as_fast_as_possible=False,
        progress=lambda far: bars.update(playing, completed=far.captured, note=f"{far.alerts} alerts"),
    )


def _take_down(running: PlannedSystem, deployment: str, result: DemoResult, console: Console) -> DemoResult:
    """Close the deployment, prove that its data is erased, and publish its record."""
    installation = running.installation
    with console.status("") as line:
        faces = read.counts(installation.engine, deployment).faces_compared
        deletion = erase_deployment(installation, deployment, close=running.close, progress=line.update)
        line.update("publishing the record and building the public site")
        published = publish_results(installation, running.people, deployment)
    return replace(result, deletion=deletion, published=published, faces_compared=faces)


def _render(
    settings: Settings, photos: Mapping[str, Path], *, seconds: float, faces: float, bars: Progress
) -> list[Street]:
    specs = [replace(spec, seconds=seconds, faces_per_frame=faces) for spec in DEMO_STREETS]
    tasks = {spec.camera: bars.add_task(f"drawing {spec.camera}", total=round(seconds * 25), note="") for spec in specs}

    def progress(camera: str, done: int, total: int) -> None:
        bars.update(tasks[camera], completed=done, total=total)

    is_writable = os.access(settings.cache, os.W_OK)  # a container's cache may be part of its read-only image
    cache = settings.cache if is_writable else settings.home
    streets = render_streets(cache, specs, sample_people(photos, {ENROLLED: SUBJECT}), progress)
    for task in tasks.values():
        bars.update(task, completed=round(seconds * 25))
    return streets


def _write_watchlist(folder: Path, photos: Mapping[str, Path]) -> Path:
    """List one test subject, with a photograph that the street never shows."""
    folder.mkdir(parents=True)
    photo = photos[ENROLLED]
    shutil.copyfile(photo, folder / photo.name)
    with (folder / FILE_NAME).open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        expires = datetime.now(tz=UTC).date().replace(month=12, day=31).isoformat()
        rows.writerow([SUBJECT, "blue_list", "demonstration, published photograph", "demo", expires, photo.name])
    return folder


@contextmanager
def _step(bars: Progress, words: str) -> Iterator[Callable[[int, int], None]]:
    task = bars.add_task(words, total=None, note="")
    yield lambda done, total: bars.update(task, completed=done, total=total)
    if not bars.tasks[task].finished:
        bars.update(task, completed=1, total=1)


def _result(running: DeployedSystem, deployment: str, streets: Sequence[Street], home: Path) -> DemoResult:
    """Measure the run, and score its alerts against the truth."""
    report = measure(running.installation.looks, deployment, by=running.operator, now_ns=running.installation.now_ns)
    spans = [
        AlertSpan(line.subject, line.camera, line.first_sequence, line.last_sequence, line.similarity)
        for line in report.alerts
    ]
    return DemoResult(report, score_alerts([load_truth(street.truth) for street in streets], spans), home)
