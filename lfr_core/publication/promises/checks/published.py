"""What the public is told: in advance where a deployment will be, and afterwards, in time, what came of it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import timedelta

from sqlalchemy import Engine
from sqlmodel import col, select

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.counts import agree, counted
from lfr_core.deployments.deadlines import read_due_at
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import PublicationPolicy
from lfr_core.publication.promises.port import PromiseFinding, finding
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.publication import AnnouncementRow, PublishedRecordRow

__all__ = ["Announced", "ResultsInTime"]

_LOOK_BACK = timedelta(days=31)
"""A record that came late is a breach for so long; afterwards it is in the ledger's history."""


class Announced:
    """Before an operational deployment opened, its notice was out, or withheld with a reason and who approved that."""

    id = "public.announced"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def check(self, now_ns: int) -> PromiseFinding:  # true at any time
        notices: defaultdict[str, list[AnnouncementRow]] = defaultdict(list)
        with reading(self._engine) as session:
            opened = session.exec(
                select(DeploymentRow.id, DeploymentRow.opened_at)
                .where(DeploymentRow.kind == DeploymentKind.OPERATIONAL)
                .where(col(DeploymentRow.opened_at).is_not(None))
            ).all()
            for row in session.exec(select(AnnouncementRow)):
                notices[row.deployment].append(row)
        broken: list[str] = []
        withheld = 0
        for deployment, at in opened:
            before = [each for each in notices[deployment] if at is not None and each.made_at < at]
            published = any(not each.withheld_because for each in before)
            approved = any(each.withheld_because and each.approved_by.strip() for each in before)
            withheld += approved and not published
            if not published and not approved:
                broken.append(f"deployment:{deployment}")
        return finding(
            broken,
            holds=f"{len(opened) - withheld} of {counted(len(opened), 'deployment')} "
            f"{agree(len(opened) - withheld, 'was')} announced in "
            "advance, "
            f"{withheld} withheld with a recorded reason",
            breaks=f"{len(broken)} of {counted(len(opened), 'deployment')} {agree(len(broken), 'was')} neither "
            "announced nor withheld for a reason",
            looked_at=len(opened),
            evidence={"opened": len(opened), "withheld": withheld},
        )


class ResultsInTime:
    """The results of every operational deployment are out by their deadline, and are as they were published."""

    id = "public.results"

    def __init__(self, engine: Engine, policy: PublicationPolicy) -> None:
        self._engine = engine
        self._policy = policy

    def check(self, now_ns: int) -> PromiseFinding:
        now = utc_from_ns(now_ns)
        with reading(self._engine) as session:
            records = session.exec(select(PublishedRecordRow)).all()
            ended = session.exec(
                select(DeploymentRow.id, DeploymentRow.ended_at)
                .where(DeploymentRow.kind == DeploymentKind.OPERATIONAL)
                .where(col(DeploymentRow.opened_at).is_not(None))
                .where(col(DeploymentRow.ended_at).is_not(None))
            ).all()
            due = [(name, read_due_at(session, name, at, now, self._policy)) for name, at in ended if at is not None]
        first = {each.deployment: each.published_at for each in records if each.revision == 1}
        changed = [each for each in records if hashlib.sha256(each.body.encode()).hexdigest() != each.sha256]
        broken = [f"record:{each.deployment}/{each.revision}" for each in changed]
        for deployment, due_at in due:
            published_at = first.get(deployment)
            missing = published_at is None and now >= due_at
            late = published_at is not None and published_at >= due_at and published_at > now - _LOOK_BACK
            if missing or late:
                broken.append(f"deployment:{deployment}")
        return finding(
            broken,
            holds=f"the results of {counted(len(ended), 'deployment')} are out, or not due yet",
            breaks=f"of the results of {counted(len(ended), 'deployment')} {len(broken)} "
            f"{agree(len(broken), 'is')} overdue, came late, "
            f"or {agree(len(broken), 'was')} changed afterwards",
            looked_at=len(ended),
            evidence={"ended": len(ended), "published": len(first), "changed": len(changed)},
        )
