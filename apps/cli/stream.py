"""`lfr stream`: the whole way of a frame on a recording of your own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import command
from apps.cli.common import console, errors, print_json, print_plain, refuse_unwritable, write_json

if TYPE_CHECKING:
    from apps.runs.report import RunReport
    from lfr_core.custody.installation import Installation
    from lfr_core.watchlists.entries import WatchlistReport

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Send a recording through the whole stream.")


@app.callback()
def _group() -> None:
    """Send a recording through the whole stream."""


@command(app)
def run(
    installation: Installation,
    source: Annotated[Path, typer.Option(help="Video file, or folder of images in the order of their names.")],
    watchlist: Annotated[Path, typer.Option(help="Folder with photographs and watchlist.csv.")],
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write what was recognised to this file; - prints it.")
    ] = None,
    camera: Annotated[str, typer.Option(help="Name the recording goes by.")] = "recording",
    home: Annotated[
        Path | None, typer.Option(help="Folder for this run's broker, gallery, database and logs; made anew.")
    ] = None,
) -> None:
    """Recognise a recording as fast as this machine goes: Kafka, Faust and Milvus, nothing dropped.

    Starts servers of its own on free ports, enrols the watchlist into an evaluation deployment, plays the
    recording with back-pressure, writes the figures, drops the gallery and stops what it started. Frames are
    looked at as often as the policy says; those nobody looks at are counted as not_sampled.

    Example: lfr stream run --source street.avi --watchlist lists/test --json result.json
    """
    from apps.runs.run_recording import run_recording
    from lfr_core.common.errors import Poison

    settings, policy = installation.settings, installation.policy
    refuse_unwritable(json_file)
    if not source.exists():
        raise Poison(f"there is no {source}: give a video file or a folder of images")
    report = run_recording(
        source.resolve(),
        watchlist,
        camera=camera,
        settings=settings,
        policy=policy,
        clock=installation.clock,
        home=home or settings.home.parent / "stream-run",
        console=errors,
        on_checked=_show_refusals,
    )
    if json_file is not None and str(json_file) != "-":
        write_json(json_file, report.as_json())
        _show(report)
    elif json_file is not None:
        print_json(report.as_json())
    else:
        _show(report)


def _show_refusals(report: WatchlistReport) -> None:
    for refusal in report.refusals:
        words = f"refused: line {refusal.line} {refusal.subject} {refusal.photograph}: {refusal.message}"
        print_plain(words, errors)


def _show(report: RunReport) -> None:
    from apps.runs.tables import alerts_table, cameras_table

    console.print(cameras_table(report))
    console.print(alerts_table(report))
    console.print(f"{report.frames_per_second:.1f} frames a second; the frame identity holds: {report.balanced}")
