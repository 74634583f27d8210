"""Frames of passers-by: forgotten in seconds, opened only while the gate is open, and no template of them kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType

from pydantic import BaseModel
from sqlalchemy import Engine, inspect
from sqlmodel import col, select

from lfr_core.common.clock import Clock
from lfr_core.common.counts import agree, counted, each_of
from lfr_core.common.errors import Refused
from lfr_core.custody.vault.port import Vault
from lfr_core.deployments.vault_records import VaultRecords
from lfr_core.domain import messages as ours
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.gate import GateLimits, gate
from lfr_core.domain.policy import VaultPolicy
from lfr_core.publication.promises.port import PromiseFinding, finding
from lfr_core.storage.engine import reading, translated
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.vault import EpochRow

__all__ = ["FacesForgotten", "NoTemplateKept", "RecognitionGated"]

_LOOK_BACK_NS = 31 * 86_400 * 10**9
"""Epochs of the last 31 days are looked at; an older breach is in the ledger's history."""
_FACTS_AGE_S = 0.5
"""Longer than the vault's answer may be old (`lfr_core.custody.vault.lending.FACTS_MAX_AGE_S`)."""
_TEMPLATE_WORDS = ("template", "embedding", "descriptor", "feature", "vector")
_FEW_NUMBERS = 16
"""A box has 4 numbers, five landmarks 10; a template has hundreds."""


