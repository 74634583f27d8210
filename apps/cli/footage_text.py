"""What the commands of `lfr footage` share: options, how times are read, how answers are worded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.common import console, errors, person_option, print_json

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy import Engine

    from lfr_core.common.settings import Settings
    from lfr_core.retention.footage.export import Written
    from lfr_core.retention.footage.holds import Hold
    from lfr_core.retention.footage.register import Segment

__all__ = [
    "By",
    "Camera",
    "From",
    "To",
    "as_date",
    "as_ns",
    "fate",
    "hold_dict",
    "records",
    "segment_dict",
    "tell_hold",
    "tell_written",
    "time_text",
    "today",
]

Camera = Annotated[str | None, typer.Option("--camera", help="Of this camera alone.")]
From = Annotated[str | None, typer.Option("--from", help="From this time on, e.g. 2026-12-04T14:30:00Z.")]
To = Annotated[str | None, typer.Option("--to", help="Before this time.")]
By = Annotated[str, person_option("--by", "Name of the person who does this.")]


@contextmanager
def records(settings: Settings) -> Iterator[Engine]:
    """The database, its tables made if need be."""
    from lfr_core.storage.engine import open_engine
    from lfr_core.storage.migrate import upgrade

    upgrade(settings.records_url)
    engine = open_engine(settings.records_url)
    try:
        yield engine
    finally:
        engine.dispose()


def as_ns(text: str | None) -> int | None:
    """A time as nanoseconds. Raises Poison when it has no time zone: evidence mustn't be an hour off in summer."""
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


def as_date(text: str) -> dt.date:
    """A day. Raises Poison when it isn't written as one."""
    import datetime as dt

    from lfr_core.common.errors import Poison

    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise Poison(f"{text!r} isn't a date: write it as 2026-12-18") from error


def today() -> dt.date:
    """The day in UTC."""
    import datetime as dt

    return dt.datetime.now(dt.UTC).date()


def time_text(at_ns: int | None) -> str:
    """A time in UTC, to the second."""
    from lfr_core.common.clock import utc_from_ns

    return "–" if at_ns is None else f"{utc_from_ns(at_ns):%Y-%m-%d %H:%M:%S}Z"


def fate(segment: Segment) -> str:
    """When it goes, or went."""
    if segment.purged_ns is not None:
        return f"destroyed {time_text(segment.purged_ns)}"
    return "[bold]held[/bold]" if segment.held else time_text(segment.due_ns)


def segment_dict(segment: Segment) -> dict[str, object]:
    """A segment for programs."""
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
    """A hold for programs."""
    from dataclasses import asdict

    return asdict(hold) | {"review_is_overdue": hold.review_is_overdue(today())}


def tell_hold(hold: Hold, what: str, *, as_json: bool) -> None:
    """What became of a hold."""
    if as_json:
        print_json(hold_dict(hold))
        return
    until = "" if hold.released_at else f"; to be reviewed by {hold.review_on}"
    console.print(f"hold {hold.id}: segments {what}: {len(hold.segments)}{until}", highlight=False, soft_wrap=True)


def tell_written(written: Written, *, as_json: bool) -> None:
    """What came out, and what didn't."""
    if as_json:
        print_json(
            {
                "folder": str(written.folder),
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
        )
        return
    console.print(f"{written.frames} frames in {written.folder}", highlight=False, soft_wrap=True)
    if written.manifest_sha256:
        console.print(f"manifest SHA-256 {written.manifest_sha256}", highlight=False, soft_wrap=True)
    for each in written.seen:
        for wrong, words in (
            (bool(each.problem), each.problem),
            (bool(each.damaged), f"{each.damaged} frames were changed and don't open"),
            (bool(each.frames_lacking), f"{each.frames_lacking} frames on record are no longer in its file"),
            (bool(each.cut_short_bytes), "its last frame was cut short"),
        ):
            if wrong:
                errors.print(f"segment {each.segment.id}: {words}", highlight=False, soft_wrap=True)
