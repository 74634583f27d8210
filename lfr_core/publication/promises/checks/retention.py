"""What is kept for a time and no longer: alerts, footage, and whether purges run at all."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Engine
from sqlmodel import col, select

from lfr_core.common.counts import agree, counted, each_of
from lfr_core.custody.vault.port import KeptKeyInfo, KeyKind, Vault
from lfr_core.domain.policy import Policy
from lfr_core.publication.promises.port import PromiseFinding, Result, finding
from lfr_core.retention.footage.register import held_segments, read_due_segments
from lfr_core.retention.status import RetentionState, read_retention_status
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.alerts import AlertRow
from lfr_core.storage.tables.footage import FootageSegmentRow

__all__ = ["AlertsGone", "DeletionsInTime", "FootageGone"]

_HOUR_NS = 3_600 * 10**9


class AlertsGone:
    """No alert and no key of one is there past the policy's hours; `overdue_after_s` is the sweep's time to do it."""

    id = "alerts.gone"

    def __init__(self, engine: Engine, vault: Vault, policy: Policy) -> None:
        self._engine = engine
        self._vault = vault
        self._kept_ns = policy.alerts.retention_h * _HOUR_NS
        self._late_ns = _late_ns(policy)

    def check(self, now_ns: int) -> PromiseFinding:
        keys = [*self._vault.kept(KeyKind.ALERT), *self._vault.kept(KeyKind.SIGHTINGS)]
        with reading(self._engine) as session:
            opened = {str(id_): at for id_, at in session.exec(select(AlertRow.id, AlertRow.opened_ns))}
        alerts = [f"alert:{id_}" for id_, at in opened.items() if at + self._kept_ns + self._late_ns < now_ns]
        late = _ids(key for key in keys if key.due_ns + self._late_ns < now_ns)
        longer = _ids(
            key for key in keys if key.held or ((at := opened.get(key.subject)) and key.due_ns > at + self._kept_ns)
        )
        broken = [*alerts, *dict.fromkeys([*late, *longer])]
        return finding(
            broken,
            holds=f"no alert and no key is past its time; there {agree(len(opened), 'is')} "
            f"{counted(len(opened), 'alert')} and "
            f"{counted(len(keys), 'key')} now",
            breaks=f"{counted(len(alerts), 'alert')} and {counted(len(broken) - len(alerts), 'key')} are past "
            "their time",
            evidence={"alerts": len(opened), "keys": len(keys), "oldest_h": _hours(opened.values(), now_ns)},
        )


class FootageGone:
    """No segment and no key of one is there past the policy's days but under a hold that is on record."""

    id = "footage.gone"

    def __init__(self, engine: Engine, vault: Vault, policy: Policy) -> None:
        self._engine = engine
        self._vault = vault
        self._kept_ns = policy.footage.retention_days * 24 * _HOUR_NS
        self._late_ns = _late_ns(policy)

    def check(self, now_ns: int) -> PromiseFinding:
        keys = self._vault.kept(KeyKind.FOOTAGE)
        held = held_segments(self._engine)
        held_ids = {each.id for each in held}
        with reading(self._engine) as session:
            kept = session.exec(select(FootageSegmentRow).where(col(FootageSegmentRow.purged_ns).is_(None))).all()
        due = [each for each in read_due_segments(self._engine, now_ns) if each.since_ns + self._late_ns < now_ns]
        broken = [f"footage:{each.id}" for each in due]
        broken += [f"footage:{row.id}" for row in kept if row.due_ns > row.started_ns + self._kept_ns + self._late_ns]
        broken += _ids(key for key in keys if key.due_ns + self._late_ns < now_ns and key.subject not in held_ids)
        return finding(
            list(dict.fromkeys(broken)),
            holds=f"no footage is past its time; of {counted(len(kept), 'piece')} now, {len(held)} "
            f"{agree(len(held), 'is')} under a recorded exception",
            breaks=f"of pieces of footage, and keys of them, {len(set(broken))} {agree(len(set(broken)), 'is')} past "
            "the time and under no exception",
            evidence={"segments": len(kept), "held": len(held), "keys": len(keys)},
        )


class DeletionsInTime:
    """No kind of data that has to go is overdue, broker and search service among them (`lfr retention status`)."""

    id = "deletion.in-time"

    def __init__(self, engine: Engine, policy: Policy) -> None:
        self._engine = engine
        self._policy = policy.retention

    def check(self, now_ns: int) -> PromiseFinding:
        standing = read_retention_status(self._engine, self._policy, now_ns=now_ns)
        overdue = [f"class:{each.data.name}" for each in standing if each.is_alarm]
        waiting = sum(each.standing is RetentionState.NOT_SWEPT for each in standing)
        evidence = {
            "kinds": len(standing),
            "never_swept": waiting,
            "destroyed_ever": sum(each.destroyed_ever for each in standing),
            "longest_past_due_s": round(max((each.lag_s for each in standing), default=0.0)),
        }
        if waiting and not overdue:
            return PromiseFinding(
                Result.UNCHECKED,
                f"{waiting} of {counted(len(standing), 'kind')} of data {agree(waiting, 'was')}n't swept yet",
                evidence,
            )
        return finding(
            overdue,
            holds=f"{each_of(len(standing), 'kind')} of data is deleted in time",
            breaks=f"the deletion of {len(overdue)} of {counted(len(standing), 'kind')} of data is overdue",
            evidence=evidence,
        )


def _late_ns(policy: Policy) -> int:
    """Return how long after it is due something may still be there before that is a breach, and an alarm."""
    return round(policy.retention.overdue_after_s * 1e9)


def _ids(keys: Iterable[KeptKeyInfo]) -> list[str]:
    return [f"key:{key.id}" for key in keys]


def _hours(opened: Iterable[int], now_ns: int) -> int:
    return max(0, now_ns - min(opened, default=now_ns)) // _HOUR_NS
