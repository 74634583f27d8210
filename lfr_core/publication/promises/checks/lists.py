"""Watchlists: new for each deployment, lawful, nobody else matched, and gone when the deployment ends."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, inspect
from sqlmodel import col, select

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.counts import agree, counted, each_of
from lfr_core.custody.vault.port import KeyKind, Vault
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus
from lfr_core.domain.policy import Policy
from lfr_core.domain.watchlists import Category
from lfr_core.publication.promises.port import PromiseFinding, finding
from lfr_core.recognition.gallery.port import Gallery
from lfr_core.retention.steps.galleries import GalleriesStep
from lfr_core.storage.engine import reading, translated
from lfr_core.storage.tables.alerts import AlertRow
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.watchlists import WatchlistEntryRow, WatchlistReferenceRow

__all__ = ["ListGone", "ListLawful", "ListNew", "LiveCamerasOnly", "OnlyListedMatched", "SearchForgets"]

_LONDON = ZoneInfo("Europe/London")  # an entry's last day is a day in England
_LONGEST_NS = 24 * 3_600 * 10**9
"""docs/design.md#the-promises: the list goes at the close, 24 hours at most."""


class ListNew:
    """No gallery and no list's key is of two deployments, and the database itself refuses it."""

    id = "list.new"

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine = engine
        self._vault = vault

    def check(self, now_ns: int) -> PromiseFinding:  # true at any time
        with reading(self._engine) as session:
            galleries = [name for name in session.exec(select(DeploymentRow.gallery)) if name]
        with translated(self._engine):
            looked = inspect(self._engine)
            unique: list[list[str | None]] = [
                [*each["column_names"]] for each in looked.get_unique_constraints("deployment")
            ]
            unique += [each["column_names"] for each in looked.get_indexes("deployment") if each["unique"]]
        keys = Counter(key.fingerprint for key in self._vault.kept(KeyKind.WATCHLIST))
        broken = [f"gallery:{name}" for name, count in Counter(galleries).items() if count > 1]
        broken += [f"key-fingerprint:{each}" for each, count in keys.items() if count > 1]
        if ["gallery"] not in unique:
            broken.append("column:deployment.gallery")
        return finding(
            broken,
            holds=f"{each_of(len(galleries), 'list')} was made for one deployment, and none was used again",
            breaks="a list was used by two deployments, or nothing keeps it from being",
            looked_at=len(galleries),
            evidence={"lists": len(galleries), "keys": len(keys)},
        )


class ListLawful:
    """Every entry has a ground of the closed list, a legal reference, who approved it and a last day not over."""

    id = "list.lawful"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def check(self, now_ns: int) -> PromiseFinding:
        today = utc_from_ns(now_ns).astimezone(_LONDON).date()
        lawful = {each.value for each in Category}
        with reading(self._engine) as session:
            going = set(session.exec(select(DeploymentRow.id).where(DeploymentRow.status == DeploymentStatus.LIVE)))
            entries = session.exec(select(WatchlistEntryRow)).all()
        broken = [
            f"entry:{each.id}"
            for each in entries
            if each.category not in lawful
            or not each.legal_reference.strip()
            or not each.approved_by.strip()
            or (each.deployment in going and each.expires_on < today)
        ]
        return finding(
            broken,
            holds=f"{each_of(len(entries), 'entry')} on today's lists has its ground, reference, approver and last day",
            breaks=f"{len(broken)} of {counted(len(entries), 'entry')} {agree(len(broken), 'lacks', 'lack')} a "
            "ground, a reference or an "
            f"approver, or {agree(len(broken), 'is')} over",
            looked_at=len(entries),
            evidence={"entries": len(entries), "grounds": len(lawful)},
        )


