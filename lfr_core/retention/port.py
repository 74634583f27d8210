"""What a purge is: one kind of data that has to go, when, under which rule. Values in and out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from lfr_core.common.errors import LfrError
from lfr_core.domain.actors import SystemActor

__all__ = ["ACTOR", "CLASSES", "Audited", "Destroyed", "Due", "PurgeResult", "PurgeStep", "RetentionClass", "subject"]


_PLAIN_ID = re.compile(r"[A-Za-z0-9._:/-]{1,120}")

ACTOR = SystemActor.RETENTION
"""Who destroys, on the audit trail."""


@dataclass(frozen=True, slots=True)
class RetentionClass:
    """A kind of data with a promise about its end."""

    name: str
    title: str
    """What a person calls it."""
    rule: str
    """The policy's value, or the rule in stable words, under which it goes."""


CLASSES: tuple[RetentionClass, ...] = (
    RetentionClass("temporary", "Temporary files", "retention.temporary_files_h"),
    RetentionClass("exports", "Pictures that people exported", "retention.exports_h"),
    RetentionClass("alerts", "Alerts' crops and exact times", "alerts.retention_h"),
    RetentionClass("hours", "Deployments whose hours are over and that nobody closed", "watchlist.at-close"),
    RetentionClass("lists", "Watchlists of ended deployments", "watchlist.at-close"),
    RetentionClass("galleries", "Lists of ended deployments in the search", "watchlist.at-close"),
    RetentionClass("quality", "Data-quality results of lists of ended deployments", "watchlist.at-close"),
    RetentionClass("broker", "Records of ended deployments in the broker", "stream.at-close"),
    RetentionClass("topics", "Records in the broker past their time", "stream.topic-bound"),
    RetentionClass("footage", "Footage", "footage.retention_days"),
    RetentionClass("workflows", "Records of automatic tasks that ran", "retention.workflow_history_days"),
)
"""Every kind of data that is purged, in the order of the sweep: what makes free space on a full disk comes first.
One that no sweep purges is an alarm."""


class Audited(StrEnum):
    """How a step's destructions come on the audit trail."""

    ITSELF = "itself"
    """The step writes them, in the transaction that destroys."""
    ORDERED = "ordered"
    """The sweep writes an order before and what was done after; without the order nothing is destroyed."""
    FREE_SPACE_FIRST = "free-space-first"
    """The same, but a full disk that keeps the order from being written doesn't keep it from making free space."""


@dataclass(frozen=True, slots=True)
class Due:
    """A thing whose time is over."""

    subject: str
    """A kind and an id (`gallery:lfr_demo_2d1`), never a name."""
    due_ns: int
    """Since when it should be gone, wall time."""
    deployment: str = ""


@dataclass(frozen=True, slots=True)
class Destroyed:
    """A thing that is gone."""

    subject: str
    due_ns: int
    deployment: str = ""
    facts: Mapping[str, str | int] = field(default_factory=dict)
    """Counts, ids, fingerprints for the audit trail."""


@dataclass(frozen=True, slots=True)
class PurgeResult:
    """What one run of a step came to."""

    destroyed: tuple[Destroyed, ...] = ()
    failures: tuple[LfrError, ...] = ()
    """What stood in the way of the rest, which is tried again by the next sweep."""
    note: str = ""
    """What a reader has to know: "memory only: can't be purged"."""


def subject(kind: str, id: str) -> str:
    """Return `kind:id` as the audit trail takes it; of an id that is long or strange the start of its SHA-256."""
    plain = _PLAIN_ID.fullmatch(id) is not None
    return f"{kind}:{id if plain else 'sha256-' + hashlib.sha256(id.encode(errors='replace')).hexdigest()[:32]}"


class PurgeStep(Protocol):
    """Destroys one kind of data. Both calls may be made as often as one likes, and after a kill half way."""

    @property
    def name(self) -> str:
        """One of `CLASSES`."""
        ...

    @property
    def audited(self) -> Audited: ...

    def due(self, now_ns: int) -> Sequence[Due]:
        """Return what should be gone by `now_ns` and is still there. Raises Retryable when that can't be seen."""
        ...

    def purge(self, now_ns: int) -> PurgeResult:
        """Destroy what is due. One thing that can't go doesn't keep the others."""
        ...
