"""`lfr footage`: what is kept, and looking at it: each look on the audit trail before it happens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli import footage_holds
from apps.cli.common import AsJson, console, guard, load_settings, print_json
from apps.cli.footage_text import (
    By,
    Camera,
    From,
    To,
    as_ns,
    fate,
    hold_dict,
    records,
    segment_dict,
    tell_written,
    time_text,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from lfr_core.common.settings import Settings
    from lfr_core.retention.footage.viewing import Viewing

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Footage: what is kept, holds beyond its 31 days, viewing and export.")
app.add_typer(footage_holds.app)

Deployment = Annotated[str, typer.Option("--deployment", help="Id of the deployment.")]
Output = Annotated[Path, typer.Option("--output", help="A new folder; it gets one JPEG a frame.")]
Purpose = Annotated[str, typer.Option("--purpose", help="Why, in a few words without names: it goes on the trail.")]


@app.command(name="list")
def list_(
    deployment: Deployment,
    camera: Camera = None,
    from_: From = None,
    to: To = None,
    gone: Annotated[bool, typer.Option("--gone", help="Also those that are destroyed.")] = False,
    as_json: AsJson = False,
) -> None:
    """List a deployment's segments: when, how many frames, when they go, and what is held.

    Example: lfr footage list --deployment high-street-0412 --camera north-gate
    """
    with guard(), records(load_settings()) as engine:
        from rich.table import Column, Table

        from lfr_core.retention.footage.register import segments

        found = [
            each
            for each in segments(engine, deployment=deployment, camera=camera, from_ns=as_ns(from_), to_ns=as_ns(to))
            if gone or each.purged_ns is None
        ]
        if as_json:
            print_json([segment_dict(each) for each in found])
            return
        if not found:
            console.print("There is no footage of that deployment, camera and time.")
            return
        table = Table(Column("Segment", min_width=32), "Camera", "From", "To", "Frames", "Missed", "Goes")
        for each in found:
            table.add_row(
                each.id, each.camera, time_text(each.started_ns), time_text(each.ended_ns), str(each.frames),
                str(each.missed), fate(each),
            )  # fmt: skip
        console.print(table)


@app.command()
def show(
    segment: Annotated[str, typer.Argument(metavar="SEGMENT", help="Id of the segment.")], as_json: AsJson = False
) -> None:
    """Show one segment: its record, its holds, and whether its file is whole. Opens no frame.

    Example: lfr footage show 0b5c2f6d9a3e4f7b8c1d2e3f4a5b6c7d
    """
    with guard():
        from lfr_core.common.errors import Poison, Refused
        from lfr_core.retention.footage.holds import holds
        from lfr_core.retention.footage.register import find_segments
        from lfr_core.retention.footage.segment import index_segment, segment_file

        settings = load_settings()
        with records(settings) as engine:
            found = find_segments(engine, [segment])
            if not found:
                raise Refused(
                    "footage.unknown", f"there is no segment {segment}; `lfr footage list` shows those there are"
                )
            (one,) = found
            covering = [hold for hold in holds(engine, released=True) if segment in hold.segments]
        values = segment_dict(one)
        try:
            index = index_segment(segment_file(settings.footage_store, one.id))
            values |= {"frames_in_file": len(index.records), "cut_short_bytes": index.cut_short_bytes}
        except (OSError, Poison) as error:
            values |= {"frames_in_file": None, "file": str(error) if isinstance(error, Poison) else "not there"}
        values["holds"] = [hold_dict(hold) for hold in covering]
        if as_json:
            print_json(values)
            return
        for name, value in values.items():
            console.print(f"[dim]{name.replace('_', ' '):>18}[/dim]  ", end="")
            text = ", ".join(hold.id for hold in covering) if name == "holds" else str(value)
            console.print(text, markup=False, highlight=False, soft_wrap=True)


@app.command()
def view(
    deployment: Deployment,
    by: By,
    purpose: Purpose,
    output: Output,
    camera: Camera = None,
    from_: From = None,
    to: To = None,
    as_json: AsJson = False,
) -> None:
    """Write the frames of a time as JPEGs for somebody to look at. Delete the folder afterwards: nothing else does.

    Example: lfr footage view --deployment high-street-0412 --camera north-gate --from 2026-12-04T14:30:00Z
    --to 2026-12-04T14:31:00Z --by "Sgt Ask" --purpose "complaint CO/12/26" --output seen
    """
    with guard():
        from lfr_core.retention.footage.export import write_frames

        settings = load_settings()
        with records(settings) as engine:
            viewing = _viewing(settings, engine, deployment, camera, from_, to, by, purpose)
            tell_written(write_frames(viewing, output), as_json=as_json)


@app.command()
def export(
    deployment: Deployment,
    by: By,
    purpose: Purpose,
    output: Output,
    camera: Camera = None,
    from_: From = None,
    to: To = None,
    as_json: AsJson = False,
) -> None:
    """Hand frames on as evidence: JPEGs and a manifest with their SHA-256; a disclosure on the audit trail.

    Example: lfr footage export --deployment high-street-0412 --camera north-gate --from 2026-12-04T14:30:00Z
    --to 2026-12-04T14:31:00Z --by "Sgt Ask" --purpose "case 36/1234/26" --output evidence
    """
    with guard():
        import time

        from lfr_core.common.clock import SystemClock
        from lfr_core.custody.audit.trail import AuditTrail
        from lfr_core.custody.vault.client import vault_client
        from lfr_core.retention.footage.export import disclose

        settings = load_settings()
        with records(settings) as engine:
            written = disclose(
                _viewing(settings, engine, deployment, camera, from_, to, by, purpose),
                output,
                engine=engine,
                trail=AuditTrail(vault_client(settings), SystemClock()),
                deployment=deployment,
                actor=by,
                purpose=purpose,
                now_ns=time.time_ns(),
            )
        tell_written(written, as_json=as_json)


def _viewing(
    settings: Settings,
    engine: Engine,
    deployment: str,
    camera: str | None,
    from_: str | None,
    to: str | None,
    by: str,
    purpose: str,
) -> Viewing:
    from lfr_core.custody.vault.client import vault_client
    from lfr_core.retention.footage.viewing import Viewing, choose

    chosen = choose(engine, deployment=deployment, camera=camera, from_ns=as_ns(from_), to_ns=as_ns(to))
    return Viewing(
        settings.footage_store,
        vault_client(settings),
        chosen,
        actor=by,
        purpose=purpose,
        from_ns=as_ns(from_),
        to_ns=as_ns(to),
    )
