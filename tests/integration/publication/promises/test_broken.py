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
from lfr_core.common.project import PROJECT
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.trail import record
from lfr_core.custody.vault.epochs import Epoch
from lfr_core.custody.vault.lists import make_list_key
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
from lfr_core.storage.engine import writing
from lfr_core.storage.tables.alerts import AlertReferenceRow, AlertRow, SightingRow
from lfr_core.storage.tables.audit import AuditEntryRow
from lfr_core.storage.tables.deployments import ApplicationRow, AuthorityRow, DeploymentRow
from lfr_core.storage.tables.erasure import CanaryRow, CertificateRow
from lfr_core.storage.tables.publication import AnnouncementRow, PublishedRecordRow
from lfr_core.storage.tables.rights import RightsRequestRow
from lfr_core.storage.tables.watchlists import WatchlistEntryRow
from tests.support.deciding import seen
from tests.support.promise_house import DAY_S, LATE_S, PromiseHouse
from tests.support.vaults import MemoryVault

Breaking = Callable[[PromiseHouse], Iterator[None]]
BREAKINGS: list[tuple[str, Breaking]] = []


def breaks(check: str) -> Callable[[Breaking], Breaking]:
    def register(breaking: Breaking) -> Breaking:
        BREAKINGS.append((check, breaking))
        return breaking

    return register


@breaks("list.new")
def a_gallery_is_used_by_two_deployments(house: PromiseHouse) -> Iterator[None]:
    house.store.create("second", DeploymentKind.DEMO, name="Second", policy=house.policy)
    yield
    _without_unique_gallery(house)
    house.change(DeploymentRow, "second", gallery="gallery_dep")


@breaks("list.new")
def nothing_keeps_a_gallery_from_being_used_twice(house: PromiseHouse) -> Iterator[None]:
    yield
    _without_unique_gallery(house)


def _without_unique_gallery(house: PromiseHouse) -> None:
    database = house.sqlite()
    (made,) = database.execute("SELECT sql FROM sqlite_master WHERE name = 'deployment'").fetchone()
    without = re.sub(r",\s*CONSTRAINT uq_deployment_gallery UNIQUE \(gallery\)", "", made)
    assert without != made
    database.executescript(
        "PRAGMA legacy_alter_table=ON;"
        f"ALTER TABLE deployment RENAME TO former; {without};"
        "INSERT INTO deployment SELECT * FROM former; DROP TABLE former;"
    )
    database.close()
    house.engine.dispose()  # a new connection sees the new table


@breaks("list.only-listed")
def somebody_who_is_on_no_list_was_matched(house: PromiseHouse) -> Iterator[None]:
    alert = house.alert()
    yield
    house.change(AlertRow, alert, entry="somebody-else")


@breaks("list.lawful")
def an_entry_has_a_ground_outside_the_closed_list(house: PromiseHouse) -> Iterator[None]:
    yield
    house.change(WatchlistEntryRow, "entry-1", category="intelligence_interest")


@breaks("list.lawful")
def an_entry_has_no_legal_reference(house: PromiseHouse) -> Iterator[None]:
    yield
    house.change(WatchlistEntryRow, "entry-1", legal_reference=" ")


@breaks("list.lawful")
def an_entry_has_no_approver(house: PromiseHouse) -> Iterator[None]:
    yield
    house.change(WatchlistEntryRow, "entry-1", approved_by="")


@breaks("list.lawful")
def an_entry_of_a_live_deployment_is_over(house: PromiseHouse) -> Iterator[None]:
    yield
    house.change(WatchlistEntryRow, "entry-1", expires_on=date(2026, 11, 22))


@breaks("list.gone")
def the_key_of_a_list_outlives_its_deployment(house: PromiseHouse) -> Iterator[None]:
    house.store.close("dep")
    house.clock.advance(LATE_S)
    yield
    make_list_key(house.vault, "dep", now_ns=house.clock.time_ns())


