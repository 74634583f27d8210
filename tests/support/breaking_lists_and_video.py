"""Breaks promises of lists, galleries, video, keys and where data may go, in the real state."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from sqlalchemy import delete, text

from lfr_core.common.clock import SystemClock, utc_from_ns
from lfr_core.common.project import PROJECT
from lfr_core.custody.vault.epochs import Epoch
from lfr_core.custody.vault.watchlist_key import make_list_key
from lfr_core.deployments.vault_records import VaultRecords
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.publication.promises.checks.source import SENDERS
from lfr_core.storage.tables.alerts import AlertReferenceRow, AlertRow, SightingRow
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.watchlists import WatchlistEntryRow
from tests.support.breaking_promises import breaks
from tests.support.overwriting import overwriting
from tests.support.promise_harness import DAY_S, LATE_S, PromiseHarness
from tests.support.vaults import MemoryVault

__all__: list[str] = []


@breaks("list.new")
def a_gallery_is_used_by_two_deployments(harness: PromiseHarness) -> Iterator[None]:
    harness.deployments.create("second", DeploymentKind.DEMO, name="Second")
    yield
    _without_unique_gallery(harness)
    harness.change(DeploymentRow, "second", gallery="gallery_dep")


@breaks("list.new")
def nothing_keeps_a_gallery_from_being_used_twice(harness: PromiseHarness) -> Iterator[None]:
    yield
    _without_unique_gallery(harness)


def _without_unique_gallery(harness: PromiseHarness) -> None:
    database = harness.sqlite()
    (made,) = database.execute("SELECT sql FROM sqlite_master WHERE name = 'deployment'").fetchone()
    without = re.sub(r",\s*CONSTRAINT uq_deployment_gallery UNIQUE \(gallery\)", "", made)
    assert without != made
    database.executescript(
        "PRAGMA legacy_alter_table=ON;"
        f"ALTER TABLE deployment RENAME TO former; {without};"
        "INSERT INTO deployment SELECT * FROM former; DROP TABLE former;"
    )
    database.close()
    harness.engine.dispose()  # a new connection sees the new table


@breaks("list.only-listed")
def somebody_who_is_on_no_list_was_matched(harness: PromiseHarness) -> Iterator[None]:
    alert = harness.alert()
    yield
    harness.change(AlertRow, alert, entry="somebody-else")


@breaks("list.lawful")
def an_entry_has_a_ground_outside_the_closed_list(harness: PromiseHarness) -> Iterator[None]:
    yield
    harness.change(WatchlistEntryRow, "entry-1", category="intelligence_interest")


@breaks("list.lawful")
def an_entry_has_no_legal_reference(harness: PromiseHarness) -> Iterator[None]:
    yield
    harness.change(WatchlistEntryRow, "entry-1", legal_reference=" ")


@breaks("list.lawful")
def an_entry_has_no_approver(harness: PromiseHarness) -> Iterator[None]:
    yield
    harness.change(WatchlistEntryRow, "entry-1", approved_by="")


@breaks("list.lawful")
def an_entry_of_a_live_deployment_is_over(harness: PromiseHarness) -> Iterator[None]:
    yield
    harness.change(WatchlistEntryRow, "entry-1", expires_on=date(2026, 11, 22))


@breaks("list.gone")
def the_key_of_a_list_outlives_its_deployment(harness: PromiseHarness) -> Iterator[None]:
    harness.deployments.close("dep")
    harness.clock.advance(LATE_S)
    yield
    make_list_key(harness.vault, "dep", now_ns=harness.clock.time_ns())


@breaks("list.gone")
def a_deployment_ended_and_its_list_is_still_there(harness: PromiseHarness) -> Iterator[None]:
    yield
    harness.change(DeploymentRow, "dep", status="ended", ended_at=utc_from_ns(harness.clock.time_ns()))
    harness.clock.advance(LATE_S)


@breaks("list.gone")
def nobody_closed_a_deployment_for_a_day_after_its_hours(harness: PromiseHarness) -> Iterator[None]:
    yield
    harness.clock.advance(2 * DAY_S + 1)


@breaks("list.gone-from-search")
def the_collection_of_an_ended_deployment_is_still_there(harness: PromiseHarness) -> Iterator[None]:
    harness.gallery.create("lfr_dep", "contract")
    yield
    harness.deployments.close("dep")
    harness.clock.advance(LATE_S)


@breaks("list.gone-from-search")
def there_is_a_collection_of_a_deployment_nobody_knows(harness: PromiseHarness) -> Iterator[None]:
    yield
    harness.gallery.create("lfr_unknown", "contract")


@breaks("cameras.live-only")
def an_operational_deployment_takes_recorded_video(harness: PromiseHarness) -> Iterator[None]:
    harness.deployments.create("op", DeploymentKind.EVALUATION, name="Operational")
    harness.change(DeploymentRow, "op", kind="operational")
    yield
    harness.change(DeploymentRow, "op", live_only=False)


@breaks("faces.forgotten")
def the_key_of_an_epoch_is_still_there_a_minute_later(harness: PromiseHarness) -> Iterator[None]:
    harness.frame()
    harness.clock.advance(16)
    harness.vault.run_timers()
    yield
    harness.frame()
    harness.clock.advance(60)


@breaks("faces.forgotten")
def the_key_of_an_epoch_was_destroyed_a_minute_late(harness: PromiseHarness) -> Iterator[None]:
    harness.frame()
    yield
    harness.clock.advance(75)
    harness.vault.run_timers()


@breaks("faces.no-template-kept")
def a_table_has_a_column_for_a_template(harness: PromiseHarness) -> Iterator[None]:
    yield
    with harness.engine.begin() as connection:
        connection.execute(text("ALTER TABLE sighting ADD COLUMN probe_template BLOB"))


@breaks("recognition.gated")
def the_vault_gives_keys_while_nobody_attends(harness: PromiseHarness) -> Iterator[None]:
    yield
    harness.asked = MemoryVault()  # its gate is always open


@breaks("recognition.gated")
def an_epoch_began_after_the_deployment_had_ended(harness: PromiseHarness) -> Iterator[None]:
    harness.frame()
    harness.deployments.close("dep")
    yield
    at_ns = harness.clock.time_ns() + 60 * 10**9
    key = Epoch("later", "dep", at_ns, at_ns + 10**10, 0.0, 0.0, "00", bytearray(32))
    VaultRecords(harness.engine, SystemClock()).record_begun(key)


@breaks("biometrics.no-export")
def a_module_can_send_mail(harness: PromiseHarness) -> Iterator[None]:
    harness.source = _copy_of_the_source(harness.home)
    yield
    (harness.source / "lfr_core" / "courtesy.py").write_text("def send():\n    import smtplib\n")


@breaks("biometrics.no-export")
def a_module_loads_a_web_client_by_its_name(harness: PromiseHarness) -> Iterator[None]:
    harness.source = _copy_of_the_source(harness.home)
    yield
    (harness.source / "streams" / "courtesy.py").write_text("import importlib\nimportlib.import_module('requests')\n")


@breaks("biometrics.no-export")
def a_module_that_may_speak_to_prefect_gets_at_pictures(harness: PromiseHarness) -> Iterator[None]:
    harness.source = _copy_of_the_source(harness.home)
    yield
    sender = next(iter(SENDERS)).replace(".", "/")
    with (harness.source / f"{sender}.py").open("a") as module:
        module.write("\nfrom lfr_core.custody.crops import alert_key\n")


def _copy_of_the_source(home: Path) -> Path:
    for package in ("lfr_core", "streams", "flows", "apps"):
        for file in (PROJECT / package).rglob("*.py"):
            copy = home / "source" / file.relative_to(PROJECT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    return home / "source"


@breaks("alerts.gone")
def an_alert_is_still_there_after_its_hours(harness: PromiseHarness) -> Iterator[None]:
    harness.alert()
    yield
    harness.clock.advance(DAY_S + LATE_S)
    harness.vault.run_timers()  # its key goes by itself; nobody removes its row


@breaks("alerts.gone")
def the_key_of_an_alert_outlives_it(harness: PromiseHarness) -> Iterator[None]:
    harness.alert()
    yield
    with overwriting(harness.engine) as session:
        for row in (SightingRow, AlertReferenceRow, AlertRow):
            session.execute(delete(row))
    harness.clock.advance(DAY_S + LATE_S)


@breaks("footage.gone")
def footage_is_still_there_after_its_days(harness: PromiseHarness) -> Iterator[None]:
    harness.segment("first")
    harness.clock.advance(harness.policy.footage.retention_days * DAY_S)
    harness.expire_footage()
    yield
    harness.segment("second")
    harness.clock.advance(harness.policy.footage.retention_days * DAY_S + LATE_S)


@breaks("footage.gone")
def footage_was_given_more_days_than_were_promised(harness: PromiseHarness) -> Iterator[None]:
    harness.segment("first")
    yield
    harness.segment("second", days=40)


@breaks("deletion.in-time")
def the_sweep_stands_still(harness: PromiseHarness) -> Iterator[None]:
    harness.sweep_recorded()
    yield
    harness.clock.advance(LATE_S)
