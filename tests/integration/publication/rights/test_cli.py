"""`lfr rights`, typed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from apps.cli.main import app
from lfr_core.custody.installation import Installation
from lfr_core.custody.people import People, Rank, Role
from lfr_core.custody.people.sign_on import SignOns
from lfr_core.domain.actors import ProcessIdentity
from lfr_core.publication.rights.wording import NEITHER
from lfr_core.storage.engine import open_engine
from lfr_core.storage.tables.alerts import AlertRow
from tests.support.overwriting import overwriting
from tests.support.people import authenticated
from tests.support.rights import APPROVER, CLERK, CONTACT, OFFICER, TEXT, RightsHarness
from tests.support.sessions import session_env


@pytest.fixture
def harness(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RightsHarness]:
    """Its vault answers at the socket that the commands ask."""
    engine = open_engine(sqlite_url)
    harness = RightsHarness(engine, tmp_path)
    monkeypatch.setenv("LFR_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("LFR_HOME", str(tmp_path))

    class Clock:
        time_ns = harness.clock.time_ns
        monotonic = harness.clock.monotonic

    monkeypatch.setattr("lfr_core.custody.installation.SystemClock", Clock)
    yield harness
    harness.close()
    engine.dispose()


def lfr(*words: str, code: int = 0, typed: str | None = None, by: str = "") -> str:
    env = session_env(by, clock=Installation(identity=ProcessIdentity.COMMANDS).clock) if by else {}
    done = CliRunner().invoke(app, ["rights", *words], input=typed, env=env)
    assert done.exit_code == code, done.output + repr(done.exception)
    return done.output


def asked(*words: str, by: str = "") -> Any:
    return json.loads(lfr(*words, "--json", by=by))


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What people say, in the folder that one stands in: no command line has it."""
    folder = tmp_path / "said"
    folder.mkdir()
    for name, words in (("contact", CONTACT), ("letter", TEXT), ("question", "Was I?"), ("nominal", "N1\n")):
        (folder / name).write_text(words, encoding="utf-8")
    monkeypatch.chdir(folder)


def test_a_complaint_from_the_letter_to_its_closing(harness: RightsHarness) -> None:
    harness.record(60)
    taken = asked(
        "complain", "--deployment", "dep", "--from", "2026-11-23T12:00:31", "--to", "2026-11-23T12:00:50",
        "--contact-file", "contact", "--text-file", "letter", by=CLERK)  # fmt: skip
    reference = taken["reference"]
    assert (taken["due_on"], taken["holds"][0]["segments"]) == ("2026-12-23", 1)
    assert "lapses 2026-12-07" in lfr("due", by=OFFICER)  # nobody has confirmed it

    assert asked("confirm", reference, by=APPROVER)["holds"][0]["confirmed_by"] == APPROVER
    assert CONTACT not in lfr("show", reference, by=OFFICER)
    assert TEXT in lfr("show", reference, "--purpose", "to answer", by=OFFICER)
    lfr("answer", reference, "--text-file", "-", typed="We got it wrong.", by=OFFICER)
    assert asked("close", reference, by=OFFICER)["state"] == "closed"

    assert asked("list", by=OFFICER) == []
    assert [each["reference"] for each in asked("list", "--closed", by=OFFICER)] == [reference]


def test_overdue_is_an_exit_code(harness: RightsHarness) -> None:
    reference = asked("enquire", "--contact-file", "contact", "--text-file", "letter", by=CLERK)["reference"]
    lfr("due", by=OFFICER)

    harness.clock.now_ns = round(dt.datetime(2026, 12, 24, 8, tzinfo=dt.UTC).timestamp()) * 10**9
    assert f"{reference}  enquiry" in lfr("due", code=1, by=OFFICER)
    assert "overdue" in lfr("list", by=OFFICER)
    lfr("answer", reference, typed="Sorry for the delay.\n", by=OFFICER)

    lfr("due", by=OFFICER)


@pytest.mark.usefixtures("harness")
def test_was_i_on_a_list_is_answered_in_given_words() -> None:
    said = ("--contact-file", "contact", "--text-file", "question")
    reference = asked("enquire", "--listed", *said, by=CLERK)["reference"]
    assert "rights.asks-listed" in lfr("answer", reference, typed="No\n", code=77, by=OFFICER)

    lfr("answer", reference, "--listed", "--subject-file", "nominal", by=OFFICER)

    shown = asked("show", reference, "--purpose", "check", by=OFFICER)
    assert shown["answer"] == NEITHER


