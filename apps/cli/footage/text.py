"""Reads times for the commands of `lfr footage`, and words segments, holds and exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output
from apps.cli.common import console, errors

if TYPE_CHECKING:
    import datetime as dt

    from lfr_core.retention.footage.export import Written
    from lfr_core.retention.footage.holds import Hold
    from lfr_core.retention.footage.register import Segment

__all__ = [
    "Camera",
    "From",
    "To",
    "asked_output",
    "camera_words",
    "describe_end",
    "hold_dict",
    "hold_output",
    "parse_date",
    "parse_time_ns",
    "segment_dict",
    "time_text",
    "today",
    "written_output",
]

Camera = Annotated[str | None, typer.Option("--camera", help="Of this camera alone.")]
From = Annotated[str | None, typer.Option("--from", help="From this time on, e.g. 2026-12-04T14:30:00Z.")]
To = Annotated[str | None, typer.Option("--to", help="Before this time.")]


def parse_time_ns(text: str | None) -> int | None:
    """Read a time as nanoseconds. Raises Poison when it has no time zone: evidence mustn't be an hour off in summer."""
    import datetime as dt

    from lfr_core.common.errors import Poison

    if text is None:
        return None
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise Poison(f"{text!r} isn't a time: write it as 2026-12-04T14:30:00Z") from error
    if at.tzinfo is None:
        raise Poison(f"{text!r} has no time zone: add Z for UTC, or +01:00 for British Summer Time")
    return round(at.timestamp() * 1e6) * 1_000


def parse_date(text: str) -> dt.date:
    """Read a day. Raises Poison when it isn't written as one."""
    import datetime as dt

    from lfr_core.common.errors import Poison

    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise Poison(f"{text!r} isn't a date: write it as 2026-12-18") from error


def today() -> dt.date:
    """Return the day in UTC."""
    import datetime as dt

    return dt.datetime.now(dt.UTC).date()


def time_text(at_ns: int | None) -> str:
    """Write a time in UTC, to the second."""
    from lfr_core.common.clock import utc_from_ns

    return "–" if at_ns is None else f"{utc_from_ns(at_ns):%Y-%m-%d %H:%M:%S}Z"


def camera_words(segment: Segment) -> str:
    """Name the camera; a record that none has filmed is said to be one."""
    from lfr_core.domain.reserved import CANARY_CAMERA

    return "none: test record of the deletion check" if segment.camera == CANARY_CAMERA else segment.camera


def describe_end(segment: Segment) -> str:
    """Say when a segment goes, or went."""
    if segment.purged_ns is not None:
        return f"destroyed {time_text(segment.purged_ns)}"
    return "[bold]held[/bold]" if segment.held else time_text(segment.due_ns)


def segment_dict(segment: Segment) -> dict[str, object]:
    """Describe a segment for programs."""
    from dataclasses import asdict

    times = {
        f"{name}_at": None if at is None else time_text(at)
        for name, at in (
            ("started", segment.started_ns),
            ("ended", segment.ended_ns),
            ("due", segment.due_ns),
            ("destroyed", segment.purged_ns),
        )
    }
    return asdict(segment) | times


def hold_dict(hold: Hold) -> dict[str, object]:
    """Describe a hold for programs."""
    from dataclasses import asdict

    return asdict(hold) | {"digest": hold.digest, "review_is_overdue": hold.review_is_overdue(today())}


def hold_output(hold: Hold, what: str) -> Output:
    """Say what became of a hold."""
    until = "" if hold.released_at else f"; to be reviewed by {hold.review_on}"
    lines = [f"hold {hold.id}: segments {what}: {len(hold.segments)}{until}"]
    if not hold.released_at and not hold.approved_by:
        lines += [
            "Kept for now: another person approves it, in a session of their own, or it lapses:",
            f"  lfr footage approve {hold.id} --digest {hold.digest}",
        ]
    return Output(hold_dict(hold), "\n".join(lines))


def asked_output(hold: Hold) -> Output:
    """Say what a hold that somebody asked for covers, and how it is approved."""
    why = f"{hold.ground.value}, {hold.reference}, to be reviewed by {hold.review_on}"
    lines = [
        f"hold {hold.id}: {hold.requested_by} asks for it; {why}",
        *(f"  segment {each}" for each in hold.segments),
        f"To approve it: lfr footage approve {hold.id} --digest {hold.digest}",
    ]
    return Output(hold_dict(hold), "\n".join(lines))


def written_output(written: Written) -> Output:
    """Say what was written, and what couldn't be."""
    document = {
        "folder": str(written.folder),
        "goes_at": time_text(written.until_ns),
        "frames": written.frames,
        "manifest_sha256": written.manifest_sha256 or None,
        "segments": [
            {
                "id": each.segment.id,
                "frames": each.frames,
                "damaged": each.damaged,
                "lacking": each.frames_lacking,
                "cut_short_bytes": each.cut_short_bytes,
                "problem": each.problem or None,
            }
            for each in written.seen
        ],
    }
    return Output(document, lambda: _show_written(written))


def _show_written(written: Written) -> None:
    console.print(f"{written.frames} frames in {written.folder}", highlight=False, soft_wrap=True)
    console.print(f"in the clear; removed at {time_text(written.until_ns)}", highlight=False, soft_wrap=True)
    if written.manifest_sha256:
        console.print(f"manifest SHA-256 {written.manifest_sha256}", highlight=False, soft_wrap=True)
    for each in written.seen:
        for is_wrong, words in (
            (bool(each.problem), each.problem),
            (bool(each.damaged), f"{each.damaged} frames were changed and don't open"),
            (bool(each.frames_lacking), f"{each.frames_lacking} frames on record are no longer in its file"),
            (bool(each.cut_short_bytes), "its last frame was cut short"),
        ):
            if is_wrong:
                errors.print(f"segment {each.segment.id}: {words}", highlight=False, soft_wrap=True)
