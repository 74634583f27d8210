"""Moves the end of a live deployment: earlier whenever somebody asks, later only within its authority.

What was authorised and announced stays as it was (docs/decisions/0035): beyond that end nothing is given.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import Trail
from lfr_core.custody.people.roles import AuthenticatedPerson, principal_of
from lfr_core.deployments.locking import lock_deployment
from lfr_core.deployments.reading import read_application
from lfr_core.deployments.record import check_step, record_step
from lfr_core.deployments.steps import Step
from lfr_core.domain.working_days import LONDON
from lfr_core.storage.engine import writing

__all__ = ["DeploymentHours"]


class DeploymentHours:
    """Every method raises Retryable when database or vault are away, and Refused as `record_step`."""

    def __init__(self, engine: Engine, trail: Trail, clock: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock

    def shorten(self, deployment: str, until: datetime, *, by: AuthenticatedPerson) -> None:
        """Let it end earlier than it would: always allowed, as closing it is. `until`: aware.

        Raises:
            Refused: `life.not-earlier`, `life.end-past`.
        """
        self._move(Step.SHORTEN, deployment, until, by)

    def extend(self, deployment: str, until: datetime, *, by: AuthenticatedPerson) -> None:
        """Give back hours that were taken, in the name of an authorising officer who didn't plan it. `until`: aware.

        Raises:
            Refused: `life.beyond-authority`, `life.not-later`.
        """
        self._move(Step.EXTEND, deployment, until, by)

    def _move(self, step: Step, deployment: str, until: datetime, by: AuthenticatedPerson) -> None:
        self._trail.prepare(principal_of(by))
        with writing(self._engine) as session:
            row, now = lock_deployment(session, deployment), utc_from_ns(self._clock.time_ns())
            check_step(session, row, step, by=by, now=now)
            made = read_application(session, deployment)
            before = row.closes_at
            if made is None or before is None:
                raise Refused("life.no-application", f"{deployment} is open without hours: the records are damaged")
            _check_end(step, until, now, before, made.ends_at)
            row.closes_at = until.astimezone(UTC)
            session.add(row)
            note = f"until {_clock_time(until)} instead of {_clock_time(before)}"
            facts = {"ends": row.closes_at.isoformat(timespec="minutes")}
            record_step(session, self._trail, row, step, by=by, now=now, note=note, facts=facts)


def _check_end(step: Step, until: datetime, now: datetime, before: datetime, authorised: datetime) -> None:
    """See that the end may be moved there. `before`: as it stands; `authorised`: as it was authorised and announced."""
    if step is Step.SHORTEN:
        if until >= before:
            raise Refused(
                "life.not-earlier", f"it ends at {_clock_time(before)} as it is: choose an earlier time, or leave it"
            )
        if until <= now:
            raise Refused("life.end-past", f"{_clock_time(until)} is past: close it, or choose a later time")
        return
    if until > authorised:
        raise Refused(
            "life.beyond-authority",
            f"it is authorised and announced until {_clock_time(authorised)}, and not beyond: choose that time or an "
            "earlier one; for longer hours plan another deployment, with an authority and a notice of its own",
        )
    if until <= before:
        raise Refused("life.not-later", f"it ends at {_clock_time(before)} as it is: choose a later time, or leave it")


def _clock_time(at: datetime) -> str:
    return f"{at.astimezone(LONDON):%H:%M}"
