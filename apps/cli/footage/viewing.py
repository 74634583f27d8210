"""`lfr footage list | show | view | export`: what is kept, and looking at it, each time on the audit trail first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import console, print_fields
from apps.cli.footage.text import (
    Camera,
    From,
    To,
    camera_words,
    describe_end,
    hold_dict,
    parse_time_ns,
    segment_dict,
    time_text,
    written_output,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson
    from lfr_core.retention.footage.register import Segment
    from lfr_core.retention.footage.viewing import Viewing

__all__ = ["app"]

app = typer.Typer()

Deployment = Annotated[str, typer.Option("--deployment", help="Id of the deployment.")]
Destination = Annotated[
    str,
    typer.Option(
        "--output", metavar="NAME", help="Of a new folder in `exports` in the home folder; it goes by itself."
    ),
]
Purpose = Annotated[str, typer.Option("--purpose", help="Why, in a few words without names: it goes on the trail.")]


@command(app, "list", migrated=True)
def list_segments(
    installation: Installation,
    deployment: Deployment,
    by: AuthenticatedPerson,
    camera: Camera = None,
    from_: From = None,
    to: To = None,
    gone: Annotated[bool, typer.Option("--gone", help="Also those that are destroyed.")] = False,
    test_records: Annotated[
        bool, typer.Option("--test-records", help="Also the noise by which the deletion is checked: nobody's.")
    ] = False,
) -> Output:
    """List a deployment's segments: when, how many frames, when they go, and what is held.

    Example: lfr footage list --deployment high-street-0412 --camera north-gate
    """
    from lfr_core.retention.footage.listing import list_segments

    begin, end = parse_time_ns(from_), parse_time_ns(to)
    found = list_segments(
        installation.looks,
        deployment,
        by=by,
        camera=camera,
        from_ns=begin,
        to_ns=end,
        with_test_records=test_records,
    )
    shown = [each for each in found if gone or each.purged_ns is None]
    return Output([segment_dict(each) for each in shown], lambda: _show_list(shown))


@command(app, migrated=True)
def show(
    installation: Installation,
    segment: Annotated[str, typer.Argument(metavar="SEGMENT", help="Id of the segment.")],
    by: AuthenticatedPerson,
) -> Output:
    """Show one segment: its record, its holds, and whether its file is whole. Opens no frame.

    Example: lfr footage show 0b5c2f6d9a3e4f7b8c1d2e3f4a5b6c7d
    """
    from lfr_core.common.errors import Poison
    from lfr_core.retention.footage.listing import show_segment
    from lfr_core.retention.footage.segment import index_segment, segment_file

    one, covering = show_segment(installation.looks, segment, by=by)
    values = segment_dict(one)
    try:
        index = index_segment(segment_file(installation.settings.footage_store, one.id))
        values |= {"frames_in_file": len(index.records), "cut_short_bytes": index.cut_short_bytes}
    except (OSError, Poison) as error:
        values |= {"frames_in_file": None, "file": str(error) if isinstance(error, Poison) else "not there"}
    lines = values | {"camera": camera_words(one), "holds": ", ".join(hold.id for hold in covering)}
    return Output(
        values | {"holds": [hold_dict(hold) for hold in covering]},
        lambda: print_fields((name, str(value)) for name, value in lines.items()),
    )


@command(app, migrated=True)
def view(
    installation: Installation,
    deployment: Deployment,
    by: AuthenticatedPerson,
    purpose: Purpose,
    output: Destination,
    camera: Camera = None,
    from_: From = None,
    to: To = None,
) -> Output:
    """Write the frames of a time as JPEGs for somebody to look at. They go by themselves at the time that is shown.

    Example: lfr footage view --deployment high-street-0412 --camera north-gate --from 2026-12-04T14:30:00Z
    --to 2026-12-04T14:31:00Z --purpose "complaint CO/12/26" --output seen
    """
    from lfr_core.retention.build import open_exports
    from lfr_core.retention.footage.export import write_frames

    viewing = _open_viewing(installation, deployment, camera, from_, to, by, purpose)
    return written_output(write_frames(viewing, open_exports(installation), output, now_ns=installation.now_ns))


@command(app, migrated=True)
def export(
    installation: Installation,
    deployment: Deployment,
    by: AuthenticatedPerson,
    purpose: Purpose,
    output: Destination,
    camera: Camera = None,
    from_: From = None,
    to: To = None,
) -> Output:
    """Hand frames on as evidence: JPEGs and a manifest with their SHA-256; a disclosure on the audit trail.

    Copy the folder to where it is handed on: it goes by itself at the time that is shown.

    Example: lfr footage export --deployment high-street-0412 --camera north-gate --from 2026-12-04T14:30:00Z
    --to 2026-12-04T14:31:00Z --purpose "case 36/1234/26" --output evidence
    """
    from lfr_core.retention.build import open_exports
    from lfr_core.retention.footage.export import disclose

    written = disclose(
        _open_viewing(installation, deployment, camera, from_, to, by, purpose),
        open_exports(installation),
        output,
        engine=installation.engine,
        trail=installation.trail,
        deployment=deployment,
        actor=by,
        purpose=purpose,
        now_ns=installation.now_ns,
    )
    return written_output(written)


def _show_list(segments: Sequence[Segment]) -> None:
    from rich.table import Column, Table

    if not segments:
        console.print("There is no footage of that deployment, camera and time.")
        return
    table = Table(Column("Segment", min_width=32), "Camera", "From", "To", "Frames", "Missed", "Goes")
    for each in segments:
        begin, end = time_text(each.started_ns), time_text(each.ended_ns)
        table.add_row(each.id, camera_words(each), begin, end, str(each.frames), str(each.missed), describe_end(each))
    console.print(table)


def _open_viewing(
    installation: Installation,
    deployment: str,
    camera: str | None,
    from_: str | None,
    to: str | None,
    by: AuthenticatedPerson,
    purpose: str,
) -> Viewing:
    from lfr_core.retention.footage.viewing import Viewing, choose_footage

    begin, end = parse_time_ns(from_), parse_time_ns(to)
    chosen = choose_footage(installation.engine, deployment=deployment, by=by, camera=camera, from_ns=begin, to_ns=end)
    folder = installation.settings.footage_store
    return Viewing(folder, installation.vault, chosen, actor=by, purpose=purpose, from_ns=begin, to_ns=end)
