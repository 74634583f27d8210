"""People decide, and what a person may be stopped for is a closed list without avoiding the camera."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from sqlalchemy import Engine
from sqlalchemy.orm import QueryableAttribute, defer
from sqlmodel import col, select

from lfr_core.common.counts import agree, counted
from lfr_core.custody.audit.port import Verb
from lfr_core.domain.alerts import Engagement, Judgement, Review
from lfr_core.domain.categories import EXPLAINED
from lfr_core.domain.watchlists import Category
from lfr_core.publication.promises.port import PromiseFinding, finding
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.alerts import AlertRow, AlertStubRow
from lfr_core.storage.tables.audit import AuditEntryRow
from lfr_core.storage.tables.watchlists import WatchlistEntryRow

__all__ = ["AvoidanceNoGround", "PersonDecides"]

_AVOIDING = ("avoid", "cover", "mask", "hood", "evad", "refus", "hid")
_SYSTEM = "system:"
_PROBE = cast("QueryableAttribute[bytes]", AlertRow.probe_sealed)  # what SQLModel's class attribute is


class PersonDecides:
    """Every answer to an alert has a person's name, comes after a person's comparison, and is of the closed lists."""

    id = "people.decide"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def check(self, now_ns: int) -> PromiseFinding:  # true at any time
        with reading(self._engine) as session:
            alerts = session.exec(
                select(AlertRow).where(col(AlertRow.canary).is_(False)).options(defer(_PROBE, raiseload=True))
            ).all()
            stubs = session.exec(
                select(AlertStubRow.id, AlertStubRow.judgement, AlertStubRow.engagement, AlertStubRow.review)
            ).all()
            by_software = session.exec(
                select(AuditEntryRow.seq)
                .where(AuditEntryRow.verb == Verb.DECIDE)
                .where(col(AuditEntryRow.body).contains('"actor":"system:', autoescape=True))
                .where(col(AuditEntryRow.body).contains('"subject":"alert:', autoescape=True))
            ).all()
        broken = [f"audit:{seq}" for seq in by_software]
        for row in alerts:
            answered = (
                (row.judgement, row.judged_by),
                (row.engagement, row.engaged_by),
                (row.review, row.reviewed_by),
            )
            named = all(_is_person(by) for answer, by in answered if answer is not None)
            if not named or not _in_order(row.judgement, row.engagement, row.review):
                broken.append(f"alert:{row.id}")
        broken += [f"stub:{id_}" for id_, *answers in stubs if not _in_order(*answers)]
        judgements = [*(row.judgement for row in alerts), *(judgement for _, judgement, *_ in stubs)]
        unjudged = judgements.count(None)
        return finding(
            broken,
            holds=f"every answer to {counted(len(judgements), 'alert')} was a named person's, who had compared "
            "the faces; "
            f"nobody has judged {unjudged} of them, and nothing followed from those",
            breaks=f"{counted(len(broken), 'answer')} to alerts {agree(len(broken), 'was')} given by software, "
            "or without a comparison",
            looked_at=len(judgements),
            evidence={
                "alerts": len(alerts),
                "older_alerts": len(stubs),
                "not_judged": unjudged,
                "by_software": len(by_software),
            },
        )


class AvoidanceNoGround:
    """No ground of the closed list, and none in the records, is avoiding the camera or covering one's face."""

    id = "people.avoidance-no-ground"

    def __init__(self, engine: Engine, grounds: Mapping[Category, str] = EXPLAINED) -> None:
        """`grounds`: the closed list, in plain English."""
        self._engine = engine
        self._grounds = grounds

    def check(self, now_ns: int) -> PromiseFinding:  # true at any time
        broken = [
            f"ground:{ground.value}"
            for ground, words in self._grounds.items()
            if any(part in f"{ground.value} {words}".lower() for part in _AVOIDING)
        ]
        lawful = {each.value for each in Category}
        with reading(self._engine) as session:
            stored = [
                *((f"alert:{id_}", what) for id_, what in session.exec(select(AlertRow.id, AlertRow.category))),
                *((f"stub:{id_}", what) for id_, what in session.exec(select(AlertStubRow.id, AlertStubRow.category))),
                *(
                    (f"entry:{id_}", what)
                    for id_, what in session.exec(select(WatchlistEntryRow.id, WatchlistEntryRow.category))
                ),
            ]
        broken += [where for where, what in stored if what not in lawful]
        return finding(
            broken,
            holds=f"neither is among the {counted(len(self._grounds), 'ground')}, and no record of "
            f"{len(stored):,} names another",
            breaks=f"{counted(len(broken), 'ground')}, in the list or in the records, "
            f"{agree(len(broken), 'is')}n't of the closed list or "
            f"{agree(len(broken), 'is')} avoidance",
            evidence={"grounds": len(self._grounds), "records": len(stored)},
        )


def _is_person(name: str | None) -> bool:
    return name is not None and bool(name.strip()) and not name.strip().lower().startswith(_SYSTEM)


def _in_order(judgement: str | None, engagement: str | None, review: str | None) -> bool:
    """Return whether the answers are of the closed lists, and the comparison came first."""
    known = (
        judgement in {None, *(each.value for each in Judgement)}
        and engagement in {None, *(each.value for each in Engagement)}
        and review in {None, *(each.value for each in Review)}
    )
    return known and not (judgement is None and (engagement is not None or review is not None))
