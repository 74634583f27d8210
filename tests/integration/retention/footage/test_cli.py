"""`lfr footage`, typed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from apps.cli.main import app
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.domain.reserved import CANARY_CAMERA
from lfr_core.storage.engine import open_engine, writing
from lfr_core.storage.tables.footage import FootageSegmentRow
from tests.support.footage import FootageHarness
from tests.support.sessions import session_env

SOON = str(dt.datetime.now(dt.UTC).date() + dt.timedelta(days=7))


@pytest.fixture
def harness(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FootageHarness]:
    """Its vault answers at the socket that the commands ask."""
    engine = open_engine(sqlite_url)
    harness = FootageHarness(engine, tmp_path)
    harness.deployment()
    harness.register("DC Ask", "Insp Allow")
    monkeypatch.setenv("LFR_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("LFR_HOME", str(tmp_path))
    # entries at the vault's time, which a test owns; sessions are of today
    at_its_time = lambda vault, _clock: AuditTrail(vault, harness.clock)  # noqa: E731  replaces a class
    monkeypatch.setattr("lfr_core.custody.installation.AuditTrail", at_its_time)
    with harness.behind_its_socket():
        yield harness
    engine.dispose()


def lfr(*words: str, code: int = 0, by: str = "") -> str:
    done = CliRunner().invoke(app, ["footage", *words], env=session_env(by) if by else {})
    assert done.exit_code == code, done.output + repr(done.exception)
    return done.output


def asked(*words: str, by: str = "") -> Any:
    return json.loads(lfr(*words, "--json", by=by))


def hold_words(*which: str) -> list[str]:
    return ["hold", *which, "--ground", "complaint", "--reference", "CO/12/26", "--review-on", SOON]


def test_from_the_list_to_a_hold_and_its_release(harness: FootageHarness) -> None:
    first, second = harness.record(60)
    listed = asked("list", "--deployment", "dep", by="DC Ask")
    assert [(each["id"], each["frames"], each["held"]) for each in listed] == [
        (first.id, 30, False),
        (second.id, 30, False),
    ]

    placed = asked(*hold_words("--segment", first.id), by="DC Ask")
    read = ("approve", placed["id"], "--digest", placed["digest"])
    assert "two people" in lfr(*read, code=77, by="DC Ask")
    shown = lfr("approve", placed["id"], by="Insp Allow")
    assert first.id in shown
    assert " ".join(read) in shown
    assert asked("approve", placed["id"], by="Insp Allow")["approved_by"] == ""
    assert asked(*read, by="Insp Allow")["approved_by"] == "Insp Allow"
    assert [each["id"] for each in asked("holds", by="DC Ask")] == [placed["id"]]
    shown = asked("show", first.id, by="DC Ask")
    assert (shown["held"], shown["frames_in_file"], len(shown["holds"])) == (True, 30, 1)
    assert asked("review", placed["id"], "--review-on", SOON, by="Insp Allow")
    asked("release", placed["id"], by="DC Ask")

    assert asked("holds", by="DC Ask") == []
    assert asked("holds", "--released", by="DC Ask")[0]["released_by"] == "DC Ask"


def test_a_hold_of_a_time_covers_the_segments_of_that_time(harness: FootageHarness) -> None:
    segments = harness.record(120)

    placed = asked(
        *hold_words("--deployment", "dep", "--from", "2026-11-23T12:00:31Z", "--to", "2026-11-23T13:01:29+01:00"),
        by="DC Ask",
    )

    assert placed["segments"] == sorted(each.id for each in segments[1:3])


def test_records_of_the_deletion_check_are_no_footage_unless_asked_for(harness: FootageHarness) -> None:
    filmed, noise = harness.record(60)
    with writing(harness.engine) as session:
        row = session.get_one(FootageSegmentRow, noise.id)
        row.camera = CANARY_CAMERA
        session.add(row)

    assert [each["id"] for each in asked("list", "--deployment", "dep", by="DC Ask")] == [filmed.id]
    with_noise = asked("list", "--deployment", "dep", "--test-records", by="DC Ask")
    assert {each["id"] for each in with_noise} == {filmed.id, noise.id}
    words = " ".join(lfr("list", "--deployment", "dep", "--test-records", by="DC Ask").split())
    assert {"deletion", "check"} <= set(words.split())
    assert CANARY_CAMERA not in words + lfr("show", noise.id, by="DC Ask")
    seen = lfr("view", "--deployment", "dep", "--purpose", "a look", "--output", "seen", by="DC Ask")
    assert "30 frames" in seen
    assert asked(*hold_words("--deployment", "dep"), by="DC Ask")["segments"] == [filmed.id]


def test_what_people_get_wrong_is_answered_in_a_sentence(harness: FootageHarness) -> None:
    (segment,) = harness.record(5)
    assert "hold-empty" in lfr(*hold_words(), code=77, by="DC Ask")
    bad_ground = [word if word != "complaint" else "curiosity" for word in hold_words("--segment", segment.id)]
    assert "criminal_investigation, complaint, legal_duty" in lfr(*bad_ground, code=77, by="DC Ask")
    assert "no time zone" in lfr("list", "--deployment", "dep", "--from", "2026-11-23T12:00:00", code=65, by="DC Ask")
    assert "isn't a time" in lfr("list", "--deployment", "dep", "--to", "noon", code=65, by="DC Ask")
    assert "footage.unknown" in lfr("show", "no-such", code=77, by="DC Ask")


def test_view_and_export_write_what_was_filmed_and_tell_what_was_damaged(harness: FootageHarness) -> None:
    _, second = harness.record(60)
    harness.file(second).write_bytes(harness.file(second).read_bytes()[:-10])
    words = ["--deployment", "dep", "--purpose", "complaint CO/12/26", "--output"]

    seen = lfr("view", *words, "seen", by="DC Ask")
    reported = asked("export", *words, "evidence", by="DC Ask")

    assert "59 frames" in seen
    assert "removed at 2" in seen
    assert (reported["frames"], [each["lacking"] for each in reported["segments"]]) == (59, [0, 1])
    evidence, viewed = sorted((harness.home / "exports").iterdir(), key=lambda each: each.name[16:])
    assert (reported["folder"], viewed.name[16:]) == (str(evidence), "-seen")
    assert len(list(viewed.iterdir())) == 59
    assert (evidence / "manifest.json").exists()
    assert len(harness.audited("disclose")) == 1
    assert len(harness.audited("consult")) == 4
    assert "export.exists" in lfr("view", *words, "seen", code=77, by="DC Ask")
    assert "export.name" in lfr("view", *words, "/tmp/seen", code=77, by="DC Ask")


def test_what_is_destroyed_is_listed_when_asked_for_and_cant_be_held(harness: FootageHarness) -> None:
    (segment,) = harness.record(5)
    harness.after(32)
    harness.expire()

    assert asked("list", "--deployment", "dep", by="DC Ask") == []
    assert asked("list", "--deployment", "dep", "--gone", by="DC Ask")[0]["destroyed_at"]
    assert "footage.gone" in lfr(*hold_words("--segment", segment.id), code=77, by="DC Ask")
