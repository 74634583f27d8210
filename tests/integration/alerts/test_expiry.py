"""A day after it was opened an alert is gone but for its stub, whatever was decided and whatever went wrong."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlmodel import text

from lfr_core.alerts import expiry, read
from lfr_core.alerts.expiry import expire_alerts, find_due_alerts
from lfr_core.alerts.read.crops import DELETED
from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.vault.port import KeyKind
from lfr_core.domain.alerts import Engagement, Judgement, Review
from lfr_core.domain.reserved import CANARY_ENTRY
from lfr_core.storage.engine import open_engine
from lfr_core.storage.tables.alerts import AlertRow
from tests.support.alert_harness import RETENTION_S, AlertHarness
from tests.support.overwriting import overwriting
from tests.support.people import authenticated
from tests.support.records import alert_of, alerts_of, sighting
from tests.support.shown_pictures import seen
from tests.support.vaults import MemoryTrail


def rows(harness: AlertHarness, table: str) -> list[dict[str, object]]:
    with harness.engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(f"SELECT * FROM {table}")).mappings()]


def decided(harness: AlertHarness) -> list[UUID]:
    """Five alerts in every state there is, one of a test subject."""
    alerts = [harness.alert(60.0 * n) for n in range(4)] + [harness.alert(0.0, entry="blue")]
    harness.decisions.judge(alerts[1], Judgement.SAME, authenticated("Ann"), shown=seen(harness.engine, alerts[1]))
    harness.decisions.engage(alerts[1], Engagement.ENGAGED, authenticated("Ann"))
    harness.decisions.review(alerts[1], Review.CONFIRMED_TRUE, authenticated("Cat"))
    harness.decisions.judge(alerts[2], Judgement.DIFFERENT, authenticated("Ann"), shown=seen(harness.engine, alerts[2]))
    harness.decisions.judge(alerts[3], Judgement.CANT_TELL, authenticated("Bob"), shown=seen(harness.engine, alerts[3]))
    return alerts


def test_published_figures_are_the_same_before_and_after_the_alerts_expire(harness: AlertHarness) -> None:
    decided(harness)
    before = read.counts(harness.engine, "dep")
    assert read.count_waiting(harness.engine, "dep") == 2  # the test subject's too

    harness.after_retention()
    gone = harness.expire()

    assert len(gone) == 5
    assert read.count_waiting(harness.engine, "dep") == 0  # nobody can judge what is deleted
    assert alerts_of(harness.engine, "dep") == ()
    assert read.counts(harness.engine, "dep") == before
    assert (before.alerts.total, before.alerts.undecided, before.blue_list.total) == (4, 1, 1)


def test_figures_are_right_while_some_have_expired_and_others_stand(harness: AlertHarness) -> None:
    harness.alert(0.0)
    harness.clock.advance(RETENTION_S / 2)
    second = harness.alert(60.0)
    harness.clock.advance(RETENTION_S / 2)

    harness.expire()

    assert [a.id for a in alerts_of(harness.engine, "dep")] == [second]
    assert read.counts(harness.engine, "dep").alerts.total == 2


def test_a_stub_has_a_new_id_and_nothing_that_tells_whom_when_or_where(harness: AlertHarness) -> None:
    alert = harness.alert()
    harness.decisions.judge(alert, Judgement.SAME, authenticated("Ann"), shown=seen(harness.engine, alert))

    harness.after_retention()
    harness.expire()

    (stub,) = rows(harness, "alert_stub")
    answers = {"judgement", "engagement", "review", "outcome", "minutes"}
    assert set(stub) == {"id", "deployment", "category", "similarity"} | answers
    assert UUID(str(stub["id"])) != alert
    assert (stub["deployment"], stub["similarity"], stub["judgement"]) == ("dep", 0.6, "same")


def test_the_boundary_is_24_hours_to_the_nanosecond(harness: AlertHarness) -> None:
    alert = harness.alert()
    opened = harness.clock.time_ns()
    day_ns = round(RETENTION_S * 1e9)

    early = find_due_alerts(harness.engine, harness.vault, now_ns=opened + day_ns - 1, retention_h=24)
    (due,) = find_due_alerts(harness.engine, harness.vault, now_ns=opened + day_ns, retention_h=24)

    assert early == ()
    assert (due.alert, due.due_ns) == (alert, opened + day_ns)


def test_nothing_of_an_expired_alert_is_left_in_any_table(harness: AlertHarness) -> None:
    alert = harness.alert()

    harness.after_retention()
    (gone,) = harness.expire()

    assert [rows(harness, table) for table in ("alert", "alert_reference", "sighting")] == [[], [], []]
    assert gone.key is not None
    assert harness.vault.kept(KeyKind.ALERT) == ()
    output = harness.audited("erase")
    assert any(f"alert:{alert}" in body and gone.key.info.fingerprint in body for body in output)
    with pytest.raises(Refused) as caught:
        harness.crops.open(alert, authenticated("Ann"), "a second look")
    assert caught.value.rule == DELETED


def test_no_byte_of_a_face_was_ever_clear_in_sqlite_and_the_sealed_ones_go(sqlite_url: str, tmp_path: Path) -> None:
    engine = open_engine(sqlite_url)
    harness = AlertHarness(engine, tmp_path)
    harness.alert(probe=b"canary-of-a-probe" * 60)
    sealed = bytes(rows(harness, "alert")[0]["probe_sealed"])  # type: ignore[call-overload]  # bytes

    def holding(needle: bytes) -> list[str]:
        return [f.name for f in tmp_path.rglob("*") if f.is_file() and needle in f.read_bytes()]

    clear = [*holding(b"canary-of-a-probe"), *holding(b"reference crop")]
    there = holding(sealed[:32])
    harness.after_retention()
    harness.expire()
    left = holding(sealed[:32])
    engine.dispose()

    assert there  # the search can find it
    assert (clear, left) == ([], [])


class _Killed(BaseException):
    """The process dies."""


@pytest.mark.parametrize("at", ["after the keys", "in the transaction", "before the log"])
def test_a_sweep_killed_half_way_is_finished_by_the_next(
    harness: AlertHarness, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    decided(harness)
    before = read.counts(harness.engine, "dep")
    harness.after_retention()
    broken = {"after the keys": "writing", "in the transaction": "_event", "before the log": "erase_freed_pages"}

    def die(*_: object, **__: object) -> None:
        raise _Killed

    with monkeypatch.context() as patch:
        patch.setattr(expiry, broken[at], die)
        with pytest.raises(_Killed):
            harness.expire()
    assert harness.vault.kept(KeyKind.ALERT) == ()  # nothing opens from the first step on
    assert read.counts(harness.engine, "dep") == before
    harness.expire()

    assert rows(harness, "alert") == []
    assert len(rows(harness, "alert_stub")) == 5
    assert read.counts(harness.engine, "dep") == before
    assert harness.expire() == ()


def test_with_the_vault_away_nothing_is_deleted_unaudited_and_later_it_is(
    harness: AlertHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.alert()
    harness.after_retention()

    def away(*_: object, **__: object) -> None:
        raise Retryable("the vault is away")

    with monkeypatch.context() as patch:
        patch.setattr(harness.vault, "destroy", away)
        with pytest.raises(Retryable):
            harness.expire()
    assert len(rows(harness, "alert")) == 1

    assert len(harness.expire()) == 1


def test_an_alert_whose_key_the_vault_destroyed_by_its_own_timer_is_replaced_all_the_same(
    harness: AlertHarness,
) -> None:
    harness.alert()
    harness.after_retention()
    harness.vault.run_timers()

    (gone,) = harness.expire()

    assert gone.key is None
    assert len(rows(harness, "alert_stub")) == 1


def test_an_erasure_that_cannot_be_audited_deletes_no_row(harness: AlertHarness) -> None:
    harness.alert()
    harness.after_retention()

    full = MemoryTrail(full=True)

    with pytest.raises(Refused):
        expire_alerts(harness.engine, harness.vault, full, now_ns=harness.clock.time_ns(), retention_h=24)

    assert len(rows(harness, "alert")) == 1
    assert len(harness.expire()) == 1


def test_a_sighting_delivered_again_after_its_alert_expired_opens_no_other(harness: AlertHarness) -> None:
    reported = sighting(0.0, vault=harness.vault)
    harness.recorder().record_sightings([reported])
    harness.after_retention()
    harness.expire()

    again = harness.recorder().record_sightings([reported])

    ((_, error),) = again.failures
    assert isinstance(error, Refused)
    assert error.rule == "vault.key-gone"
    assert read.counts(harness.engine, "dep").alerts.total == 1


def test_a_canary_is_counted_and_shown_nowhere_and_leaves_no_stub(harness: AlertHarness) -> None:
    canary = harness.alert(entry=CANARY_ENTRY)
    found = (
        alerts_of(harness.engine, "dep"),
        alert_of(harness.engine, canary),
        read.alerts_starting(harness.engine, str(canary)[:8]),
        read.counts(harness.engine, "dep").blue_list.total,
        read.count_waiting(harness.engine, "dep"),
    )

    with pytest.raises(Refused) as decision:
        harness.decisions.judge(canary, Judgement.SAME, authenticated("Ann"), shown=seen(harness.engine, canary))
    harness.after_retention()
    gone = harness.expire()

    assert found == ((), None, (), 0, 0)
    assert decision.value.rule == "alert.unknown"
    assert [one.alert for one in gone] == [canary]
    assert (rows(harness, "alert"), rows(harness, "alert_stub")) == ([], [])


def test_more_alerts_than_one_transaction_takes_all_go(harness: AlertHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "_AT_ONCE", 2)
    alerts = {harness.alert(60.0 * n) for n in range(5)}
    harness.after_retention()

    gone = harness.expire()

    assert {one.alert for one in gone} == alerts
    assert read.counts(harness.engine, "dep").alerts.total == 5


def overwrite(harness: AlertHarness, alert: UUID, **values: object) -> None:
    with overwriting(harness.engine) as session:
        row = session.get_one(AlertRow, alert)
        for name, value in values.items():
            setattr(row, name, value)


def copied(harness: AlertHarness, alert: UUID, **values: object) -> None:
    """Another row like an alert's, written past the platform."""
    with overwriting(harness.engine) as session:
        session.add(AlertRow(**{**session.get_one(AlertRow, alert).model_dump(), "id": uuid4(), **values}))


