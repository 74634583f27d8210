"""The read model of the page for enquiries and complaints; rules and queries are in `lfr_core.publication.rights`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from apps.deployment_labels import read_labels
from apps.rights.holds_view import HoldsView
from lfr_core.common.errors import Poison
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.rights import answering
from lfr_core.publication.rights.letter import print_letter
from lfr_core.publication.rights.reading import requests
from lfr_core.publication.rights.service import OFFICERS, SECOND, RightsService
from lfr_core.publication.rights.types import (
    NewRequest,
    Opened,
    Request,
    RequestContext,
    RequestHold,
    RequestKind,
    RequestState,
)

__all__ = ["ROLES", "Form", "RightsView", "hold_words", "state_words"]

ROLES = OFFICERS | SECOND
"""Whom the page is for: those who answer or confirm."""


@dataclass(frozen=True, slots=True)
class Form:
    """The intake form as it was filled in. Times are London's clock."""

    kind: RequestKind
    contact: str
    text: str
    deployment: str = ""
    receipt: str = ""
    place: str = ""
    day: date | None = None
    start: time | None = None
    end: time | None = None
    asks_listed: bool = False
    received_on: date | None = None


class RightsView:
    """What the page shows and does. Every method raises as `lfr_core.publication.rights`."""

    def __init__(self, service: RightsService, holds: HoldsView | None = None) -> None:
        """
        Args:
            service: of requests.
            holds: of all footage, where the page shows them too.
        """
        self.service = service
        self.holds = holds

    def requests(self, by: AuthenticatedPerson, *, closed: bool) -> tuple[Request, ...]:
        """List the requests, those due first at the front."""
        return self.service.list(by=by, closed=closed)

    def mark(self, *, closed: bool) -> str:
        """Return what the list was drawn of, for the page alone: another one means that somebody has acted."""
        return repr(requests(self.service.engine, self.service.days, self.service.now(), closed=closed))

    def labels(self) -> dict[str, str]:
        """Name each deployment as people do, by its id."""
        return read_labels(self.service.engine)

    def may_answer(self, by: AuthenticatedPerson) -> bool:
        """Return whether they open, answer and close requests; the second person confirms and approves alone."""
        return bool(by.roles & OFFICERS)

    def receive(self, form: Form, by: AuthenticatedPerson) -> Request:
        """Take the request that the form describes.

        Raises:
            Poison: also for a day without its times, or a time that the clock skips.
        """
        begin, end = (None, None) if form.day is None else _window(form.day, form.start, form.end)
        about = RequestContext(form.deployment, begin, end, form.place, form.receipt)
        asked = NewRequest(form.kind, form.contact, form.text, about, form.asks_listed, form.received_on)
        return self.service.take(asked, by=by)

    def open(self, reference: str, by: AuthenticatedPerson, purpose: str) -> Opened:
        """Open who asked, and what; on the audit trail."""
        return self.service.open(reference, by=by, purpose=purpose)

    def print_letter(self, reference: str, by: AuthenticatedPerson) -> str:
        """Write the answer as a letter to print, a page of HTML; on the audit trail."""
        return print_letter(self.service, reference, by=by)

    def answer(self, request: Request, text: str, by: AuthenticatedPerson, subject: str = "") -> Request:
        """Answer in words, or, where it asks "was I on a list", in the given ones."""
        if request.asks_listed:
            return answering.answer_listed(self.service, request.reference, by=by, subject=subject)
        return answering.answer(self.service, request.reference, text, by=by)

    def ask_disclosure(self, reference: str, by: AuthenticatedPerson) -> Request:
        return answering.ask_disclosure(self.service, reference, by=by)

    def approve_disclosure(self, request: Request, by: AuthenticatedPerson) -> Request:
        """Approve what was asked for as `request` shows it."""
        return answering.approve_disclosure(self.service, request.reference, digest=request.disclosure_digest, by=by)

    def assign(self, reference: str, deployment: str, by: AuthenticatedPerson) -> Request:
        """Say which deployment a request is about."""
        return self.service.assign(reference, deployment, by=by)

    def confirm(self, reference: str, by: AuthenticatedPerson) -> Request:
        return self.service.confirm(reference, by=by)

    def close(self, reference: str, by: AuthenticatedPerson, *, withdrawn: bool) -> Request:
        return answering.close(self.service, reference, by=by, withdrawn=withdrawn)


def state_words(request: Request, today: date) -> str:
    """Say where a request stands, so that no colour is needed."""
    days = (request.due_on - today).days
    match request.state:
        case RequestState.OVERDUE:
            return f"OVERDUE by {-days} day{'s' if days != -1 else ''}"
        case RequestState.OPEN | RequestState.DUE_SOON:
            return f"due in {days} day{'s' if days != 1 else ''}" if days else "due today"
        case _:
            return request.state.value


def hold_words(request: Request, labels: Mapping[str, str]) -> tuple[str, ...]:
    """Say what is held for a request, a sentence a hold. `labels`: of deployments, by their ids."""
    if not request.holds and request.kind is RequestKind.COMPLAINT and request.closed_at is None:
        if request.deployment is None:
            return ("No footage is held for it yet. Say below which deployment it is about: that one's is held then.",)
        return ("No footage is held for it. What should be kept is held under “Footage that is held”.",)
    return tuple(_hold_sentence(hold, labels) for hold in request.holds)


def _hold_sentence(hold: RequestHold, labels: Mapping[str, str]) -> str:
    of = f"Footage of {labels.get(hold.deployment, 'a deployment that has gone')}"
    if hold.ended_at is not None:
        return f"{of} was held until {_day(hold.ended_at)}."
    if hold.is_provisional:
        when = "is held for now" if hold.segments else "will be held as it comes"
        return f"{of} {when}: a second person has until {_day(hold.lapses_at)} to confirm it, else the hold lapses."
    return f"{of} is held, confirmed by {hold.confirmed_by}."


def _day(at: datetime) -> str:
    local = at.astimezone(LONDON)
    return f"{local.day} {local:%B %Y}"


def _window(day: date, start: time | None, end: time | None) -> tuple[datetime, datetime]:
    if start is None or end is None or start >= end:
        raise Poison("give the time from and to, on one day: for a stretch over midnight take a request for each day")
    return _moment(day, start), _moment(day, end)


def _moment(day: date, at: time) -> datetime:
    local = datetime.combine(day, at, tzinfo=LONDON)
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        raise Poison(f"the clocks change on {day}: {at:%H:%M} isn't one moment, give another time")
    return local