@pytest.mark.usefixtures("harness")
def test_words_can_be_typed_instead_of_given() -> None:
    lfr("enquire", typed=f"{CONTACT}\nWhy me?\n", by=CLERK)
    (reference,) = [each["reference"] for each in asked("list", by=OFFICER)]

    shown = asked("show", reference, "--purpose", "x", by=OFFICER)
    assert (shown["contact"], shown["text"], shown["place"]) == (CONTACT, "Why me?", "")


@pytest.mark.usefixtures("harness")
def test_a_place_is_in_a_file_of_its_own_and_words_come_from_standard_input() -> None:
    Path("place").write_text("Outside the library\n", encoding="utf-8")
    said = ("--contact-file", "contact", "--place-file", "place", "--text-file", "-")
    lfr("complain", *said, typed="Why me?\n", by=CLERK)
    (reference,) = [each["reference"] for each in asked("list", by=OFFICER)]

    shown = asked("show", reference, "--purpose", "x", by=OFFICER)
    assert (shown["contact"], shown["text"], shown["place"]) == (CONTACT, "Why me?", "Outside the library")


@pytest.mark.usefixtures("harness")
def test_what_people_get_wrong_is_answered_in_a_sentence(tmp_path: Path) -> None:
    new = ["complain", "--contact-file", "contact", "--text-file", "letter"]
    twice = lfr("complain", "--contact-file", "-", "--text-file", "-", code=65, by=CLERK)
    assert "can be read for one of them" in twice
    assert "isn't a time" in lfr(*new, "--from", "noon", code=65, by=CLERK)
    assert "the clocks change" in lfr(*new, "--from", "2026-10-25T01:30", "--to", "2026-10-25T02:30", code=65, by=CLERK)
    assert "both its beginning and its end" in lfr(*new, "--from", "2026-11-23T10:00", code=77, by=CLERK)
    assert "is no day" in lfr(*new, "--received", "31/11", code=65, by=CLERK)
    assert "is no day" in lfr(*new, "--received", "2026-11-31", code=65, by=CLERK)
    assert "can't be read as UTF-8" in lfr(*new, "--text-file", str(tmp_path), code=65, by=CLERK)
    assert "rights.deployment-unknown" in lfr(*new, "--deployment", "[red]", code=77, by=CLERK)
    assert "rights.unknown" in lfr("show", "R-2026-0000-0000-0000", code=77, by=OFFICER)
    assert "rights.bad-reference" in lfr("show", "R-1", code=77, by=OFFICER)
    assert "no alerts start with" in lfr("receipt", "ffff", "--output", str(tmp_path / "r.html"), code=77, by=CLERK)
    assert not (tmp_path / "r.html").exists()
    assert asked("list", "--closed", by=OFFICER) == []


def test_a_receipt_is_a_page_whose_reference_finds_the_stop(harness: RightsHarness, tmp_path: Path) -> None:
    harness.record(60)
    alert = engaged_alert(harness)
    People(harness.engine, harness.trail, harness.clock).change(
        CLERK, {Role.OPERATOR}, Rank.CONSTABLE, by=authenticated(OFFICER)
    )
    SignOns(harness.engine, harness.trail, harness.clock).sign_on("dep", authenticated(CLERK))
    page = tmp_path / "receipt.html"
    issued = asked("receipt", str(alert)[:8], "--output", str(page), by=CLERK)

    assert issued["reference"] in page.read_text(encoding="utf-8")
    said = ("--contact-file", "contact", "--text-file", "letter")
    taken = asked("complain", "--receipt", issued["reference"], *said, by=CLERK)
    assert (taken["deployment"], taken["holds"][0]["segments"]) == ("dep", 2)


def engaged_alert(harness: RightsHarness) -> UUID:
    """An alert on which somebody was engaged, as the recorder leaves it."""
    id_ = UUID(int=0xABCDEF << 96)
    with overwriting(harness.engine) as session:
        session.add(
            AlertRow(
                id=id_,
                deployment="dep",
                camera="north",
                entry="e",
                subject="N1",
                category="victim",
                legal_reference="-",
                opened_ns=harness.clock.now_ns,
                first_ns=0,
                last_ns=0,
                first_session="s",
                first_sequence=0,
                last_session="s",
                last_sequence=0,
                similarity=0.6,
                threshold=0.45,
                sightings=2,
                probe_sealed=b"",
                key_id="k",
                judgement="same",
                engagement="engaged",
            )
        )
    return id_
