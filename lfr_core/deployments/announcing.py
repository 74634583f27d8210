"""Announcing a planned deployment, or withholding that, exactly as it is planned."""

from __future__ import annotations

from sqlalchemy import Engine

from lfr_core.common.errors import Refused
from lfr_core.deployments.announcement import Announcement, AnnouncementStore, Plan, ReasonClass
from lfr_core.deployments.application import Application
from lfr_core.deployments.reading import read_application
from lfr_core.domain.actors import Principal
from lfr_core.storage.engine import reading

__all__ = ["announce", "withhold"]


def announce(engine: Engine, store: AnnouncementStore, deployment: str, *, by: Principal) -> Announcement:
    """Tell the public where, when and what for, as the newest application says.

    Raises:
        Refused: `life.trial`, and as `AnnouncementStore.publish` and `record_step`.
        Retryable: database or vault are away.
    """
    return store.publish(deployment, _plan(engine, deployment), by=by)


def withhold(
    engine: Engine, store: AnnouncementStore, deployment: str, *, because: ReasonClass, by: str, approved_by: str
) -> Announcement:
    """Tell nobody beforehand, for a reason of the closed list that an authorising officer approves.

    Raises:
        Refused: `life.trial`, and as `AnnouncementStore.withhold` and `record_step`.
        Retryable: database or vault are away.
    """
    return store.withhold(deployment, _plan(engine, deployment), because=because, by=by, approved_by=approved_by)


def _plan(engine: Engine, deployment: str) -> Plan:
    with reading(engine) as session:
        made: Application | None = read_application(session, deployment)
    if made is None:
        raise Refused("life.trial", f"{deployment} is a trial, or there is no such deployment: nobody need be told")
    return Plan(made.place, made.starts_at, made.ends_at, made.purpose, made.use_case)
