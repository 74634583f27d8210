"""`lfr footage hold | review | release | holds`: two people, a reason, a review."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.common import AsJson, console, guard, load_settings, person_option, policy_of, print_json
from apps.cli.footage_text import By, Camera, From, To, as_date, as_ns, hold_dict, records, tell_hold, today

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from lfr_core.common.settings import Settings
    from lfr_core.retention.footage.hold_service import HoldService

__all__ = ["app"]

app = typer.Typer()

ApprovedBy = Annotated[str, person_option("--approved-by", "Name of another person, who approves it.")]
ReviewOn = Annotated[str, typer.Option("--review-on", metavar="DATE", help="When it is looked at again, YYYY-MM-DD.")]
HoldId = Annotated[str, typer.Argument(metavar="HOLD", help="Id of the hold; `lfr footage holds` shows it.")]


@app.command()
def hold(
    ground: Annotated[str, typer.Option(help="criminal_investigation, complaint or legal_duty; nothing else counts.")],
    reference: Annotated[str, typer.Option(help="Number of the case, complaint or request.")],
    by: By,
    approved_by: ApprovedBy,
    review_on: ReviewOn,
    segment: Annotated[list[str] | None, typer.Option(help="Id of a segment; give it once for each.")] = None,
    deployment: Annotated[
        str | None, typer.Option("--deployment", help="Or all segments of this deployment ...")
    ] = None,
    camera: Camera = None,
    from_: From = None,
    to: To = None,
    as_json: AsJson = False,
) -> None:
    """Keep named segments beyond their 31 days: two people, a reason, a review. What is destroyed can't be held.

    The same command again changes nothing, and mends a hold that was interrupted.

    Example: lfr footage hold --segment 0b5c2f6d9a3e4f7b8c1d2e3f4a5b6c7d --ground complaint --reference CO/12/26
    --by "Sgt Ask" --approved-by "Insp Allow" --review-on 2026-12-18
    """
    with guard():
        from lfr_core.common.errors import Refused
        from lfr_core.retention.footage.holds import HoldGround, HoldRequest
        from lfr_core.retention.footage.register import segments

        try:
            why = HoldGround(ground)
        except ValueError as error:
            grounds = ", ".join(each.value for each in HoldGround)
            raise Refused("footage.hold-ground", f"{ground!r} is no ground for a hold; there are {grounds}") from error
        review = as_date(review_on)
        settings = load_settings()
        with records(settings) as engine:
            wanted = list(segment or ())
            if deployment is not None:
                found = segments(engine, deployment=deployment, camera=camera, from_ns=as_ns(from_), to_ns=as_ns(to))
                wanted += [each.id for each in found]
            request = HoldRequest(tuple(wanted), why, reference, by, approved_by, review)
            placed = _desk(settings, engine).place(request)
        tell_hold(placed, "held", as_json=as_json)


@app.command()
def review(hold: HoldId, by: By, approved_by: ApprovedBy, review_on: ReviewOn, as_json: AsJson = False) -> None:
    """Say that a hold was reviewed and goes on until the next review; two people again.

    Example: lfr footage review 7c1d2e3f4a5b6c7d0b5c2f6d9a3e4f7b --by "Sgt Ask" --approved-by "Insp Allow"
    --review-on 2027-01-15
    """
    with guard():
        on, settings = as_date(review_on), load_settings()
        with records(settings) as engine:
            reviewed = _desk(settings, engine).review(hold, review_on=on, requested_by=by, approved_by=approved_by)
        tell_hold(reviewed, "reviewed", as_json=as_json)


@app.command()
def release(hold: HoldId, by: By, as_json: AsJson = False) -> None:
    """Let go of a hold: what is past its time and under no other hold goes with the next sweep.

    Example: lfr footage release 7c1d2e3f4a5b6c7d0b5c2f6d9a3e4f7b --by "Sgt Ask"
    """
    with guard():
        settings = load_settings()
        with records(settings) as engine:
            released = _desk(settings, engine).release(hold, actor=by)
        tell_hold(released, "released", as_json=as_json)


@app.command(name="holds")
def holds_(
    released: Annotated[bool, typer.Option("--released", help="Also those that were released.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the holds in force, those whose review is due first.

    Example: lfr footage holds
    """
    with guard(), records(load_settings()) as engine:
        from rich.table import Column, Table

        from lfr_core.retention.footage.holds import holds

        found = holds(engine, released=released)
        if as_json:
            print_json([hold_dict(each) for each in found])
            return
        if not found:
            console.print("No footage is held.")
            return
        table = Table(
            Column("Hold", min_width=32), "Ground", "Reference", "Segments", "Asked by", "Approved by", "Review"
        )
        for each in found:
            late = " [red]overdue[/red]" if each.review_is_overdue(today()) else ""
            done = f" (released {each.released_at:%Y-%m-%d})" if each.released_at else ""
            table.add_row(
                each.id, each.ground.value, each.reference, str(len(each.segments)), each.requested_by,
                each.approved_by or "nobody yet", f"{each.review_on}{late}{done}",
            )  # fmt: skip
        console.print(table)


def _desk(settings: Settings, engine: Engine) -> HoldService:
    from lfr_core.common.clock import SystemClock
    from lfr_core.custody.audit.trail import AuditTrail
    from lfr_core.custody.vault.client import vault_client
    from lfr_core.retention.footage.hold_service import HoldService

    vault, clock = vault_client(settings), SystemClock()
    return HoldService(engine, vault, AuditTrail(vault, clock), policy_of(settings).footage, clock)
