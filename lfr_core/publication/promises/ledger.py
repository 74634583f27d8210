"""The ledger: every promise is looked at, what that came to is kept and audited, and read back."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Fatal, LfrError
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.domain.actors import SystemActor
from lfr_core.publication.promises.port import Promise, PromiseCheck, PromiseFinding, Result
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.promises import PromiseResultRow, PromiseStatementRow, PromiseStateRow

__all__ = ["LedgerEntry", "LedgerView", "PastResult", "PromiseLedger", "history", "read_ledger"]

ACTOR = SystemActor.PROMISES
_EVIDENCE = TypeAdapter(dict[str, int | str])
_SUBJECTS = TypeAdapter(tuple[str, ...])


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One promise as it stands. Without a check, or before the first look, it has no finding and no times."""

    promise: Promise
    finding: PromiseFinding | None = None
    at_ns: int | None = None
    """When it was last looked at, wall time."""
    since_ns: int | None = None
    """Since when every look has come to this result."""
    doing: str = ""
    """What the force has said it does about it since it is broken."""
    doing_ns: int | None = None
    """When it said so."""


@dataclass(frozen=True, slots=True)
class LedgerView:
    """All promises as they stood when they were read."""

    entries: tuple[LedgerEntry, ...]
    read_ns: int

    @property
    def broken(self) -> tuple[LedgerEntry, ...]:
        """Those whose last look found them broken."""
        return tuple(each for each in self.entries if each.finding and each.finding.result is Result.BROKEN)


@dataclass(frozen=True, slots=True)
class PastResult:
    """From when on looks at a promise came to this result."""

    promise: str
    result: Result
    message: str
    at_ns: int


class PromiseLedger:
    """Looks at the promises. Raises Fatal when a promise names a check that there isn't, or a check no promise.

    Args:
        engine: the records, where results are kept.
        trail: notified of each run, in the transaction that keeps its results.
        clock: when they are looked at.
        promises: which.
        checks: by id.
    """

    def __init__(
        self, engine: Engine, trail: Trail, clock: Clock, promises: Sequence[Promise], checks: Sequence[PromiseCheck]
    ) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock
        self._promises = tuple(promises)
        self._checks: Mapping[str, PromiseCheck] = {each.id: each for each in checks}
        wanted = {each.check for each in promises if each.check}
        if wanted != set(self._checks) or len(checks) != len(self._checks):
            strange = ", ".join(sorted(wanted ^ set(self._checks))) or "one is there twice"
            raise Fatal(
                f"promises and checks don't fit together ({strange}): mend lfr_core/publication/promises/catalogue.py"
            )

    def check(self) -> LedgerView:
        """Look at every promise, keep what that came to, and put the run on the audit trail.

        What a check can't see is unchecked, and keeps no other check from being made.

        Raises:
            Retryable: the records or the vault are away, so that nothing could be kept or audited.
        """
        self._trail.prepare(ACTOR)
        now_ns = self._clock.time_ns()
        found = {each.id: self._look(each, now_ns) for each in self._promises if each.check}
        with writing(self._engine) as session:
            for promise, finding in found.items():
                _keep(session, promise, finding, now_ns)
            self._trail.append(session, _event(found))
        return read_ledger(self._engine, self._promises, now_ns=now_ns)

    def _look(self, promise: Promise, now_ns: int) -> PromiseFinding:
        try:
            return self._checks[promise.check].check(now_ns)
        except LfrError as error:
            return PromiseFinding(Result.UNCHECKED, "what it is checked on couldn't be read", detail=str(error))


def read_ledger(engine: Engine, promises: Sequence[Promise], *, now_ns: int) -> LedgerView:
    """Return what the last looks came to, as read at `now_ns`. Raises Retryable when the records are away."""
    with reading(engine) as session:
        rows = {row.promise: row for row in session.exec(select(PromiseStateRow))}
        said = {
            row.promise: row
            for row in session.exec(select(PromiseStatementRow).order_by(col(PromiseStatementRow.id)))
            if row.promise in rows and row.at_ns >= rows[row.promise].since_ns
        }
    return LedgerView(tuple(_entry(each, rows.get(each.id), said.get(each.id)) for each in promises), now_ns)


def history(engine: Engine, promise: str | None = None, *, limit: int = 200) -> tuple[PastResult, ...]:
    """Read changes of result, of one promise or all, the newest first. Raises Retryable when the records are away."""
    wanted = select(PromiseResultRow).order_by(col(PromiseResultRow.id).desc()).limit(limit)
    if promise is not None:
        wanted = wanted.where(PromiseResultRow.promise == promise)
    with reading(engine) as session:
        return tuple(PastResult(row.promise, Result(row.result), row.said, row.at_ns) for row in session.exec(wanted))


def _entry(promise: Promise, row: PromiseStateRow | None, said: PromiseStatementRow | None) -> LedgerEntry:
    if row is None or not promise.check:
        return LedgerEntry(promise)
    finding = PromiseFinding(
        Result(row.result),
        row.said,
        _EVIDENCE.validate_json(row.evidence),
        _SUBJECTS.validate_json(row.subjects),
        row.detail,
    )
    if said is None or finding.result is not Result.BROKEN:
        return LedgerEntry(promise, finding, row.at_ns, row.since_ns)
    return LedgerEntry(promise, finding, row.at_ns, row.since_ns, said.text, said.at_ns)


def _keep(session: Session, promise: str, finding: PromiseFinding, now_ns: int) -> None:
    """Keep the last result, and a row of history if it isn't the one before."""
    row = session.get(PromiseStateRow, promise, with_for_update=True)
    evidence = json.dumps(dict(finding.evidence), sort_keys=True)
    same = row is not None and row.result == finding.result
    if row is None:
        row = PromiseStateRow(promise=promise, since_ns=now_ns, at_ns=now_ns, **_nothing())
        session.add(row)
    if not same:
        row.since_ns = now_ns
        session.add(
            PromiseResultRow(
                promise=promise, result=finding.result.value, said=finding.message, evidence=evidence, at_ns=now_ns
            )
        )
    row.result, row.said, row.evidence = finding.result.value, finding.message, evidence
    row.subjects, row.detail, row.at_ns = json.dumps(finding.subjects), finding.detail, now_ns


def _nothing() -> dict[str, str]:
    return dict.fromkeys(("result", "said", "evidence", "subjects", "detail"), "")


def _event(found: Mapping[str, PromiseFinding]) -> AuditEvent:
    """Make the trail's event: counts, and a digest that binds the trail to what was found."""
    counts = Counter(each.result for each in found.values())
    lines = [
        f"{promise}\t{each.result}\t{json.dumps(dict(each.evidence), sort_keys=True)}\n"
        for promise, each in sorted(found.items())
    ]
    facts: dict[str, str | int] = {each.value: counts[each] for each in Result}
    facts["digest"] = hashlib.sha256("".join(lines).encode()).hexdigest()
    return AuditEvent(Verb.CONSULT, ACTOR, "", "promises:ledger", "promises.checked", facts)
