"""What nobody could read: each record is counted, some of each camera are kept, and nothing it holds stops anything."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, event
from sqlmodel import select

from lfr_core.alerts import dead_letters as module
from lfr_core.alerts import read
from lfr_core.alerts.dead_letters import HOUR_NS, KEPT_AN_HOUR
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.reading import open_calls
from lfr_core.domain.messages import NOT_LISTED, DeadLetter, merge_letters
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.stream import DeadLetterCountRow
from tests.support.overwriting import overwriting
from tests.support.records import NOW_NS, ManualClock, live_deployment, recorder_of


def letter(offset: int, camera: str = "north", *, at_ns: int = NOW_NS, count: int = 1, **changes: str) -> DeadLetter:
    given = {"topic": "lfr.sightings", "error": "Poison", "reason": "not a Sighting"} | changes
    return DeadLetter(partition=0, offset=offset, camera=camera, at_ns=at_ns, count=count, **given)


def counted(engine: Engine) -> dict[str, tuple[int, int]]:
    """Letters and how many are kept whole, by camera."""
    with reading(engine) as session:
        return {row.camera: (row.letters, row.kept) for row in session.exec(select(DeadLetterCountRow))}


def test_a_batch_of_letters_is_one_transaction_and_beyond_the_cap_they_are_a_number(engine: Engine) -> None:
    recorder = recorder_of(engine, ManualClock())
    begun: list[object] = []
    event.listen(engine, "begin", begun.append)
    recorder.record_dead_letters([letter(offset) for offset in range(KEPT_AN_HOUR + 14)])

    assert len(begun) == 1
    assert counted(engine) == {"north": (KEPT_AN_HOUR + 14, KEPT_AN_HOUR)}
    assert len(read.dead_letters(engine)) == KEPT_AN_HOUR


def test_one_camera_s_junk_takes_no_other_camera_s_place(engine: Engine) -> None:
    recorder = recorder_of(engine, ManualClock())
    recorder.record_dead_letters([letter(offset) for offset in range(200)])
    recorder.record_dead_letters([letter(200, "south")])

    assert counted(engine) == {"north": (200, KEPT_AN_HOUR), "south": (1, 1)}
    assert [each.camera for each in read.refused_records(engine, now_ns=NOW_NS)] == ["north", "south"]


def test_letters_delivered_again_in_other_splits_are_counted_once(engine: Engine) -> None:
    recorder = recorder_of(engine, ManualClock())
    for split in ([(0, 10)], [(0, 10)], [(5, 12)], [(12, 13)]):
        recorder.record_dead_letters(
            merge_letters(letter(offset) for first, end in split for offset in range(first, end))
        )

    assert counted(engine)["north"][0] == 13


def test_an_endless_number_of_names_is_counted_under_one(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NAMES_AN_HOUR", 5)
    recorder_of(engine, ManualClock()).record_dead_letters([letter(n, f"junk-{n}") for n in range(40)])

    found = counted(engine)
    assert len(found) == 6
    assert found[""] == (35, 35)


def test_what_a_database_can_not_hold_is_cut_out_and_kept_all_the_same(engine: Engine) -> None:
    odd = letter(1, "nul\x00" + "long" * 1_000, reason="r\x00" * 5_000, error="e" * 300)

    assert recorder_of(engine, ManualClock()).record_dead_letters([odd]) == ()
    (kept,) = read.dead_letters(engine)
    assert (kept.camera[:4], len(kept.camera), len(kept.reason), len(kept.error)) == ("nul\ufffd", 200, 200, 200)


def test_a_number_past_64_bits_is_handed_back_and_the_others_are_kept(engine: Engine) -> None:
    failures = recorder_of(engine, ManualClock()).record_dead_letters([letter(2**70), letter(1)])

    assert [failed.offset for failed, _ in failures] == [2**70]
    assert counted(engine) == {"north": (1, 1)}


def test_letters_and_their_counts_go_after_a_week(engine: Engine) -> None:
    clock = ManualClock()
    recorder_of(engine, clock).record_dead_letters([letter(1)])
    clock.now_ns += 8 * 24 * HOUR_NS
    recorder_of(engine, clock).record_dead_letters([letter(1, "south", at_ns=clock.now_ns)])

    assert [each.camera for each in read.dead_letters(engine)] == ["south"]
    assert set(counted(engine)) == {"south"}


def test_letters_of_one_batch_are_gathered_by_camera_with_the_last_offset_and_no_record_left_out() -> None:
    reported = merge_letters([letter(1), letter(2, "south"), letter(3), letter(4, error="Stale")])

    assert [(each.camera, each.error, each.offset, each.count) for each in reported] == [
        ("north", "Poison", 3, 2),
        ("south", "Poison", 2, 1),
        ("north", "Stale", 4, 1),
    ]


def test_records_that_nobody_of_ours_sent_are_counted_apart_and_call_who_answers_for_an_open_deployment(
    engine: Engine,
) -> None:
    live_deployment(engine, "trial")
    live_deployment(engine, "planned")
    with overwriting(engine) as session:
        session.get_one(DeploymentRow, "planned").planned = True
    recorder = recorder_of(engine, ManualClock())
    recorder.record_dead_letters([letter(0), letter(2, error="record.not-signed", count=2)])

    (refused,) = read.refused_records(engine, now_ns=NOW_NS)
    assert (refused.count, refused.unauthentic) == (3, 2)
    calls = open_calls(engine)
    assert [(each.deployment, each.role) for each in calls] == [
        ("planned", Role.AUTHORISING_OFFICER),
        ("planned", Role.COMPLIANCE),
    ]

    recorder.record_dead_letters([letter(9, error="record.not-authentic")])
    assert open_calls(engine) == calls  # the same call isn't made twice before it is answered
    with reading(engine) as session:
        assert session.get_one(DeploymentRow, "planned").status == "live"


def test_a_candidate_that_is_not_on_the_list_calls_who_answers_for_it_and_is_no_forged_record(engine: Engine) -> None:
    live_deployment(engine, "planned")
    with overwriting(engine) as session:
        session.get_one(DeploymentRow, "planned").planned = True
    recorder_of(engine, ManualClock()).record_dead_letters([letter(0, error=NOT_LISTED)])

    assert [each.role for each in open_calls(engine)] == [Role.AUTHORISING_OFFICER, Role.COMPLIANCE]
    assert "was in a gallery" in open_calls(engine)[0].why
    assert read.refused_records(engine, now_ns=NOW_NS)[0].unauthentic == 0


def test_what_we_sent_ourselves_and_could_not_read_is_no_alarm(engine: Engine) -> None:
    live_deployment(engine, "planned")
    with overwriting(engine) as session:
        session.get_one(DeploymentRow, "planned").planned = True
    recorder_of(engine, ManualClock()).record_dead_letters([letter(0)])

    assert open_calls(engine) == ()
    assert read.refused_records(engine, now_ns=NOW_NS)[0].unauthentic == 0
