"""What no entry makes true, whoever has its writer's key and the records' login: an alert that goes early or leaves
nothing, a row that is only ever added and changes, a deployment that goes on or ends where nobody of its part has it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, delete, select

from lfr_core.alerts.expiry import expire_alerts
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.standing import AT, in_ns
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.domain.actors import SystemActor
from lfr_core.storage.engine import writing
from lfr_core.storage.recorded import RECORDED
from lfr_core.storage.tables.alerts import AlertReferenceRow, AlertRow, AlertStubRow, SightingRow
from lfr_core.storage.tables.deployments import DeploymentRow
from tests.support.edited_records import differences, put_on_trail
from tests.support.records import ManualClock, live_deployment, recorder_of, sighting, store_of
from tests.support.rows_added_once import rows_added_once
from tests.support.vaults import trail_of, vault_of

DAY_NS = 86_400 * 10**9


def opened_alert(engine: Engine, at_s: float = 0.0) -> AlertRow:
    """An alert as the recorder opens it, on a clock that stands, so that it is due a day later."""
    clock = ManualClock()
    (alert,) = recorder_of(engine, clock).record_sightings([sighting(at_s, vault=vault_of(engine))]).opened
    with Session(engine) as session:
        return session.get_one(AlertRow, alert)


def trail_at(engine: Engine, time_ns: int) -> AuditTrail:
    return AuditTrail(vault_of(engine), ManualClock(time_ns))


def remove_with_entry(engine: Engine, trail: AuditTrail, alert: AlertRow, actor: SystemActor) -> None:
    """Remove an alert, as somebody with the records' login and the key of a process does, and say that it was due."""
    with writing(engine) as session:
        session.execute(delete(SightingRow).where(col(SightingRow.alert) == alert.id))
        session.execute(delete(AlertReferenceRow).where(col(AlertReferenceRow.alert) == alert.id))
        session.execute(delete(AlertRow).where(col(AlertRow.id) == alert.id))
        event = AuditEvent(Verb.ERASE, actor, alert.deployment, f"alert:{alert.id}", "retention.alerts")
        trail.append(session, event)


@pytest.mark.parametrize(
    ("actor", "days"),
    [(actor, days) for actor in sorted(set(SystemActor) - {SystemActor.RETENTION}, key=str) for days in (0, 2)]
    + [(SystemActor.RETENTION, 0)],
)
def test_an_alert_goes_with_no_entry_but_the_sweeps_once_it_is_due(
    engine: Engine, actor: SystemActor, days: int
) -> None:
    live_deployment(engine)
    alert = opened_alert(engine)

    remove_with_entry(engine, trail_at(engine, alert.opened_ns + days * DAY_NS), alert, actor)

    assert any(each.startswith(f"alert/{alert.id}, opened by entry") for each in differences(engine))


def test_an_alert_that_goes_in_its_time_and_leaves_nothing_to_be_published_is_found(engine: Engine) -> None:
    live_deployment(engine)
    alert = opened_alert(engine)

    remove_with_entry(engine, trail_at(engine, alert.opened_ns + 2 * DAY_NS), alert, SystemActor.RETENTION)

    (difference,) = differences(engine)
    assert difference == "alert_stub of dep: of 1 alerts that were erased 0 left what is published"


def test_alerts_that_the_sweep_deletes_in_their_time_are_as_the_trail_says(engine: Engine) -> None:
    live_deployment(engine)
    put_on_trail(engine, trail_of(engine))
    alert = opened_alert(engine)
    opened_alert(engine, 3_000.0)
    later_ns = alert.opened_ns + 2 * DAY_NS

    expire_alerts(engine, vault_of(engine), trail_at(engine, later_ns), now_ns=later_ns, retention_h=24)

    with Session(engine) as session:
        assert len(session.exec(select(AlertStubRow)).all()) == 2
    assert differences(engine) == ()


ONCE = sorted(str(kind.__tablename__) for kind, table in RECORDED.items() if table.is_once)


def test_what_is_only_ever_added_is_changed_by_no_entry(engine: Engine) -> None:
    live_deployment(engine)
    trail = trail_of(engine)
    with writing(engine) as session:
        rows = rows_added_once()
        changes = [(type(row), column, value) for row, column, value in rows]
        session.add_all(row for row, _, _ in rows)
        trail.append(session, AuditEvent(Verb.ALTER, SystemActor.VAULT, "dep", "records:all", "test.made"))
    assert sorted(str(kind.__tablename__) for kind, _, _ in changes) == ONCE
    assert differences(engine) == ()

    for kind, column, value in changes:
        with writing(engine) as session:
            setattr(session.exec(select(kind)).all()[-1], column, value)
            trail.append(session, AuditEvent(Verb.ALTER, SystemActor.FLOWS, "dep", "records:all", "test.changed"))

    found = differences(engine)
    assert [name for name in ONCE if not any(each.startswith(f"{name}/") for each in found)] == []


Change = Callable[[DeploymentRow], dict[str, str | int]]


def goes_on(row: DeploymentRow) -> dict[str, str | int]:
    row.status = "live"
    return {"status": "live", "revision": 0}


def is_silent(row: DeploymentRow) -> dict[str, str | int]:
    row.status = "live"
    return {}


def ended_yesterday(row: DeploymentRow) -> dict[str, str | int]:
    assert row.opened_at is not None
    row.status, row.ended_at = "ended", row.opened_at - timedelta(days=1)
    return {"status": "ended", "revision": 0, AT: in_ns(row.ended_at)}


def opened_earlier(row: DeploymentRow) -> dict[str, str | int]:
    assert row.opened_at is not None
    row.opened_at -= timedelta(hours=3)
    return {"status": row.status, "revision": 0}


LIES: dict[str, tuple[str, SystemActor, Change]] = {
    "the watch has a suspended one go on": ("suspended", SystemActor.WATCH, goes_on),
    "the watch does, and its entry says nothing of it": ("suspended", SystemActor.WATCH, is_silent),
    "the flows have a suspended one go on": ("suspended", SystemActor.FLOWS, goes_on),
    "the sweep has an ended one go on": ("ended", SystemActor.RETENTION, goes_on),
    "the flows have an ended one go on": ("ended", SystemActor.FLOWS, goes_on),
    "this machine's user has an ended one go on": ("ended", SystemActor.LFR, goes_on),
    "the watch ends one": ("live", SystemActor.WATCH, ended_yesterday),
    "the sweep says that it ended another day": ("live", SystemActor.RETENTION, ended_yesterday),
    "the flows say that it ended another day": ("live", SystemActor.FLOWS, ended_yesterday),
    "the watch says that it opened earlier": ("suspended", SystemActor.WATCH, opened_earlier),
    "the sweep says that it opened earlier, once it is over": ("ended", SystemActor.RETENTION, opened_earlier),
}


@pytest.mark.parametrize("lie", LIES)
def test_no_part_of_the_platform_moves_a_deployment_where_it_never_does(engine: Engine, lie: str) -> None:
    stands, actor, change = LIES[lie]
    live_deployment(engine)
    store = store_of(engine, ManualClock())
    if stands == "suspended":
        store.suspend("dep", "a look", by=SystemActor.WATCH)
    elif stands == "ended":
        store.close("dep", by=SystemActor.LFR)
    assert differences(engine) == ()

    trail = trail_of(engine)
    with writing(engine) as session:
        row = session.get_one(DeploymentRow, "dep")
        event = AuditEvent(Verb.ALTER, actor, "dep", "deployment:dep", "deployment.changed", change(row))
        trail.append(session, event)

    assert any(each.startswith("deployment/dep ") for each in differences(engine))