def test_who_changes_when_an_alert_was_opened_has_it_go_no_earlier_and_no_later(harness: AlertHarness) -> None:
    early, late = harness.alert(0.0), harness.alert(60.0)
    overwrite(harness, early, opened_ns=0)
    overwrite(harness, late, opened_ns=harness.clock.time_ns() + 10**18)

    before = harness.expire()
    kept = {info.subject for info in harness.vault.kept(KeyKind.ALERT)}
    harness.after_retention()

    assert before == ()
    assert kept == {str(early), str(late)}
    assert {one.alert for one in harness.expire()} == {early, late}


def test_who_names_anothers_key_in_an_alert_has_none_destroyed_and_no_figure_changed(harness: AlertHarness) -> None:
    alert = harness.alert()
    key_id = rows(harness, "alert")[0]["key_id"]
    before = read.counts(harness.engine, "dep")
    copied(harness, alert, opened_ns=0, key_id=key_id)

    harness.expire()

    assert [info.subject for info in harness.vault.kept(KeyKind.ALERT)] == [str(alert)]
    assert read.counts(harness.engine, "dep") == before
    assert any('"alert.never-opened"' in body for body in harness.audited("erase"))


def test_nothing_in_the_call_can_spare_an_alert() -> None:
    import inspect as signatures

    names = set(signatures.signature(expire_alerts).parameters)

    assert names == {"engine", "vault", "trail", "now_ns", "retention_h", "new_id"}
    assert not {f.name for f in fields(read.AlertSummary)} & {"held", "hold"}
