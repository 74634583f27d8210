"""`lfr demo`: a street, a test subject, two cameras, and what was recognised."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import command
from apps.cli.common import console, errors, print_json, print_plain, refuse_unwritable, write_json

if TYPE_CHECKING:
    from apps.demo.deletion import Deletion
    from apps.demo.deployment import PublishedDeployment
    from apps.demo.run import DemoResult, DemoStage
    from lfr_core.custody.installation import Installation

__all__ = ["app"]

app = typer.Typer()


@command(app)
def demo(
    installation: Installation,
    headless: Annotated[bool, typer.Option("--headless", help="No operator's page and no browser.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write what was recognised to this file; - prints it.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=10, max=600, help="Length of the street, seconds.")] = 40.0,
    faces: Annotated[float, typer.Option(min=0.5, max=15, help="Faces in view of each camera on average.")] = 2.5,
    stay: Annotated[
        bool, typer.Option("--stay/--no-stay", help="Keep the page open at the end until Enter is pressed.")
    ] = True,
) -> None:
    """Watch a live deployment: two cameras in a street that was never there.

    Draws the streets, starts a broker, a gallery, workers and the operator's page, enrols a test subject from one
    photograph, and plays people past the cameras: the subject in other photographs, and strangers. At the end it
    compares the alerts with what really happened, destroys everything, searches every store for the canaries it
    injected, and certifies what it found. Exits with 0 only if every pass of the subject with at least 32 px between
    the eyes was alerted, nobody else was, every frame is accounted for, and nothing is left.

    Example: `lfr demo --headless --json result.json`
    """
    import sys

    from apps.demo.run import run_demo

    refuse_unwritable(json_file)
    interactive = sys.stdin.isatty() and not headless

    def show_page(stage: DemoStage) -> None:
        if stage.link:
            errors.print("the pages, for you alone; choose there who you are:")
            print_plain(stage.link, errors)
            if interactive:
                typer.launch(stage.link)

    def wait(result: DemoResult) -> None:
        _show(result)
        if interactive and stay:
            console.input("[bold]Enter[/bold] ends the demonstration and stops everything ")

    prints_json = str(json_file) == "-"
    result = run_demo(
        settings=installation.settings,
        home=installation.settings.home.parent / "demo",
        seconds=seconds,
        faces=faces,
        with_page=not headless,
        console=errors,
        on_stage=show_page,
        before_end=(lambda _: None) if prints_json else wait,
    )
    if prints_json:
        print_json(result.as_json())
    else:
        _show_end(result)
        if json_file is not None:
            write_json(json_file, result.as_json())
    raise typer.Exit(0 if result.passed else 1)


def _show_end(result: DemoResult) -> None:
    """Print what became of the data, and what was published."""
    if result.deletion is not None:
        _show_deletion(result.home, result.deletion)
    if result.published is not None:
        _show_published(result.published, right=result.published_right)


def _show(result: DemoResult) -> None:
    from apps.runs.tables import alerts_table, cameras_table

    report, score = result.report, result.score
    console.print(cameras_table(report))
    console.print(alerts_table(report))
    latency = " and ".join(
        f"{value:.0f} ms ({name})"
        for name, value in (("p50", report.p50_ms), ("p95", report.p95_ms))
        if value is not None
    )
    console.print(f"capture to outcome: {latency}; {report.frames_per_second:.1f} frames a second", highlight=False)
    for missed in score.missed:
        console.print(
            f"missed: {missed.subject} at {missed.camera}, frames {missed.first_frame} to {missed.last_frame}, "
            f"eyes up to {missed.max_eye_px:.0f} px apart",
            style="yellow",
        )
    if score.missed and (late := report.frames_dropped):
        console.print(
            f"{late} frames came too late to be looked at: this machine is too busy; close other programs, or ask for "
            "fewer faces (--faces 1)",
            style="yellow",
        )
    verdict = "[bold green]passed[/bold green]" if result.recognised_right else "[bold red]failed[/bold red]"
    console.print(
        f"{verdict}: {score.recognised} of {score.passes} passes of the test subject alerted, "
        f"{len(score.false_alerts)} false alerts, every frame accounted for: {'yes' if report.balanced else 'NO'}",
        highlight=False,
    )


def _show_published(published: PublishedDeployment, *, right: bool) -> None:
    from apps.cli.deployment.text import show_timeline

    show_timeline(published.timeline)
    verdict = "[bold green]passed[/bold green]" if right else "[bold red]failed[/bold red]"
    console.print(
        f"{verdict}: the published record has the stream's {published.record.faces_compared} faces compared. "
        f"The public site: {published.site}",
        highlight=False,
        soft_wrap=True,
    )


def _show_deletion(home: Path, deletion: Deletion) -> None:
    from apps.cli.erasure.text import show_certificate

    show_certificate(deletion.certificate)
    for fault in deletion.faults:
        console.print(f"certificate {fault.number}: {fault.what}", style="red", soft_wrap=True)
    audit = deletion.audit
    trail = f"verified, {audit.entries} entries" if audit.is_good else "[bold red]NOT in order[/bold red]"
    verdict = "[bold green]passed[/bold green]" if deletion.passed else "[bold red]failed[/bold red]"
    console.print(
        f"{verdict}: the list and {deletion.alerts} alerts are destroyed (with the clock moved on by a day), "
        f"{deletion.segments_kept} segments of footage stay sealed until they are due; audit trail {trail}",
        highlight=False,
        soft_wrap=True,
    )
    console.print(f"look again: export LFR_HOME={home}; lfr audit verify; lfr erasure verify", soft_wrap=True)