class FacesForgotten:
    """Every epoch's key is destroyed by its end plus the grace; `lease_s` more is given, when lent keys die anyway."""

    id = "faces.forgotten"

    def __init__(self, engine: Engine, policy: VaultPolicy) -> None:
        self._engine = engine
        self._policy = policy

    def check(self, now_ns: int) -> PromiseFinding:
        grace_ns = round(self._policy.grace_s * 1e9)
        allowed_ns = grace_ns + round(self._policy.lease_s * 1e9)
        with reading(self._engine) as session:
            rows = session.exec(select(EpochRow).where(col(EpochRow.ended_ns) > now_ns - _LOOK_BACK_NS)).all()
        late: list[str] = []
        worst_ms = destroyed = 0
        for row in rows:
            gone_ns = now_ns if row.destroyed_ns is None else row.destroyed_ns
            destroyed += row.destroyed_ns is not None
            if gone_ns > row.ended_ns + allowed_ns:
                late.append(f"epoch:{row.id}")
            if row.destroyed_ns is not None or gone_ns > row.ended_ns + allowed_ns:
                worst_ms = max(worst_ms, (gone_ns - row.ended_ns - grace_ns) // 1_000_000)
        return finding(
            late,
            holds=f"{each_of(len(rows), 'key')} of the last 31 days was destroyed in time, or isn't due yet",
            breaks=f"{len(late)} of {counted(len(rows), 'key')} of the last 31 days {agree(len(late), 'was')} "
            "destroyed late, or "
            f"{agree(len(late), 'is')} still there",
            looked_at=len(rows),
            evidence={"epochs": len(rows), "destroyed": destroyed, "latest_after_due_ms": max(0, worst_ms)},
        )


class RecognitionGated:
    """The vault refuses wherever a condition of the gate isn't met, and no epoch lies outside a deployment's hours."""

    id = "recognition.gated"

    def __init__(
        self, engine: Engine, vault: Vault, clock: Clock, limits: GateLimits, pause: Callable[[float], None]
    ) -> None:
        """`pause` waits for so many seconds: a refusal may be felt a moment later than its cause."""
        self._engine = engine
        self._vault = vault
        self._limits = limits
        self._pause = pause
        self._log = VaultRecords(engine, clock)

    def check(self, now_ns: int) -> PromiseFinding:
        with reading(self._engine) as session:
            deployments = {row.id: row for row in session.exec(select(DeploymentRow))}
            epochs = session.exec(select(EpochRow).where(col(EpochRow.ended_ns) > now_ns - _LOOK_BACK_NS)).all()
        outside = [f"epoch:{each.id}" for each in epochs if _outside(each, deployments.get(each.deployment))]
        going = [each.id for each in deployments.values() if not DeploymentStatus(each.status).is_over]
        shut = [each for each in going if self._should_be_shut(each, now_ns)]
        open_ = [each for each in shut if self._can_open(each)]
        if open_:
            self._pause(_FACTS_AGE_S)
            open_ = [each for each in open_ if self._should_be_shut(each, now_ns) and self._can_open(each)]
        broken = [*(f"deployment:{each}" for each in open_), *outside]
        return finding(
            broken,
            holds=_gated_words(len(shut)),
            breaks=f"recognition was possible {counted(len(broken), 'time')} where it may not be",
            looked_at=len(shut) + len(epochs),
            evidence={"going": len(going), "shut": len(shut), "epochs": len(epochs), "outside_hours": len(outside)},
        )

    def _should_be_shut(self, deployment: str, now_ns: int) -> bool:
        facts = self._log.facts(deployment)
        if facts is None:
            return True
        return not all(each.met for each in gate(facts, self._limits, now_ns=now_ns))

    def _can_open(self, deployment: str) -> bool:
        try:
            self._vault.check_gate(deployment)
        except Refused:
            return False
        return True


class NoTemplateKept:
    """No message after the matcher and no column of the database can hold a template."""

    id = "faces.no-template-kept"

    def __init__(self, engine: Engine, messages: ModuleType = ours) -> None:
        self._engine = engine
        self._messages = messages

    def check(self, now_ns: int) -> PromiseFinding:  # a schema has no time
        models = [
            each
            for each in vars(self._messages).values()
            if isinstance(each, type) and issubclass(each, BaseModel) and each.__module__ == self._messages.__name__
        ]
        fields = [
            (f"message:{each.__name__}.{name}", name, what) for each in models for name, what in _list_fields(each)
        ]
        with translated(self._engine):
            looked = inspect(self._engine)
            columns = [
                (table, each["name"]) for table in looked.get_table_names() for each in looked.get_columns(table)
            ]
        broken = [where for where, name, what in fields if _is_template(name) or _is_long(what)]
        broken += [f"column:{table}.{name}" for table, name in columns if _is_template(name)]
        return finding(
            broken,
            holds=f"none of {counted(len(fields), 'field')} of messages and {counted(len(columns), 'column')} "
            "of the database takes one",
            breaks=f"of fields and columns {len(broken)} could hold a face template",
            evidence={"messages": len(models), "fields": len(fields), "columns": len(columns)},
        )


def _gated_words(shut: int) -> str:
    """Say what was looked at: where every deployment may recognise, the keys of the last days alone."""
    if not shut:
        return "no deployment recognised outside its hours in the last 31 days"
    return (
        f"{counted(shut, 'deployment')} may not recognise now, and the vault gives {agree(shut, 'it', 'them')} no key"
    )


def _outside(epoch: EpochRow, deployment: DeploymentRow | None) -> bool:
    """Return whether none of the epoch lies in its deployment's hours; epochs begin at multiples of their length."""
    if deployment is None or deployment.opens_at is None or deployment.closes_at is None:
        return True
    opens_ns, closes_ns = deployment.opens_at.timestamp() * 1e9, deployment.closes_at.timestamp() * 1e9
    if deployment.ended_at is not None:
        closes_ns = min(closes_ns, deployment.ended_at.timestamp() * 1e9 + 1e9)  # the vault's answer may be that old
    return epoch.ended_ns <= opens_ns or epoch.started_ns > closes_ns


def _list_fields(model: type[BaseModel]) -> Iterator[tuple[str, object]]:
    yield from model.model_json_schema().get("properties", {}).items()


def _is_template(name: str) -> bool:
    return any(word in name.lower() for word in _TEMPLATE_WORDS)


def _is_long(what: object) -> bool:
    """Return whether a field's JSON Schema is an array of many numbers."""
    if not isinstance(what, dict) or what.get("type") != "array":
        return False
    items = what.get("items")
    numbers = isinstance(items, dict) and items.get("type") in {"number", "integer"}
    most = what.get("maxItems")
    return numbers and not (isinstance(most, int) and most <= _FEW_NUMBERS)