@breaks("list.gone")
def a_deployment_ended_and_its_list_is_still_there(house: PromiseHouse) -> Iterator[None]:
    yield
    house.change(DeploymentRow, "dep", status="ended", ended_at=utc_from_ns(house.clock.time_ns()))
    house.clock.advance(LATE_S)


@breaks("list.gone")
def nobody_closed_a_deployment_for_a_day_after_its_hours(house: PromiseHouse) -> Iterator[None]:
    yield
    house.clock.advance(2 * DAY_S + 1)


@breaks("list.gone-from-search")
def the_collection_of_an_ended_deployment_is_still_there(house: PromiseHouse) -> Iterator[None]:
    house.gallery.create("lfr_dep", "contract")
    yield
    house.store.close("dep")
    house.clock.advance(LATE_S)


@breaks("list.gone-from-search")
def there_is_a_collection_of_a_deployment_nobody_knows(house: PromiseHouse) -> Iterator[None]:
    yield
    house.gallery.create("lfr_unknown", "contract")


@breaks("cameras.live-only")
def an_operational_deployment_takes_recorded_video(house: PromiseHouse) -> Iterator[None]:
    house.store.create("op", DeploymentKind.EVALUATION, name="Operational", policy=house.policy)
    house.change(DeploymentRow, "op", kind="operational")
    yield
    house.change(DeploymentRow, "op", live_only=False)


@breaks("faces.forgotten")
def the_key_of_an_epoch_is_still_there_a_minute_later(house: PromiseHouse) -> Iterator[None]:
    house.frame()
    house.clock.advance(16)
    house.vault.tick()
    yield
    house.frame()
    house.clock.advance(60)


@breaks("faces.forgotten")
def the_key_of_an_epoch_was_destroyed_a_minute_late(house: PromiseHouse) -> Iterator[None]:
    house.frame()
    yield
    house.clock.advance(75)
    house.vault.tick()


@breaks("faces.no-template-kept")
def a_table_has_a_column_for_a_template(house: PromiseHouse) -> Iterator[None]:
    yield
    with house.engine.begin() as connection:
        connection.execute(text("ALTER TABLE sighting ADD COLUMN probe_template BLOB"))


@breaks("recognition.gated")
def the_vault_gives_keys_while_nobody_attends(house: PromiseHouse) -> Iterator[None]:
    yield
    house.asked = MemoryVault()  # its gate is always open


@breaks("recognition.gated")
def an_epoch_began_after_the_deployment_had_ended(house: PromiseHouse) -> Iterator[None]:
    house.frame()
    house.store.close("dep")
    yield
    at_ns = house.clock.time_ns() + 60 * 10**9
    key = Epoch("later", "dep", at_ns, at_ns + 10**10, 0.0, 0.0, "00", bytearray(32))
    VaultLog(house.engine).began(key)


@breaks("biometrics.no-export")
def a_module_can_send_mail(house: PromiseHouse) -> Iterator[None]:
    house.source = _copy_of_the_source(house.home)
    yield
    (house.source / "lfr_core" / "courtesy.py").write_text("def send():\n    import smtplib\n")


@breaks("biometrics.no-export")
def a_module_loads_a_web_client_by_its_name(house: PromiseHouse) -> Iterator[None]:
    house.source = _copy_of_the_source(house.home)
    yield
    (house.source / "streams" / "courtesy.py").write_text("import importlib\nimportlib.import_module('requests')\n")


@breaks("biometrics.no-export")
def a_module_that_may_speak_to_prefect_gets_at_pictures(house: PromiseHouse) -> Iterator[None]:
    house.source = _copy_of_the_source(house.home)
    yield
    sender = next(iter(SENDERS)).replace(".", "/")
    with (house.source / f"{sender}.py").open("a") as module:
        module.write("\nfrom lfr_core.custody.crops import alert_key\n")


