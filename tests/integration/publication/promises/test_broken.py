"""Each promise is kept by the ordinary services, then broken in the real state; its check must say so.

A breaking is a generator: what is before its `yield` makes a state in which the promise holds, what follows breaks it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import delete, text, update
from sqlmodel import col

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.common.project import PROJECT
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.trail import AuditTrail, record
from lfr_core.custody.vault.epochs import Epoch
from lfr_core.custody.vault.watchlist_key import make_list_key
from lfr_core.deployments.vault_log import VaultLog
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.alerts import Judgement
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.figures import UseCase
from lfr_core.domain.policy import load_policy
from lfr_core.publication.promises.catalogue import promises
from lfr_core.publication.promises.checks.source import SENDERS
from lfr_core.publication.promises.port import Result
from lfr_core.publication.rights.types import RequestKind
from lfr_core.storage.tables.alerts import AlertReferenceRow, AlertRow, SightingRow
from lfr_core.storage.tables.audit import AuditEntryRow
from lfr_core.storage.tables.deployments import ApplicationRow, AuthorityRow, DeploymentRow
from lfr_core.storage.tables.erasure import CanaryRow, CertificateRow
from lfr_core.storage.tables.publication import AnnouncementRow, PublishedRecordRow
from lfr_core.storage.tables.rights import RightsRequestRow
from lfr_core.storage.tables.watchlists import WatchlistEntryRow
from tests.support.overwriting import overwriting
from tests.support.people import authenticated
from tests.support.promise_harness import DAY_S, LATE_S, PromiseHarness
from tests.support.shown_pictures import seen
from tests.support.vaults import MemoryVault

Breaking = Callable[[PromiseHarness], Iterator[None]]
BREAKINGS: list[tuple[str, Breaking]] = []


def breaks(check: str) -> Callable[[Breaking], Breaking]:
    def register(breaking: Breaking) -> Breaking:
        BREAKINGS.append((check, breaking))
        return breaking

    return register


@breaks("list.new")
def a_gallery_is_used_by_two_deployments(harness: PromiseHarness) -> Iterator[None]:
    harness.store.create("second", DeploymentKind.DEMO, name="Second", policy=harness.policy)
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
    harness.store.close("dep")
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
    harness.store.close("dep")
    harness.clock.advance(LATE_S)


@breaks("list.gone-from-search")
def there_is_a_collection_of_a_deployment_nobody_knows(harness: PromiseHarness) -> Iterator[None]:
    yield
    harness.gallery.create("lfr_unknown", "contract")


@breaks("cameras.live-only")
def an_operational_deployment_takes_recorded_video(harness: PromiseHarness) -> Iterator[None]:
    harness.store.create("op", DeploymentKind.EVALUATION, name="Operational", policy=harness.policy)
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
    harness.store.close("dep")
    yield
    at_ns = harness.clock.time_ns() + 60 * 10**9
    key = Epoch("later", "dep", at_ns, at_ns + 10**10, 0.0, 0.0, "00", bytearray(32))
    VaultLog(harness.engine).began(key)


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
    harness.sweep_booked()
    yield
    harness.clock.advance(LATE_S)


@breaks("accuracy.threshold-bound")
def the_threshold_was_changed_under_way(harness: PromiseHarness) -> Iterator[None]:
    harness.alert()
    yield
    harness.change(DeploymentRow, "dep", threshold=0.3)


@breaks("accuracy.threshold-bound")
def an_alert_lies_below_the_threshold(harness: PromiseHarness) -> Iterator[None]:
    alert = harness.alert()
    yield
    harness.change(AlertRow, alert, similarity=0.2)


@breaks("accuracy.threshold-bound")
def a_gallery_names_no_model(harness: PromiseHarness) -> Iterator[None]:
    yield
    harness.change(DeploymentRow, "dep", contract_id="")


@breaks("accuracy.large-list")
def there_are_more_false_alerts_than_one_in_ten_thousand(harness: PromiseHarness) -> Iterator[None]:
    harness.evaluation(people=10_000, faces=40_000)
    yield
    harness.false_alerts(20)


@breaks("accuracy.small-list")
def there_are_more_false_alerts_than_one_in_a_hundred_thousand(harness: PromiseHarness) -> Iterator[None]:
    harness.evaluation(people=1_000, faces=400_000)
    yield
    harness.false_alerts(20)


@breaks("people.decide")
def the_software_judged_an_alert(harness: PromiseHarness) -> Iterator[None]:
    alert = harness.alert()
    harness.decisions.judge(alert, Judgement.SAME, authenticated("Op One"), shown=seen(harness.engine, alert))
    yield
    harness.change(AlertRow, alert, judged_by="system:matcher")


@breaks("people.decide")
def the_trail_has_a_decision_of_the_softwares(harness: PromiseHarness) -> Iterator[None]:
    alert = harness.alert()
    harness.decisions.judge(alert, Judgement.SAME, authenticated("Op One"), shown=seen(harness.engine, alert))
    yield
    event = AuditEvent(
        Verb.DECIDE, SystemActor.RECOGNISER, "dep", f"alert:{alert}", "alert.judgement", {"answer": "same"}
    )
    record(harness.engine, harness.trail, event)


@breaks("people.decide")
def somebody_was_engaged_whom_nobody_compared(harness: PromiseHarness) -> Iterator[None]:
    alert = harness.alert()
    yield
    harness.change(AlertRow, alert, engagement="engaged", engaged_by="PC Stop")


@breaks("people.decide")
def somebody_was_engaged_for_a_reason_outside_the_closed_list(harness: PromiseHarness) -> Iterator[None]:
    alert = harness.alert()
    harness.decisions.judge(alert, Judgement.SAME, authenticated("Op One"), shown=seen(harness.engine, alert))
    yield
    harness.change(AlertRow, alert, engagement="avoided_camera", engaged_by="PC Stop")


@breaks("people.avoidance-no-ground")
def somebody_was_stopped_for_avoiding_the_camera(harness: PromiseHarness) -> Iterator[None]:
    alert = harness.alert()
    yield
    harness.change(AlertRow, alert, category="avoided_camera")


def _operational(harness: PromiseHarness, *, ended: bool = False) -> None:
    """An operational deployment `op` that opened now, and perhaps ended."""
    now = utc_from_ns(harness.clock.time_ns())
    harness.store.create("op", DeploymentKind.EVALUATION, name="Operational", policy=harness.policy)
    status = "ended" if ended else "live"
    harness.change(
        DeploymentRow, "op", kind="operational", status=status, opened_at=now, ended_at=now if ended else None
    )


def _notice(harness: PromiseHarness, *, made_s: float, withheld_because: str = "", approved_by: str = "") -> None:
    """A notice of `op`, made so many seconds from now."""
    now = utc_from_ns(harness.clock.time_ns())
    with overwriting(harness.engine) as session:
        session.add(
            AnnouncementRow(
                deployment="op",
                revision=1,
                public_id="op",
                place="Town centre",
                starts_at=now,
                ends_at=now,
                purpose="Wanted people",
                use_case="1 Crime Hotspot",
                made_at=now + timedelta(seconds=made_s),
                made_by="Planner",
                withheld_because=withheld_because,
                approved_by=approved_by,
            )
        )


def _authority(harness: PromiseHarness) -> None:
    """`op` was applied for by "P. Lanner" and granted a minute before it opened."""
    now = utc_from_ns(harness.clock.time_ns())
    _operational(harness)
    made = {
        **dict.fromkeys(("place", "footprint", "purpose", "sought", "necessity", "proportionality", "grounds"), "said"),
        **dict.fromkeys(("threshold_reason", "cameras", "watchlist_folder"), ""),
    }
    application = ApplicationRow(
        deployment="op",
        revision=1,
        starts_at=now,
        ends_at=now + timedelta(hours=6),
        use_case=UseCase.SOUGHT_PERSONS.value,
        threshold=0.5,
        list_cap=10,
        expected_faces=100,
        applied_by="P. Lanner",
        applied_at=now - timedelta(hours=1),
        **made,
    )
    authority = AuthorityRow(
        deployment="op",
        revision=1,
        granted=True,
        by="Supt Allow",
        rank="superintendent",
        at=now - timedelta(minutes=1),
        reason="necessary",
        false_alerts_one_in=1_000,
        expected_false_alerts=None,
        claim_not_shown=True,
    )
    with overwriting(harness.engine) as session:
        session.add(application)
        session.flush()
        session.add(authority)


def _changed_authority(harness: PromiseHarness, **changes: object) -> Iterator[None]:
    _authority(harness)
    yield
    with overwriting(harness.engine) as session:
        session.execute(update(AuthorityRow).values(**changes))


@breaks("people.authorised")
def a_deployment_opened_without_an_authority(harness: PromiseHarness) -> Iterator[None]:
    yield
    _operational(harness)


@breaks("people.authorised")
def what_was_refused_opened(harness: PromiseHarness) -> Iterator[None]:
    yield from _changed_authority(harness, granted=False)


@breaks("people.authorised")
def an_inspector_authorised_it(harness: PromiseHarness) -> Iterator[None]:
    yield from _changed_authority(harness, rank="inspector")


@breaks("people.authorised")
def its_planner_authorised_it(harness: PromiseHarness) -> Iterator[None]:
    yield from _changed_authority(harness, by="p.  lanner")


@breaks("people.authorised")
def the_authority_came_after_the_opening(harness: PromiseHarness) -> Iterator[None]:
    yield from _changed_authority(harness, at=utc_from_ns(harness.clock.time_ns() + 60 * 10**9))


@breaks("people.authorised")
def another_revision_was_authorised(harness: PromiseHarness) -> Iterator[None]:
    yield from _changed_authority(harness, revision=2)


def _asked(harness: PromiseHarness, *, answered_after_days: float | None = None) -> None:
    now = utc_from_ns(harness.clock.time_ns())
    days = answered_after_days
    with overwriting(harness.engine) as session:
        session.add(
            RightsRequestRow(
                reference="R-2026-AAAA-AAAA-AAAA",
                kind=RequestKind.COMPLAINT.value,
                asks_listed=False,
                received_on=now.date(),
                taken_at=now,
                taken_by="F. Doyle",
                key_id="k",
                asked_sealed=b"sealed",
                neither_confirm_nor_deny=False,
                answered_at=None if days is None else now + timedelta(days=days),
            )
        )


@breaks("public.answers")
def nobody_answered_within_the_month(harness: PromiseHarness) -> Iterator[None]:
    _asked(harness)
    harness.clock.advance(20 * DAY_S)
    yield
    harness.clock.advance(20 * DAY_S)


@breaks("public.answers")
def the_answer_came_after_the_month(harness: PromiseHarness) -> Iterator[None]:
    _asked(harness, answered_after_days=20)
    harness.clock.advance(50 * DAY_S)
    yield
    with overwriting(harness.engine) as session:
        session.execute(update(RightsRequestRow).values(answered_at=utc_from_ns(harness.clock.time_ns())))


@breaks("public.announced")
def a_deployment_opened_without_a_notice(harness: PromiseHarness) -> Iterator[None]:
    yield
    _operational(harness)


@breaks("public.announced")
def the_notice_came_after_the_opening(harness: PromiseHarness) -> Iterator[None]:
    _operational(harness)
    _notice(harness, made_s=-60)
    yield
    with overwriting(harness.engine) as session:
        session.execute(update(AnnouncementRow).values(made_at=utc_from_ns(harness.clock.time_ns() + 10**9)))


@breaks("public.announced")
def nobody_approved_that_the_notice_was_withheld(harness: PromiseHarness) -> Iterator[None]:
    _operational(harness)
    _notice(harness, made_s=-60, withheld_because="defeats_purpose", approved_by="Supt Allow")
    yield
    with overwriting(harness.engine) as session:
        session.execute(update(AnnouncementRow).values(approved_by=""))


@breaks("public.results")
def the_results_are_overdue(harness: PromiseHarness) -> Iterator[None]:
    _operational(harness, ended=True)
    harness.clock.advance(4 * DAY_S)
    yield
    harness.clock.advance(5 * DAY_S)


def _results(harness: PromiseHarness) -> None:
    """The results of `op` are published now."""
    at, body = utc_from_ns(harness.clock.time_ns()), "{}"
    digest = sha256(body.encode()).hexdigest()
    with overwriting(harness.engine) as session:
        session.add(
            PublishedRecordRow(
                deployment="op", revision=1, published_at=at, published_by="Press", body=body, sha256=digest
            )
        )


@breaks("public.results")
def the_results_came_late(harness: PromiseHarness) -> Iterator[None]:
    _operational(harness, ended=True)
    _results(harness)
    harness.clock.advance(9 * DAY_S)
    yield
    with overwriting(harness.engine) as session:
        session.execute(update(PublishedRecordRow).values(published_at=utc_from_ns(harness.clock.time_ns())))


@breaks("public.results")
def published_results_were_changed_afterwards(harness: PromiseHarness) -> Iterator[None]:
    _operational(harness, ended=True)
    _results(harness)
    yield
    with overwriting(harness.engine) as session:
        session.execute(update(PublishedRecordRow).values(body="{ }"))


@breaks("audit.verifies")
def an_entry_of_the_trail_was_changed(harness: PromiseHarness) -> Iterator[None]:
    harness.sign_trail()
    yield
    changed = update(AuditEntryRow).where(col(AuditEntryRow.seq) == 2).values(body="{}")
    with overwriting(harness.engine) as session:
        session.execute(changed)


@breaks("audit.verifies")
def an_entry_was_added_by_hand_with_its_hashes_worked_out(harness: PromiseHarness) -> Iterator[None]:
    harness.sign_trail()
    yield
    forger = AuditTrail(MemoryVault(b"a forger who knows how OpenLFR works"), harness.clock)
    record(harness.engine, forger, AuditEvent(Verb.ERASE, SystemActor.RETENTION, "", "broker:old", "a forgery"))
    with pytest.raises(Refused, match="entry"):
        harness.sign_trail()
    harness.clock.advance(61)


@breaks("audit.verifies")
def the_newest_entries_of_the_trail_are_gone(harness: PromiseHarness) -> Iterator[None]:
    harness.sign_trail()
    yield
    database = harness.sqlite()
    database.execute("DELETE FROM audit_entry WHERE seq > 1")
    database.execute("DELETE FROM audit_head")
    database.commit()
    database.close()


@breaks("audit.verifies")
def nobody_signs_the_trail_any_more(harness: PromiseHarness) -> Iterator[None]:
    harness.sign_trail()
    yield
    harness.alert()
    harness.clock.advance(61)


@breaks("deletion.certified")
def a_certificate_was_edited(harness: PromiseHarness) -> Iterator[None]:
    harness.certify()
    yield
    with overwriting(harness.engine) as session:
        session.execute(update(CertificateRow).values(body="{}"))


@breaks("deletion.certified")
def the_last_search_found_something(harness: PromiseHarness) -> Iterator[None]:
    harness.certify()
    yield
    harness.certify(failures=("a canary was found",))


@breaks("deletion.certified")
def an_ended_deployment_has_no_certificate(harness: PromiseHarness) -> Iterator[None]:
    harness.certify()
    harness.store.create("second", DeploymentKind.DEMO, name="Second", policy=harness.policy)
    yield
    harness.store.close("second")
    with overwriting(harness.engine) as session:
        session.add(
            CanaryRow(
                id="c",
                deployment="second",
                kind="reference",
                store="database",
                planted_ns=1,
                clear_digest="00",
                stored_digest="00",
            )
        )
    harness.clock.advance(DAY_S + LATE_S)


@pytest.mark.parametrize(
    ("check", "breaking"), BREAKINGS, ids=[f"{check}-{breaking.__name__}" for check, breaking in BREAKINGS]
)
def test_a_promise_holds_until_it_is_broken_and_then_its_check_says_so(
    harness: PromiseHarness, check: str, breaking: Breaking
) -> None:
    steps = breaking(harness)
    next(steps)
    before = harness.look(check)
    assert before.result is Result.HOLDS, before

    next(steps, None)
    after = harness.look(check)

    assert after.result is Result.BROKEN, after
    assert after.message != before.message


def test_no_check_can_only_say_that_its_promise_holds() -> None:
    bound = {each.check for each in promises(load_policy()) if each.check}

    assert {check for check, _ in BREAKINGS} == bound