class OnlyListedMatched:
    """Every alert of a deployment that hasn't ended is on an entry of that deployment's own list."""

    id = "list.only-listed"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def check(self, now_ns: int) -> PromiseFinding:  # true at any time
        with reading(self._engine) as session:
            over = col(DeploymentRow.status).in_([each.value for each in DeploymentStatus if each.is_over])
            gone = set(session.exec(select(DeploymentRow.id).where(over)))
            listed = set(session.exec(select(WatchlistEntryRow.deployment, WatchlistEntryRow.id)).all())
            wanted = select(AlertRow.id, AlertRow.deployment, AlertRow.entry).where(col(AlertRow.canary).is_(False))
            alerts = [each for each in session.exec(wanted) if each[1] not in gone]
        broken = [f"alert:{id_}" for id_, deployment, entry in alerts if (deployment, entry) not in listed]
        return finding(
            broken,
            holds=f"{each_of(len(alerts), 'alert')} of deployments under way is on an entry of their own list",
            breaks=f"{len(broken)} of {counted(len(alerts), 'alert')} {agree(len(broken), 'is')} on somebody "
            "who isn't on that deployment's list",
            looked_at=len(alerts),
            evidence={"alerts": len(alerts), "entries": len(listed)},
        )


class ListGone:
    """After a deployment's end no row, crop or key of its list is left; and none outlives its hours by 24 hours."""

    id = "list.gone"

    def __init__(self, engine: Engine, vault: Vault, policy: Policy) -> None:
        self._engine = engine
        self._vault = vault
        self._late_ns = round(policy.retention.overdue_after_s * 1e9)

    def check(self, now_ns: int) -> PromiseFinding:
        keys = {key.deployment for key in self._vault.kept(KeyKind.WATCHLIST)}
        with reading(self._engine) as session:
            deployments = session.exec(select(DeploymentRow)).all()
            entries = set(session.exec(select(WatchlistEntryRow.deployment).distinct()))
            references = set(session.exec(select(WatchlistReferenceRow.deployment).distinct()))
        there = keys | entries | references
        over = [row for row in deployments if self._over(row, now_ns)]
        broken = [f"deployment:{row.id}" for row in over if row.id in there]
        return finding(
            broken,
            holds=f"nothing is left of the lists of {counted(len(over), 'deployment')} that "
            f"{agree(len(over), 'is')} over",
            breaks=f"of {counted(len(over), 'deployment')} that {agree(len(over), 'is')} over {len(broken)} still "
            f"{agree(len(broken), 'has')} a list, or its key",
            looked_at=len(over),
            evidence={"over": len(over), "lists_now": len(there)},
        )

    def _over(self, row: DeploymentRow, now_ns: int) -> bool:
        if DeploymentStatus(row.status).is_over:
            return _ns(row.ended_at or row.created_at) + self._late_ns < now_ns
        return row.closes_at is not None and _ns(row.closes_at) + _LONGEST_NS < now_ns


class SearchForgets:
    """The search service has no collection of a deployment that ended, or that nobody knows."""

    id = "list.gone-from-search"

    def __init__(self, engine: Engine, gallery: Gallery, policy: Policy, *, alone: bool) -> None:
        """`alone`: nobody else uses that Milvus, so that a collection nobody knows is ours."""
        self._step = GalleriesStep(engine, gallery, alone=alone)
        self._gallery = gallery
        self._late_ns = round(policy.retention.overdue_after_s * 1e9)

    def check(self, now_ns: int) -> PromiseFinding:
        there = self._gallery.names()
        due = self._step.due(now_ns)
        broken = [each.subject for each in due if not each.deployment or each.due_ns + self._late_ns < now_ns]
        return finding(
            broken,
            holds=f"the search service has {counted(len(there), 'list')}, none of a deployment that is over",
            breaks=f"{len(broken)} of {counted(len(there), 'list')} in the search service "
            f"{agree(len(broken), 'is')} of a deployment that is "
            "over, or unknown",
            evidence={"collections": len(there), "being_dropped": len(due) - len(broken)},
        )


class LiveCamerasOnly:
    """No operational deployment takes recorded video."""

    id = "cameras.live-only"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def check(self, now_ns: int) -> PromiseFinding:  # true at any time
        operational = DeploymentRow.kind == DeploymentKind.OPERATIONAL
        with reading(self._engine) as session:
            rows = session.exec(select(DeploymentRow.id, DeploymentRow.live_only).where(operational)).all()
        broken = [f"deployment:{id_}" for id_, live_only in rows if not live_only]
        return finding(
            broken,
            holds=f"{each_of(len(rows), 'operational deployment')} took live cameras only",
            breaks=f"{len(broken)} of {counted(len(rows), 'operational deployment')} took recorded video",
            looked_at=len(rows),
            evidence={"operational": len(rows)},
        )


def _ns(at: datetime) -> int:
    return round(at.timestamp() * 1e6) * 1_000
