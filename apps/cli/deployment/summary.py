"""What `lfr deployment list` and `show` add for a planned deployment: where, when, and who authorised it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from lfr_core.alerts.read import DeploymentSummary

__all__ = ["PlanSummary", "read_plans"]


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """A plan, as the newest revision of its application says. Times are aware."""

    place: str
    starts_at: datetime
    ends_at: datetime
    authorised_by: str
    """"" while that revision isn't authorised, or was refused."""
    withholding_asked: str = ""
    """That its notice be withheld, and by whom; "" where that is answered, or nobody asks."""

    @property
    def hours(self) -> str:
        """For people, by England's clocks."""
        from lfr_core.domain.working_days import LONDON

        start, end = self.starts_at.astimezone(LONDON), self.ends_at.astimezone(LONDON)
        return f"{start:%Y-%m-%d %H:%M} to {end:{'%H:%M' if start.date() == end.date() else '%Y-%m-%d %H:%M'}}"

    def as_dict(self) -> dict[str, object]:
        return {
            "place": self.place,
            "starts_at": self.starts_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
            "authorised_by": self.authorised_by,
            "withholding_asked": self.withholding_asked,
        }


def read_plans(engine: Engine, deployments: Iterable[DeploymentSummary]) -> dict[str, PlanSummary]:
    """Read the plans of those that are planned, by id. Raises Retryable when the records are away."""
    from lfr_core.deployments.reading import read_application, read_authority
    from lfr_core.deployments.withholding_requests import read_pending
    from lfr_core.storage.engine import reading
    from lfr_core.storage.tables.deployments import DeploymentRow

    found = {}
    with reading(engine) as session:
        for one in deployments:
            made = read_application(session, one.view.id)
            if made is not None:
                given = read_authority(session, one.view.id)
                officer = given.by if given is not None and given.granted else ""
                asked = read_pending(session, session.get_one(DeploymentRow, one.view.id))
                words = asked.words if asked else ""
                found[one.view.id] = PlanSummary(made.place, made.starts_at, made.ends_at, officer, words)
    return found
