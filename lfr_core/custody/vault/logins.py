"""In whose name something is asked, and whether they have logged in: asked before anything is done for a person."""

from __future__ import annotations

from typing import Protocol

from pydantic import BaseModel

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.vault import messages as m

__all__ = ["ChecksLogins", "check_login", "person_asking"]


class ChecksLogins(Protocol):
    """Who verifies what is shown: `lfr_core.custody.identity.shown_logins.ShownLogins`."""

    def check(self, name: str, shown: str, *, is_current: bool = False) -> None:
        """See that what is shown is a login of the person of that name, who may act now. Raises Refused, Retryable.

        `is_current`: a name of before isn't theirs any more.
        """
        ...


def person_asking(request: BaseModel) -> tuple[str, str] | None:
    """Return in whose name something is asked, and what shows their login; None: in no person's."""
    match request:
        case m.OpenKept(actor=m.PersonMessage(name=name), shown=shown):
            return name, shown
        case m.LendWriterKey() | m.AdmitMachine() | m.DismissMachine() if request.person:
            return request.person, request.shown
    return None


def check_login(request: BaseModel, logins: ChecksLogins) -> None:
    """See that whoever something is asked for has logged in.

    A machine is dismissed while the records or the identity provider are away, too: ending is the safe side. Entries
    are sealed in the name that somebody has now.

    Raises:
        Refused: as `ChecksLogins.check`. Retryable: the records are away.
    """
    who = person_asking(request)
    if who is None:
        return
    try:
        logins.check(*who, is_current=isinstance(request, m.LendWriterKey))
    except (Refused, Retryable) as error:
        is_away = isinstance(error, Retryable) or error.rule == "login.provider-away"
        if not is_away or not isinstance(request, m.DismissMachine):
            raise
