"""What tests of the audit trail share: entries to append, a look at all of it, and SQL by hand."""

from __future__ import annotations

from sqlalchemy import Engine, text

from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.trail import AuditTrail, record
from lfr_core.custody.audit.verify import AuditReport, verify
from lfr_core.domain.actors import Principal
from tests.support.audit import Notary
from tests.support.overwriting import overwriting

__all__ = ["event", "fill", "look", "sql"]


def event(
    number: int = 0, *, verb: Verb = Verb.CONSULT, actor: Principal = "Ann Operator", dep: str = "dep"
) -> AuditEvent:
    return AuditEvent(verb, actor, dep, f"alert:{number}", rule="operator.compare", facts={"number": number})


def fill(engine: Engine, trail: AuditTrail, count: int) -> None:
    for number in range(count):
        record(engine, trail, event(number))


def look(engine: Engine, notary: Notary, **named: object) -> AuditReport:
    checkpoint = named.get("checkpoint")
    return verify(engine, public_key=notary.public_key, checkpoint=checkpoint)  # type: ignore[arg-type]  # tests only


def sql(engine: Engine, statement: str, **values: object) -> None:
    with overwriting(engine) as session:
        session.execute(text(statement), values)