def _copy_of_the_source(home: Path) -> Path:
    for package in ("lfr_core", "streams", "flows", "apps"):
        for file in (PROJECT / package).rglob("*.py"):
            copy = home / "source" / file.relative_to(PROJECT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    return home / "source"


@breaks("alerts.gone")
def an_alert_is_still_there_after_its_hours(house: PromiseHouse) -> Iterator[None]:
    house.alert()
    yield
    house.clock.advance(DAY_S + LATE_S)
    house.vault.tick()  # its key goes by itself; nobody removes its row


@breaks("alerts.gone")
def the_key_of_an_alert_outlives_it(house: PromiseHouse) -> Iterator[None]:
    house.alert()
    yield
    with writing(house.engine) as session:
        for row in (SightingRow, AlertReferenceRow, AlertRow):
            session.execute(delete(row))
    house.clock.advance(DAY_S + LATE_S)


@breaks("footage.gone")
def footage_is_still_there_after_its_days(house: PromiseHouse) -> Iterator[None]:
    house.segment("first")
    house.clock.advance(house.policy.footage.retention_days * DAY_S)
    house.expire_footage()
    yield
    house.segment("second")
    house.clock.advance(house.policy.footage.retention_days * DAY_S + LATE_S)


@breaks("footage.gone")
def footage_was_given_more_days_than_were_promised(house: PromiseHouse) -> Iterator[None]:
    house.segment("first")
    yield
    house.segment("second", days=40)


@breaks("deletion.in-time")
def the_sweep_stands_still(house: PromiseHouse) -> Iterator[None]:
    house.sweep_booked()
    yield
    house.clock.advance(LATE_S)


@breaks("accuracy.threshold-bound")
def the_threshold_was_changed_under_way(house: PromiseHouse) -> Iterator[None]:
    house.alert()
    yield
    house.change(DeploymentRow, "dep", threshold=0.3)


@breaks("accuracy.threshold-bound")
def an_alert_lies_below_the_threshold(house: PromiseHouse) -> Iterator[None]:
    alert = house.alert()
    yield
    house.change(AlertRow, alert, similarity=0.2)


@breaks("accuracy.threshold-bound")
def a_gallery_names_no_model(house: PromiseHouse) -> Iterator[None]:
    yield
    house.change(DeploymentRow, "dep", contract_id="")


@breaks("accuracy.large-list")
def there_are_more_false_alerts_than_one_in_ten_thousand(house: PromiseHouse) -> Iterator[None]:
    house.evaluation(people=10_000, faces=40_000)
    yield
    house.false_alerts(20)


@breaks("accuracy.small-list")
def there_are_more_false_alerts_than_one_in_a_hundred_thousand(house: PromiseHouse) -> Iterator[None]:
    house.evaluation(people=1_000, faces=400_000)
    yield
    house.false_alerts(20)


@breaks("people.decide")
def the_software_judged_an_alert(house: PromiseHouse) -> Iterator[None]:
    alert = house.alert()
    house.decisions.judge(alert, Judgement.SAME, "Op One", shown=seen(house.engine, alert))
    yield
    house.change(AlertRow, alert, judged_by="system:matcher")


@breaks("people.decide")
def the_trail_has_a_decision_of_the_softwares(house: PromiseHouse) -> Iterator[None]:
    alert = house.alert()
    house.decisions.judge(alert, Judgement.SAME, "Op One", shown=seen(house.engine, alert))
    yield
    event = AuditEvent(
        Verb.DECIDE, SystemActor.RECOGNISER, "dep", f"alert:{alert}", "alert.judgement", {"answer": "same"}
    )
    record(house.engine, house.trail, event)


@breaks("people.decide")
def somebody_was_engaged_whom_nobody_compared(house: PromiseHouse) -> Iterator[None]:
    alert = house.alert()
    yield
    house.change(AlertRow, alert, engagement="engaged", engaged_by="PC Stop")


@breaks("people.decide")
def somebody_was_engaged_for_a_reason_outside_the_closed_list(house: PromiseHouse) -> Iterator[None]:
    alert = house.alert()
    house.decisions.judge(alert, Judgement.SAME, "Op One", shown=seen(house.engine, alert))
    yield
    house.change(AlertRow, alert, engagement="avoided_camera", engaged_by="PC Stop")


@breaks("people.avoidance-no-ground")
def somebody_was_stopped_for_avoiding_the_camera(house: PromiseHouse) -> Iterator[None]:
    alert = house.alert()
    yield
    house.change(AlertRow, alert, category="avoided_camera")


def _operational(house: PromiseHouse, *, ended: bool = False) -> None:
    """An operational deployment `op` that opened now, and perhaps ended."""
    now = utc_from_ns(house.clock.time_ns())
    house.store.create("op", DeploymentKind.EVALUATION, name="Operational", policy=house.policy)
    status = "ended" if ended else "live"
    house.change(DeploymentRow, "op", kind="operational", status=status, opened_at=now, ended_at=now if ended else None)


def _notice(house: PromiseHouse, *, made_s: float, withheld_because: str = "", approved_by: str = "") -> None:
    """A notice of `op`, made so many seconds from now."""
    now = utc_from_ns(house.clock.time_ns())
    with writing(house.engine) as session:
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


def _authority(house: PromiseHouse) -> None:
    """`op` was applied for by "P. Lanner" and granted a minute before it opened."""
    now = utc_from_ns(house.clock.time_ns())
    _operational(house)
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
    with writing(house.engine) as session:
        session.add(application)
        session.flush()
        session.add(authority)


def _changed_authority(house: PromiseHouse, **changes: object) -> Iterator[None]:
    _authority(house)
    yield
    with writing(house.engine) as session:
        session.execute(update(AuthorityRow).values(**changes))


@breaks("people.authorised")
def a_deployment_opened_without_an_authority(house: PromiseHouse) -> Iterator[None]:
    yield
    _operational(house)


@breaks("people.authorised")
def what_was_refused_opened(house: PromiseHouse) -> Iterator[None]:
    yield from _changed_authority(house, granted=False)


@breaks("people.authorised")
def an_inspector_authorised_it(house: PromiseHouse) -> Iterator[None]:
    yield from _changed_authority(house, rank="inspector")


@breaks("people.authorised")
def its_planner_authorised_it(house: PromiseHouse) -> Iterator[None]:
    yield from _changed_authority(house, by="p.  lanner")


@breaks("people.authorised")
def the_authority_came_after_the_opening(house: PromiseHouse) -> Iterator[None]:
    yield from _changed_authority(house, at=utc_from_ns(house.clock.time_ns() + 60 * 10**9))


@breaks("people.authorised")
def another_revision_was_authorised(house: PromiseHouse) -> Iterator[None]:
    yield from _changed_authority(house, revision=2)


def _asked(house: PromiseHouse, *, answered_after_days: float | None = None) -> None:
    now = utc_from_ns(house.clock.time_ns())
    days = answered_after_days
    with writing(house.engine) as session:
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
def nobody_answered_within_the_month(house: PromiseHouse) -> Iterator[None]:
    _asked(house)
    house.clock.advance(20 * DAY_S)
    yield
    house.clock.advance(20 * DAY_S)


@breaks("public.answers")
def the_answer_came_after_the_month(house: PromiseHouse) -> Iterator[None]:
    _asked(house, answered_after_days=20)
    house.clock.advance(50 * DAY_S)
    yield
    with writing(house.engine) as session:
        session.execute(update(RightsRequestRow).values(answered_at=utc_from_ns(house.clock.time_ns())))


@breaks("public.announced")
def a_deployment_opened_without_a_notice(house: PromiseHouse) -> Iterator[None]:
    yield
    _operational(house)


@breaks("public.announced")
def the_notice_came_after_the_opening(house: PromiseHouse) -> Iterator[None]:
    _operational(house)
    _notice(house, made_s=-60)
    yield
    with writing(house.engine) as session:
        session.execute(update(AnnouncementRow).values(made_at=utc_from_ns(house.clock.time_ns() + 10**9)))


@breaks("public.announced")
def nobody_approved_that_the_notice_was_withheld(house: PromiseHouse) -> Iterator[None]:
    _operational(house)
    _notice(house, made_s=-60, withheld_because="defeats_purpose", approved_by="Supt Allow")
    yield
    with writing(house.engine) as session:
        session.execute(update(AnnouncementRow).values(approved_by=""))


@breaks("public.results")
def the_results_are_overdue(house: PromiseHouse) -> Iterator[None]:
    _operational(house, ended=True)
    house.clock.advance(4 * DAY_S)
    yield
    house.clock.advance(5 * DAY_S)


def _results(house: PromiseHouse) -> None:
    """The results of `op` are published now."""
    at, body = utc_from_ns(house.clock.time_ns()), "{}"
    digest = sha256(body.encode()).hexdigest()
    with writing(house.engine) as session:
        session.add(
            PublishedRecordRow(
                deployment="op", revision=1, published_at=at, published_by="Press", body=body, sha256=digest
            )
        )


@breaks("public.results")
def the_results_came_late(house: PromiseHouse) -> Iterator[None]:
    _operational(house, ended=True)
    _results(house)
    house.clock.advance(9 * DAY_S)
    yield
    with writing(house.engine) as session:
        session.execute(update(PublishedRecordRow).values(published_at=utc_from_ns(house.clock.time_ns())))


@breaks("public.results")
def published_results_were_changed_afterwards(house: PromiseHouse) -> Iterator[None]:
    _operational(house, ended=True)
    _results(house)
    yield
    with writing(house.engine) as session:
        session.execute(update(PublishedRecordRow).values(body="{ }"))


@breaks("audit.verifies")
def an_entry_of_the_trail_was_changed(house: PromiseHouse) -> Iterator[None]:
    house.sign_trail()
    yield
    changed = update(AuditEntryRow).where(col(AuditEntryRow.seq) == 2).values(body="{}")
    with writing(house.engine) as session:
        session.execute(changed)


@breaks("audit.verifies")
def the_newest_entries_of_the_trail_are_gone(house: PromiseHouse) -> Iterator[None]:
    house.sign_trail()
    yield
    database = house.sqlite()
    database.execute("DELETE FROM audit_entry WHERE seq > 1")
    database.execute("DELETE FROM audit_head")
    database.commit()
    database.close()


@breaks("audit.verifies")
def nobody_signs_the_trail_any_more(house: PromiseHouse) -> Iterator[None]:
    house.sign_trail()
    yield
    house.alert()
    house.clock.advance(61)


@breaks("deletion.certified")
def a_certificate_was_edited(house: PromiseHouse) -> Iterator[None]:
    house.certify()
    yield
    with writing(house.engine) as session:
        session.execute(update(CertificateRow).values(body="{}"))


@breaks("deletion.certified")
def the_last_search_found_something(house: PromiseHouse) -> Iterator[None]:
    house.certify()
    yield
    house.certify(failures=("a canary was found",))


@breaks("deletion.certified")
def an_ended_deployment_has_no_certificate(house: PromiseHouse) -> Iterator[None]:
    house.certify()
    house.store.create("second", DeploymentKind.DEMO, name="Second", policy=house.policy)
    yield
    house.store.close("second")
    with writing(house.engine) as session:
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
    house.clock.advance(DAY_S + LATE_S)


@pytest.mark.parametrize(
    ("check", "breaking"), BREAKINGS, ids=[f"{check}-{breaking.__name__}" for check, breaking in BREAKINGS]
)
def test_a_promise_holds_until_it_is_broken_and_then_its_check_says_so(
    house: PromiseHouse, check: str, breaking: Breaking
) -> None:
    steps = breaking(house)
    next(steps)
    before = house.look(check)
    assert before.result is Result.HOLDS, before

    next(steps, None)
    after = house.look(check)

    assert after.result is Result.BROKEN, after
    assert after.message != before.message


def test_no_check_can_only_say_that_its_promise_holds() -> None:
    bound = {each.check for each in promises(load_policy()) if each.check}

    assert {check for check, _ in BREAKINGS} == bound
