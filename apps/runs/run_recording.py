"""Runs one recording through a system of its own, for `lfr stream run`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from apps.runs.deploy import checked_watchlist, deploy_system
from apps.runs.play_recordings import CameraRecording, play
from apps.runs.report import RunReport, measure
from apps.runs.run_settings import settings_for_run
from apps.supervisor import ChildReport, ChildState
from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.settings import Settings
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import Policy
from lfr_core.watchlists.entries import WatchlistReport
from streams.camera.open_source import open_source
from streams.camera.urls import parse_source

__all__ = ["count_ready", "run_progress", "run_recording"]


def count_ready(bars: Progress) -> Callable[[tuple[ChildReport, ...]], None]:
    """Show a line that counts the children as they become ready; what they do later doesn't change it."""
    task = bars.add_task("starting broker, gallery, workers", total=None, note="")

    def show(children: tuple[ChildReport, ...]) -> None:
        ready = sum(child.state is ChildState.READY for child in children)
        if not bars.tasks[task].finished:
            bars.update(task, completed=ready, total=len(children))

    return show


def run_progress(console: Console) -> Progress:
    """Make the progress display of a run: one line a step."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        console=console,
    )


def count_frames(source: Path, policy: Policy, clock: Clock) -> int | None:
    """Count the frames that a recording holds, as it says itself; None where it doesn't.

    Raises:
        Poison: it is no recording that can be played.
    """
    opened = open_source(parse_source(str(source)), policy.images, clock=clock)
    opened.close()
    return opened.info.frames


def _count_photographs(bars: Progress) -> Callable[[int, int], None]:
    """Show a line that counts the photographs as they are checked."""
    task = bars.add_task("checking the watchlist", total=None, note="")
    return lambda done, total: bars.update(task, completed=done, total=total)


def run_recording(
    source: Path,
    watchlist: Path,
    *,
    camera: str,
    settings: Settings,
    policy: Policy,
    clock: Clock,
    home: Path,
    console: Console,
    on_checked: Callable[[WatchlistReport], None],
) -> RunReport:
    """Play `source` through broker, workers and gallery with back-pressure, and measure it.

    Args:
        source: video file or folder of images.
        watchlist: folder with photographs and watchlist.csv.
        camera: the name the recording goes by.
        settings: where models are, and servers to use instead of own ones.
        policy: the force's.
        clock: wall and monotonic time.
        home: folder for this run; made anew.
        console: where progress is shown.
        on_checked: called with what was enrolled and refused, before anything is started.

    Raises:
        LfrError: of every kind; what was started has been stopped.
    """
    frames = count_frames(source, policy, clock)  # first: nothing is started for a recording that can't be played
    deployment, kind = f"run-{utc_from_ns(clock.time_ns()):%Y%m%dT%H%M%S}", DeploymentKind.EVALUATION
    with run_progress(console) as bars:
        count = _count_photographs(bars)
        report = checked_watchlist(watchlist, deployment, kind, settings=settings, policy=policy, progress=count)
        on_checked(report)
        own = settings_for_run(settings, home, workers=1, keep_page_port=False)
        with deploy_system(
            report,
            deployment,
            kind,
            name=source.name,
            live_only=False,
            settings=own,
            policy=policy,
            with_page=False,
            on_change=count_ready(bars),
            say=lambda words: console.print(words, style="yellow"),
        ) as running:
            installation, playing = running.installation, bars.add_task("recognising", total=frames, note="")
            play(
                [CameraRecording(camera, source)],
                deployment,
                settings=own,
                database=installation.engine,
                system=running.system,
                as_fast_as_possible=True,
                progress=lambda far: bars.update(playing, completed=far.captured, note=f"{far.alerts} alerts"),
            )
            return measure(installation.looks, deployment, by=running.operator, now_ns=installation.now_ns)
