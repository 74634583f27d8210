"""The vault goes by no record that somebody wrote into the database past the platform."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, delete, select, update

from apps.vault.process import build_vault
from lfr_core.common.clock import SystemClock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.entry import parse_body
from lfr_core.custody.audit.head_checkpoint import keep_head
from lfr_core.custody.audit.heads import sign_head
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.read import read_stored_entries, snapshot
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.lending import FACTS_MAX_AGE_S
from lfr_core.custody.vault.port import KeyKind
from lfr_core.deployments.vault_records import VaultRecords
from lfr_core.domain.actors import ProcessIdentity, SystemActor
from lfr_core.domain.policy import load_policy
from lfr_core.retention.footage.complaint_holds import reconcile_complaint_holds
from lfr_core.retention.footage.hold_writer import HoldWriter
from lfr_core.retention.footage.holds import HoldGround, HoldRequest
from lfr_core.storage.engine import open_engine, writing
from lfr_core.storage.tables.audit import AuditEntryRow, AuditHeadRow
from lfr_core.storage.tables.deployments import AuthorityRow, DeploymentRow
from lfr_core.storage.tables.footage import FootageHoldRow, FootageHoldSegmentRow, digest_segments
from lfr_core.storage.tables.people import PersonRow
from lfr_core.storage.tables.rights import ComplaintHoldRow, RightsRequestRow
from lfr_core.storage.tables.vault import InstallationRow
from tests.support.believed_home import (
    EVE,
    Home,
    believed_home,
    film,
    insert_officer,
    live_trial,
    restart,
    segment_of,
)
from tests.support.overwriting import overwriting
from tests.support.people import CAST, authenticated
from tests.support.planning import OFFICER
from tests.support.vault_server import serving_vault


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with believed_home(tmp_path) as home:
        yield home


def test_an_inserted_authority_opens_no_gate(home: Home) -> None:
    made = home.planning.plan()
    now = utc_from_ns(SystemClock().time_ns())
    with overwriting(home.engine) as session:
        session.add(
            AuthorityRow(
                deployment="dep",
                revision=made.revision,
                granted=True,
                by=OFFICER,
                rank="superintendent",
                at=now,
                reason="x",
                false_alerts_one_in=1_000,
                expected_false_alerts=None,
                claim_not_shown=True,
            )
        )

    facts = home.core.people.facts("dep")  # type: ignore[attr-defined]  # the vault's look at the records is all three

    assert "authority/dep/" in facts.records_why
    assert "no entry on the audit trail" in facts.records_why


@pytest.mark.parametrize(("column", "value"), [("threshold", 0.05), ("closes_at", timedelta(days=30))])
def test_a_deployment_that_was_written_in_gets_no_key_and_the_board_names_what_differs(
    home: Home, column: str, value: object
) -> None:
    live_trial(home)
    assert home.vault.check_gate("trial") > 0
    with overwriting(home.engine) as session:
        row = session.get_one(DeploymentRow, "trial")
        setattr(row, column, getattr(row, column) + value if isinstance(value, timedelta) else value)
    time.sleep(FACTS_MAX_AGE_S + 0.1)

    assert home.rule(lambda: home.vault.check_gate("trial")) == "gate.records-on-trail"
    assert home.rule(lambda: home.vault.seal_key("trial", "cam")) == "gate.records-on-trail"


def test_an_inserted_hold_keeps_no_footage(home: Home) -> None:
    live_trial(home)
    key = film(home)
    now = utc_from_ns(SystemClock().time_ns())
    with overwriting(home.engine) as session:
        session.add(segment_of(key))
        session.flush()
        session.add(
            FootageHoldRow(
                id="hold-1",
                ground="complaint",
                reference="C/1",
                requested_by=OFFICER,
                approved_by="",
                placed_at=now,
                review_on=now.date(),
                segments_sha256=digest_segments(["segment-1"]),
            )
        )
        session.flush()
        session.add(FootageHoldSegmentRow(hold="hold-1", segment="segment-1"))

    assert home.rule(lambda: home.vault.hold([key.id], held=True)) == "vault.no-hold"


def test_a_home_of_before_is_put_on_the_trail_once_and_never_again(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    with serving_vault(settings) as core:
        engine = open_engine(settings.records_url)
        insert_officer(engine)
    (settings.keystore_folder / "records-adopted").unlink()  # a home of an earlier version: rows without entries
    again, compare = build_vault(settings, load_policy(), engine, SystemClock())
    with snapshot(engine) as session:
        bodies = [body for each in read_stored_entries(session) if (body := parse_body(each.body)) is not None]
    assert [body.rule for body in bodies if body.records] == ["records.adopted"]
    assert compare() == ()

    with overwriting(engine) as session:
        session.add(PersonRow(folded="mal", name="Mal", rank="constable", added_at=utc_from_ns(1), added_by="x"))
    restarted, compare = build_vault(settings, load_policy(), engine, SystemClock())

    (difference,) = compare()
    assert difference == "person/2 has no entry on the audit trail"
    with snapshot(engine) as session:
        assert session.exec(select(InstallationRow.records_why)).one() == difference
    assert core.public_key == again.public_key == restarted.public_key
    engine.dispose()


@pytest.mark.parametrize(
    ("process", "part"),
    [(ProcessIdentity.RECORD, SystemActor.RECORDER), (ProcessIdentity.COMMANDS, SystemActor.RETENTION)],
)
def test_an_entry_upon_nobodys_login_makes_nobody_a_superintendent(
    home: Home, monkeypatch: pytest.MonkeyPatch, process: ProcessIdentity, part: SystemActor
) -> None:
    monkeypatch.setattr("lfr_core.custody.audit.trail.may_record", lambda *_: True)  # as one with another program
    now = utc_from_ns(SystemClock().time_ns())
    trail = AuditTrail(home.vault.process(process), SystemClock())
    trail.prepare(part)
    with writing(home.engine) as session:
        session.add(PersonRow(folded="eve", name=EVE, rank="superintendent", added_at=now, added_by="x"))
        trail.append(session, AuditEvent(Verb.ALTER, part, "", "person:9", "people.added"))

    with pytest.raises(Refused, match=f"names records that the process {process} doesn't change"):
        sign_head(home.engine, home.core, SystemClock())
    assert home.rule(home.planning.plan) == "audit.damaged"


def test_a_trail_that_was_wiped_lets_nobody_in_after_a_restart(home: Home) -> None:
    keep_head(home.engine, home.core, SystemClock(), home.settings.keystore_folder)
    insert_officer(home.engine)
    with overwriting(home.engine) as session:
        for kind in (AuditEntryRow, AuditHeadRow):
            session.execute(delete(kind))

    restart(home)

    assert home.rule(lambda: home.core.writer_key("0f" * 16, EVE)) == "audit.damaged"


def test_the_newest_entries_cut_off_with_their_head_left_bring_no_revoked_person_back(home: Home) -> None:
    by = authenticated(next(iter(CAST)))
    with snapshot(home.engine) as session:
        before = session.exec(select(PersonRow).where(PersonRow.name == "Pat Planner")).one().model_dump()
    home.planning.people.revoke("Pat Planner", why="left", by=by)
    keep_head(home.engine, home.core, SystemClock(), home.settings.keystore_folder)
    with overwriting(home.engine) as session:
        newest = session.exec(select(AuditEntryRow).order_by(col(AuditEntryRow.seq).desc())).first()
        session.delete(newest)
        session.merge(PersonRow(**before))

    restart(home)

    assert home.rule(lambda: home.core.writer_key("0f" * 16, "Pat Planner")) == "audit.damaged"


@pytest.mark.parametrize("how", ["released", "removed", "lapsed"])
def test_footage_whose_hold_was_written_in_or_removed_is_let_go_of_by_nobody(home: Home, how: str) -> None:
    live_trial(home)
    key = film(home)
    now, trail = utc_from_ns(SystemClock().time_ns()), home.planning.trail
    trail.prepare(OFFICER)
    with writing(home.engine) as session:
        session.add(segment_of(key))
        session.flush()
        request = HoldRequest(("segment-1",), HoldGround.COMPLAINT, "C/1", now.date())
        HoldWriter(session, trail, "trial").place(request, by=OFFICER, id="hold-1", at=now, rule="footage.hold")
        session.add(complaint_row("R-1", now))
        session.flush()
        session.add(ComplaintHoldRow(hold="hold-1", request="R-1", deployment="trial", lapses_at=now + timedelta(9)))
        trail.append(session, AuditEvent(Verb.COLLECT, OFFICER, "trial", "rights:R-1", "rights.taken"))
    home.vault.hold([key.id], held=True)
    with overwriting(home.engine) as session:
        if how == "released":
            session.get_one(FootageHoldRow, "hold-1").released_at = now
        elif how == "lapsed":
            session.get_one(ComplaintHoldRow, "hold-1").lapses_at = now - timedelta(1)
        else:
            session.execute(delete(ComplaintHoldRow))
            session.execute(delete(FootageHoldSegmentRow))
            session.execute(delete(FootageHoldRow))

    if how == "lapsed":  # as each sweep does
        reconcile_complaint_holds(home.engine, home.vault, trail, now_ns=SystemClock().time_ns())
    assert home.rule(lambda: home.vault.hold([key.id], held=False)) == "records.not-on-trail"
    assert home.core.kept(KeyKind.FOOTAGE)[0].held


def test_a_hold_whose_footage_was_removed_from_it_still_keeps_all_footage(home: Home) -> None:
    live_trial(home)
    key = film(home)
    now, trail = utc_from_ns(SystemClock().time_ns()), home.planning.trail
    trail.prepare(OFFICER)
    with writing(home.engine) as session:
        session.add(segment_of(key))
        session.flush()
        request = HoldRequest(("segment-1",), HoldGround.COMPLAINT, "C/1", now.date())
        HoldWriter(session, trail, "trial").place(request, by=OFFICER, id="hold-1", at=now, rule="footage.hold")
    home.vault.hold([key.id], held=True)
    with overwriting(home.engine) as session:
        session.execute(delete(FootageHoldSegmentRow))

    assert home.rule(lambda: home.vault.hold([key.id], held=False)) == "records.not-on-trail"
    assert home.core.kept(KeyKind.FOOTAGE)[0].held


def test_a_row_that_is_gone_shuts_the_gate_whatever_the_database_says_of_the_last_comparison(home: Home) -> None:
    home.planning.plan("market")
    home.planning.authorise("market")
    looks = home.core.people
    assert isinstance(looks, VaultRecords)
    assert (facts := looks.facts("market")) is not None
    assert facts.records_why == ""
    with overwriting(home.engine) as session:
        session.execute(delete(AuthorityRow))
    assert (facts := looks.facts("market")) is not None
    assert "authority/market/1" in facts.records_why
    assert looks.compare_all()
    with overwriting(home.engine) as session:
        session.execute(update(InstallationRow).values(records_why=""))

    assert (facts := looks.facts("market")) is not None
    assert facts.records_why.endswith("is gone from the records")


def test_a_request_that_was_made_one_to_answer_plainly_is_read_and_answered_by_nobody(home: Home) -> None:
    now, trail = utc_from_ns(SystemClock().time_ns()), home.planning.trail
    due_ns = SystemClock().time_ns() + 10**12
    key = home.core.make_key(KeyKind.RIGHTS, "", "R-1", due_ns, actor=SystemActor.RIGHTS).info.id
    trail.prepare(OFFICER)
    with writing(home.engine) as session:
        session.add(complaint_row("R-1", now))
        trail.append(session, AuditEvent(Verb.COLLECT, OFFICER, "", "rights:R-1", "rights.taken"))

    def opened() -> str:
        return home.rule(lambda: home.vault.open_kept(key, actor="Dee Compliance", purpose="to answer"))

    assert opened() == ""
    with overwriting(home.engine) as session:
        session.get_one(RightsRequestRow, "R-1").neither_confirm_nor_deny = False

    assert opened() == "records.not-on-trail"


def complaint_row(reference: str, at: datetime) -> RightsRequestRow:
    return RightsRequestRow(
        reference=reference, kind="complaint", asks_listed=True, received_on=at.date(), taken_at=at, taken_by="Una",
        key_id="k", asked_sealed=b"", neither_confirm_nor_deny=True,
    )  # fmt: skip
