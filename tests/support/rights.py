"""A harness with footage, people on the register, and the service that takes requests of rights.

The vault is asked through its socket, as every page and command asks it: `make_key` and all the rest pass its messages.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from sqlalchemy import Engine

from lfr_core.custody.people import Rank, Role
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.publication.rights.service import RightsService
from lfr_core.publication.rights.types import NewRequest, Request, RequestContext, RequestKind
from lfr_core.retention.footage.register import Segment, segments
from lfr_core.retention.steps.footage import FootageStep
from tests.support.footage import FootageHarness
from tests.support.people import authenticated, put_people

__all__ = ["APPROVER", "CLERK", "CONTACT", "OFFICER", "TEXT", "RightsHarness"]

CLERK = "F. Doyle"
OFFICER = "D. Officer"
APPROVER = "Supt Allow"
CONTACT = "Aylin Quartermaine, 4 Rampant Horse Street"
_REGISTERED = {
    OFFICER: ({Role.COMPLIANCE}, Rank.POLICE_STAFF),
    APPROVER: ({Role.AUTHORISING_OFFICER}, Rank.SUPERINTENDENT),
    CLERK: ({Role.PLANNER}, Rank.POLICE_STAFF),
    "Olu Operator": ({Role.OPERATOR}, Rank.CONSTABLE),
}
TEXT = "I was stopped outside the library.\nWhy me?"


class RightsHarness(FootageHarness):
    """Time stands until a test moves it; the deployment is called `dep`."""

    def __init__(self, engine: Engine, home: Path) -> None:
        super().__init__(engine, home)
        self._socket = self.behind_its_socket()
        self._socket.__enter__()
        self.deployment()
        self.whole_policy: Policy = load_policy()
        put_people(engine, _REGISTERED, clock=self.clock, trail=self.trail)

    def close(self) -> None:
        """End the vault."""
        self._socket.__exit__(None, None, None)

    @property
    def rights(self) -> RightsService:
        return RightsService(self.engine, self.vault, self.trail, self.whole_policy, self.clock)

    def take(
        self,
        kind: RequestKind = RequestKind.COMPLAINT,
        about: RequestContext = RequestContext(deployment="dep"),  # noqa: B008  frozen
        *,
        text: str = TEXT,
        asks_listed: bool = False,
        by: str = CLERK,
    ) -> Request:
        return self.rights.take(NewRequest(kind, CONTACT, text, about, asks_listed), by=authenticated(by))

    def sweep(self) -> None:
        """As the retention flow does it."""
        step = FootageStep(self.engine, self.folder, self.vault, self.trail)
        assert step.purge(self.clock.now_ns).failures == ()

    @staticmethod
    def moment(second: int) -> dt.datetime:
        """Seconds since the epoch, as aware UTC."""
        return dt.datetime.fromtimestamp(second, tz=dt.UTC)

    def left(self) -> tuple[Segment, ...]:
        """The segments that nobody destroyed."""
        return tuple(each for each in segments(self.engine) if each.purged_ns is None)
