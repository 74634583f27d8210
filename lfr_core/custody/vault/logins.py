"""In whose name something is asked, and whether they have logged in: asked before anything is done for a person."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from pydantic import BaseModel

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.vault import messages as m

__all__ = ["ChecksLogins", "PeoplesTurns", "check_login", "find_person_asking"]

_MOST_AT_ONCE: Final = 32
"""[proposal] Requests in people's names that are under way at once."""
_TURN_S: Final = 1.0
"""Who asks one more waits so long for its turn: less than a page waits for its answer."""


class ChecksLogins(Protocol):
    """Who verifies what is shown: `lfr_core.custody.identity.shown_logins.ShownLogins`."""

    def check(self, name: str, shown: str, *, is_current: bool = False) -> None:
        """See that what is shown is a login of the person of that name, who may act now. Raises Refused, Retryable.

        `is_current`: a former name isn't theirs any more.
        """
        ...

    def maintain(self) -> None:
        """Find out what it needs to know for that, when it is time to. Called often by a thread that may wait."""
        ...


def find_person_asking(request: BaseModel) -> tuple[str, str] | None:
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
    who = find_person_asking(request)
    if who is None:
        return
    try:
        logins.check(*who, is_current=isinstance(request, m.LendWriterKey))
    except (Refused, Retryable) as error:
        is_away = isinstance(error, Retryable) or error.rule == "login.provider-away"
        if not is_away or not isinstance(request, m.DismissMachine):
            raise


class PeoplesTurns:
    """How many requests in people's names are under way. For several threads."""

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(_MOST_AT_ONCE)

    @contextmanager
    def take(self, request: BaseModel) -> Iterator[None]:
        """Count a request while it is under way, if it is in a person's name. Raises Retryable: there are too many."""
        if find_person_asking(request) is None:
            yield
            return
        if not self._free.acquire(timeout=_TURN_S):
            raise Retryable("too many people ask at once: try again in a few seconds")
        try:
            yield
        finally:
            self._free.release()
