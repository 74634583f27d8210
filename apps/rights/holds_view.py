"""Holds of footage as people see them: which footage, why, by whom and until when; asked for, approved, let go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from apps.deployment_labels import read_labels
from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.installation import Installation
from lfr_core.custody.people.consultations import Consultations
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.domain.working_days import LONDON
from lfr_core.retention.build import build_hold_service
from lfr_core.retention.footage.hold_approval import PROVISIONAL_DAYS
from lfr_core.retention.footage.hold_service import HoldService
from lfr_core.retention.footage.holds import Hold, HoldGround, HoldRequest, holds, holds_of_requests
from lfr_core.retention.footage.listing import list_holds, list_segments
from lfr_core.retention.footage.register import Segment, find_segments

__all__ = ["GROUNDS", "HeldFootage", "HoldForm", "HoldsView", "hold_row", "holds_view"]

GROUNDS: Final[Mapping[HoldGround, str]] = {
    HoldGround.CRIMINAL_INVESTIGATION: "a criminal investigation or a trial",
    HoldGround.COMPLAINT: "a complaint, or an investigation of conduct",
    HoldGround.LEGAL_DUTY: "a request of the person seen, or another duty in law",
}


@dataclass(frozen=True, slots=True)
class HeldFootage:
    """A hold, and what it keeps in words."""

    hold: Hold
    what: str
    of_request: bool
    """A complaint placed it by itself: it is confirmed there."""


@dataclass(frozen=True, slots=True)
class HoldForm:
    """The form as it was filled in. Times are London's clock."""

    deployment: str
    """Its id."""
    camera: str
    """"" for all of them."""
    day: date
    start: time
    end: time
    ground: HoldGround
    reference: str
    review_on: date


@dataclass(frozen=True, slots=True)
class HoldsView:
    """Every method raises as the service that it asks."""

    looks: Consultations
    service: HoldService
    clock: Clock
    review_days: int
    """Within which a hold is reviewed."""

    @property
    def latest_review(self) -> date:
        """The last day on which somebody has to look at a hold that is placed today."""
        return self.today() + timedelta(days=self.review_days)

    def labels(self) -> dict[str, str]:
        """Name each deployment as people do, by its id."""
        return read_labels(self.looks.engine)

    def today(self) -> date:
        """Return London's date."""
        return utc_from_ns(self.clock.time_ns()).astimezone(LONDON).date()

    def list(self, by: AuthenticatedPerson) -> tuple[HeldFootage, ...]:
        """List the holds in force, those to be reviewed first."""
        labels, engine = self.labels(), self.looks.engine
        of_requests = holds_of_requests(engine)
        return tuple(
            HeldFootage(each, _what(find_segments(engine, each.segments), labels), each.id in of_requests)
            for each in list_holds(self.looks, by=by)
        )

    def count_waiting(self) -> tuple[int, int]:
        """Count the holds that wait for a second person, and those whose review is overdue."""
        found, today = holds(self.looks.engine), self.today()
        return sum(not each.approved_by for each in found), sum(each.review_is_overdue(today) for each in found)

    def mark(self) -> str:
        """Return what the list was drawn of, for the page alone: another one means that somebody has acted."""
        return repr((self.today(), holds(self.looks.engine)))

    def place(self, form: HoldForm, *, by: AuthenticatedPerson) -> Hold:
        """Hold the footage that the form describes.

        Raises:
            Refused: also `footage.hold-empty`: no footage of that time is kept.
        """
        begin, end = (
            round(datetime.combine(form.day, at, tzinfo=LONDON).timestamp() * 1e9) for at in (form.start, form.end)
        )
        found = list_segments(
            self.looks, form.deployment, by=by, camera=form.camera.strip() or None, from_ns=begin, to_ns=end
        )
        kept = tuple(each.id for each in found if each.purged_ns is None)
        if not kept:
            raise Refused("footage.hold-empty", "no footage of that camera and time is kept: look at both again")
        return self.service.place(HoldRequest(kept, form.ground, form.reference, form.review_on), by=by)


def holds_view(installation: Installation) -> HoldsView:
    """Build it. Nothing is connected yet."""
    days = installation.policy.footage.hold_review_days
    return HoldsView(installation.looks, build_hold_service(installation), installation.clock, days)


def hold_row(one: HeldFootage, today: date) -> tuple[str, ...]:
    """Say what is held, why, who asked and approved, and when it is looked at again."""
    hold = one.hold
    late = ", OVERDUE" if hold.review_is_overdue(today) else ""
    return (
        hold.reference,
        one.what,
        GROUNDS[hold.ground],
        hold.requested_by,
        hold.approved_by or f"nobody yet: it lapses on {_day(_lapses_on(hold))}",
        f"{_day(hold.review_on)}{late}",
    )


def _lapses_on(hold: Hold) -> date:
    """Return the day on which a hold ends that nobody approves; a complaint's own is reviewed by that day."""
    placed_on = hold.placed_at.astimezone(LONDON).date()
    return min(hold.review_on, placed_on + timedelta(days=PROVISIONAL_DAYS))


def _what(found: tuple[Segment, ...], labels: Mapping[str, str]) -> str:
    """Say which footage: of which deployments and cameras, from when to when."""
    kept = [each for each in found if each.purged_ns is None]
    if not kept:
        return "footage that has gone"
    deployments = "; ".join(sorted({labels.get(each.deployment, "one that has gone") for each in kept}))
    cameras = ", ".join(sorted({each.camera for each in kept}))
    first, last = min(each.started_ns for each in kept), max(each.ended_ns or each.started_ns for each in kept)
    begin, end = (utc_from_ns(at).astimezone(LONDON) for at in (first, last))
    until = f"{end:%H:%M:%S}" if begin.date() == end.date() else f"{_day(end)}, {end:%H:%M:%S}"
    return f"{deployments}: {cameras}, {_day(begin)}, {begin:%H:%M:%S} to {until}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
