"""`lfr footage hold | approve | review | release | holds`: two people, a reason, a review."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import console
from apps.cli.footage.text import (
    Camera,
    From,
    To,
    asked_output,
    hold_dict,
    hold_output,
    parse_date,
    parse_time_ns,
    today,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson
    from lfr_core.retention.footage.holds import Hold, HoldGround

__all__ = ["app"]

app = typer.Typer()

ReviewOn = Annotated[str, typer.Option("--review-on", metavar="DATE", help="When it is looked at again, YYYY-MM-DD.")]
HoldId = Annotated[str, typer.Argument(metavar="HOLD", help="Id of the hold; `lfr footage holds` shows it.")]


@command(app, "hold", migrated=True)
def place_hold(
    installation: Installation,
    ground: Annotated[str, typer.Option(help="criminal_investigation, complaint or legal_duty; nothing else counts.")],
    reference: Annotated[str, typer.Option(help="Number of the case, complaint or request.")],
    by: AuthenticatedPerson,
    review_on: ReviewOn,
    segment: Annotated[list[str] | None, typer.Option(help="Id of a segment; give it once for each.")] = None,
    deployment: Annotated[
        str | None, typer.Option("--deployment", help="Or all segments of this deployment ...")
    ] = None,
    camera: Camera = None,
    from_: From = None,
    to: To = None,
) -> Output:
    """Keep named segments beyond their 31 days. What is destroyed can't be held.

    Another person approves it, in a session of their own (`lfr footage approve`), or it lapses after 14 days.

    The same command again changes nothing, and mends a hold that was interrupted.

    Example: lfr footage hold --segment 0b5c2f6d9a3e4f7b8c1d2e3f4a5b6c7d --ground complaint --reference CO/12/26
    --review-on 2026-12-18
    """
    from lfr_core.retention.build import build_hold_service
    from lfr_core.retention.footage.holds import HoldRequest
    from lfr_core.retention.footage.listing import list_segments

    why, review = _parse_ground(ground), parse_date(review_on)
    wanted = list(segment or ())
    if deployment is not None:
        begin, end = parse_time_ns(from_), parse_time_ns(to)
        found = list_segments(installation.looks, deployment, by=by, camera=camera, from_ns=begin, to_ns=end)
        wanted += [each.id for each in found]
    request = HoldRequest(tuple(wanted), why, reference, review)
    return hold_output(build_hold_service(installation).place(request, by=by), "held")


@command(app, migrated=True)
def approve(
    installation: Installation,
    hold: HoldId,
    by: AuthenticatedPerson,
    digest: Annotated[
        str, typer.Option("--digest", help="Of the hold that you read; without it the hold is shown and nothing done.")
    ] = "",
) -> Output:
    """Approve a hold that somebody else asked for: it stands until its review.

    Example: lfr footage approve 7c1d2e3f4a5b6c7d0b5c2f6d9a3e4f7b --digest 0f3c9a11d2e47b58
    """
    from lfr_core.retention.build import build_hold_service
    from lfr_core.retention.footage.listing import show_hold

    if not digest:
        return asked_output(show_hold(installation.looks, hold, by=by))
    return hold_output(build_hold_service(installation).approve(hold, digest=digest, by=by), "approved")


@command(app, migrated=True)
def review(installation: Installation, hold: HoldId, by: AuthenticatedPerson, review_on: ReviewOn) -> Output:
    """Say that a hold was reviewed and goes on until the next review; another than who asked for it.

    Example: lfr footage review 7c1d2e3f4a5b6c7d0b5c2f6d9a3e4f7b --review-on 2027-01-15
    """
    from lfr_core.retention.build import build_hold_service

    reviewed = build_hold_service(installation).review(hold, review_on=parse_date(review_on), by=by)
    return hold_output(reviewed, "reviewed")


@command(app, migrated=True)
def release(installation: Installation, hold: HoldId, by: AuthenticatedPerson) -> Output:
    """Let go of a hold: what is past its time and under no other hold goes with the next sweep.

    Example: lfr footage release 7c1d2e3f4a5b6c7d0b5c2f6d9a3e4f7b
    """
    from lfr_core.retention.build import build_hold_service

    return hold_output(build_hold_service(installation).release(hold, by=by), "released")


@command(app, "holds", migrated=True)
def list_holds(
    installation: Installation,
    by: AuthenticatedPerson,
    released: Annotated[bool, typer.Option("--released", help="Also those that were released.")] = False,
) -> Output:
    """List the holds in force, those whose review is due first.

    Example: lfr footage holds
    """
    from lfr_core.retention.footage.listing import list_holds

    found = list_holds(installation.looks, by=by, released=released)
    return Output([hold_dict(each) for each in found], lambda: _show_holds(found))


def _show_holds(found: Sequence[Hold]) -> None:
    from rich.table import Column, Table

    if not found:
        console.print("No footage is held.")
        return
    table = Table(Column("Hold", min_width=32), "Ground", "Reference", "Segments", "Asked by", "Approved by", "Review")
    for each in found:
        late = " [red]overdue[/red]" if each.review_is_overdue(today()) else ""
        done = f" (released {each.released_at:%Y-%m-%d})" if each.released_at else ""
        table.add_row(
            each.id,
            each.ground.value,
            each.reference,
            str(len(each.segments)),
            each.requested_by,
            each.approved_by or "nobody yet",
            f"{each.review_on}{late}{done}",
        )
    console.print(table)


def _parse_ground(word: str) -> HoldGround:
    from lfr_core.common.errors import Refused
    from lfr_core.retention.footage.holds import HoldGround

    try:
        return HoldGround(word)
    except ValueError as error:
        grounds = ", ".join(each.value for each in HoldGround)
        raise Refused("footage.hold-ground", f"{word!r} is no ground for a hold; there are {grounds}") from error
