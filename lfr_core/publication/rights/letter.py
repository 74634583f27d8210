"""The answer to an enquiry or a complaint as a letter to print. It sends nothing: a person does."""

from __future__ import annotations

from typing import Final

from lfr_core.common.errors import Refused
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.rights.paper import render_paper
from lfr_core.publication.rights.reading import find_request, public_place_and_day
from lfr_core.publication.rights.service import OFFICERS, RightsService
from lfr_core.storage.engine import reading

__all__ = ["print_letter"]

_PURPOSE: Final = "rights.letter"


def print_letter(service: RightsService, reference: str, *, by: AuthenticatedPerson) -> str:
    """Write the letter as one page of HTML, in the force's own name. That it was opened for this is on the audit trail.

    Raises:
        Refused: as `RightsService.open`; `rights.unanswered`: there is nothing to print yet.
        Retryable: the records or the vault are away.
    """
    with reading(service.engine) as session:
        acting(session, by, OFFICERS)
    request = find_request(service.engine, service.days, service.now(), reference)
    if request.answered_at is None:
        raise Refused("rights.unanswered", f"{request.reference} isn't answered: answer it, then print the letter")
    opened = service.open(request.reference, by=by, purpose=_PURPOSE)
    answered = request.answered_at.astimezone(LONDON)
    with reading(service.engine) as session:
        about = public_place_and_day(session, request.deployment) if request.deployment else ""
    return render_paper("letter.html", service.policy, request=request, opened=opened, answered=answered, about=about)
