"""Answers to live probes in a real database: each once, green only when all are there and good, counted nowhere."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence

import pytest
from sqlalchemy import text

from lfr_core.alerts import read
from lfr_core.custody.audit.verify import verify
from lfr_core.deployments.monitoring.store import (
    LiveProbeKind,
    begin_live_probe,
    find_fault,
    is_green,
    keep_self_test,
    last_proven_ns,
    note_missed,
    read_answers,
    read_newest_live_probes,
)
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.messages import LiveProbeFault, LiveProbeResult
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.monitoring import LiveProbeRow
from tests.support.alert_harness import AlertHarness
from tests.support.edited_records import put_on_trail
from tests.support.overwriting import overwriting
from tests.support.records import NOW_NS, alerts_of

ONE, TWO = uuid.UUID(int=1), uuid.UUID(int=2)


def begin(
    harness: AlertHarness,
    live_probe: uuid.UUID,
    keys: Sequence[str],
    *,
    kind: LiveProbeKind = LiveProbeKind.LIVE_PROBE,
    at: int = 0,
    nonces: Sequence[str] = (),
) -> None:
    with overwriting(harness.engine) as session:
        begin_live_probe(
            session, harness.trail.records_key(), live_probe, "dep", kind, keys, NOW_NS + at, nonces or [""] * len(keys)
        )


def answer(
    live_probe: uuid.UUID, part: int = 0, fault: LiveProbeFault = LiveProbeFault.NONE, deployment: str = "dep"
) -> LiveProbeResult:
    return LiveProbeResult(
        id=live_probe,
        deployment=deployment,
        part=part,
        sent_ns=NOW_NS,
        reported_ns=NOW_NS,
        similarity=0.99 if fault is LiveProbeFault.NONE else 0.0,
        fault=fault,
    )


def green(harness: AlertHarness, live_probe: uuid.UUID) -> bool:
    with reading(harness.engine) as session:
        return is_green(session, live_probe)


def proven(harness: AlertHarness) -> int | None:
    with reading(harness.engine) as session:
        return last_proven_ns(session, "dep")


def test_only_who_opened_the_sealed_frame_can_answer_that_all_is_well(harness: AlertHarness) -> None:
    begin(harness, ONE, ["north", "south"], nonces=["word of north", "word of south"])
    forged = [answer(ONE, 0), answer(ONE, 1).model_copy(update={"nonce": "word of north"})]

    refused = harness.recorder().record_live_probe_results(forged)
    seen = green(harness, ONE)
    words = enumerate(("word of north", "word of south"))
    said = [answer(ONE, part).model_copy(update={"nonce": word}) for part, word in words]
    harness.recorder().record_live_probe_results(said)

    assert [(result.part, "hasn't opened its frame" in str(why)) for result, why in refused] == [(0, True), (1, True)]
    assert (seen, green(harness, ONE)) == (False, True)


def test_an_answer_to_a_probe_whose_nonces_somebody_took_away_proves_nothing(harness: AlertHarness) -> None:
    begin(harness, ONE, ["north"], nonces=["word"])
    with overwriting(harness.engine) as session:
        session.get_one(LiveProbeRow, ONE).nonces_sha256 = ""

    ((_, why),) = harness.recorder().record_live_probe_results([answer(ONE)])

    assert "was changed since it was sent" in str(why)
    assert not green(harness, ONE)


def test_a_probe_from_which_somebody_took_a_camera_that_is_not_served_is_never_green(harness: AlertHarness) -> None:
    begin(harness, ONE, ["north", "south"])
    with overwriting(harness.engine) as session:
        session.get_one(LiveProbeRow, ONE).keys = "north"

    ((_, why),) = harness.recorder().record_live_probe_results([answer(ONE)])

    assert "was changed since it was sent" in str(why)
    assert not green(harness, ONE)


def differences(harness: AlertHarness) -> tuple[str, ...]:
    key = harness.trail.records_key()
    found = verify(harness.engine, public_key=b"", checkpoint=None, records_key=key).differences
    return tuple(each for each in found if each.startswith("proof"))


def entries_about(harness: AlertHarness, probe: uuid.UUID) -> list[tuple[str, int]]:
    """Their rules, and whether they say that all was well."""
    bodies = (json.loads(body) for body in harness.audited("consult"))
    return [(one["rule"], one["facts"]["green"]) for one in bodies if one["subject"] == f"live-probe:{probe}"]


def test_a_live_probe_is_on_the_trail_once_when_all_have_answered_it_well(harness: AlertHarness) -> None:
    put_on_trail(harness.engine, harness.trail)
    begin(harness, ONE, ["north", "south"])
    harness.recorder().record_live_probe_results([answer(ONE, 0)])
    before = entries_about(harness, ONE)
    harness.recorder().record_live_probe_results([answer(ONE, 1)])
    harness.recorder().record_live_probe_results([answer(ONE, 1)])

    assert (before, entries_about(harness, ONE)) == ([], [("live-probe.answered", 1)])
    assert differences(harness) == ()


def test_one_that_was_missed_is_on_the_trail_and_again_with_what_is_answered_late(harness: AlertHarness) -> None:
    put_on_trail(harness.engine, harness.trail)
    begin(harness, ONE, ["north", "south"])
    harness.recorder().record_live_probe_results([answer(ONE, 0)])
    harness.trail.prepare(SystemActor.WATCH)
    for _ in range(2):
        with writing(harness.engine) as session:
            note_missed(session, harness.trail, ONE, NOW_NS)
    assert differences(harness) == ()
    harness.recorder().record_live_probe_results([answer(ONE, 1)])

    assert entries_about(harness, ONE) == [("live-probe.missed", 0), ("live-probe.answered", 1)]
    assert differences(harness) == ()


@pytest.mark.parametrize("gone", ["proof", "proof_answer"])
def test_a_live_probe_or_an_answer_that_somebody_takes_out_is_found(harness: AlertHarness, gone: str) -> None:
    put_on_trail(harness.engine, harness.trail)
    begin(harness, ONE, ["north"])
    harness.recorder().record_live_probe_results([answer(ONE)])
    with overwriting(harness.engine) as session:
        session.execute(text(f"DELETE FROM {gone}"))

    (difference,) = differences(harness)
    assert difference.startswith(f"proof/{ONE}")


def test_a_recogniser_that_could_not_open_the_frame_may_say_so(harness: AlertHarness) -> None:
    begin(harness, ONE, ["north"], nonces=["word"])

    assert harness.recorder().record_live_probe_results([answer(ONE, 0, LiveProbeFault.UNOPENABLE)]) == ()
    assert not green(harness, ONE)


def test_a_proof_is_green_only_when_every_camera_s_recogniser_has_answered_well(harness: AlertHarness) -> None:
    begin(harness, ONE, ["north", "south"])
    harness.recorder().record_live_probe_results([answer(ONE, 0)])
    after_one = green(harness, ONE), proven(harness)
    harness.recorder().record_live_probe_results([answer(ONE, 1)])

    assert after_one == (False, None)
    assert (green(harness, ONE), proven(harness)) == (True, NOW_NS)


def test_the_same_answer_twice_counts_once(harness: AlertHarness) -> None:
    begin(harness, ONE, ["north", "south"])
    harness.recorder().record_live_probe_results([answer(ONE, 0), answer(ONE, 0)])
    harness.recorder().record_live_probe_results([answer(ONE, 0)])

    with reading(harness.engine) as session:
        assert (len(read_answers(session, ONE)), is_green(session, ONE)) == (1, False)


def test_an_answer_that_failed_is_no_proof_and_says_where_and_why(harness: AlertHarness) -> None:
    begin(harness, ONE, ["north", "south", "west"])
    harness.recorder().record_live_probe_results([answer(ONE, 0, LiveProbeFault.NO_MATCH), answer(ONE, 1)])

    with reading(harness.engine) as session:
        assert find_fault(session, ONE) == "north: no-match, west: no answer"
    assert proven(harness) is None


def test_answers_to_a_proof_that_nobody_sent_are_handed_back_and_the_rest_is_kept(harness: AlertHarness) -> None:
    begin(harness, ONE, ["north"])
    strange = [answer(TWO), answer(ONE, 7), answer(ONE, deployment="another")]

    failures = harness.recorder().record_live_probe_results([*strange, answer(ONE)])

    assert [result for result, _ in failures] == strange
    assert green(harness, ONE)


def test_a_call_that_everybody_answers_proves_nothing(harness: AlertHarness) -> None:
    begin(harness, ONE, ["partition 0"], kind=LiveProbeKind.CALL)
    harness.recorder().record_live_probe_results([answer(ONE)])

    assert (green(harness, ONE), proven(harness)) == (False, None)


def test_last_proven_is_the_newest_green_of_either_kind_and_red_ones_change_nothing(harness: AlertHarness) -> None:
    begin(harness, ONE, ["north"])
    harness.recorder().record_live_probe_results([answer(ONE)])
    with overwriting(harness.engine) as session:
        for seconds, is_well in ((10, True), (20, False)):
            at_ns = NOW_NS + seconds * 10**9
            keep_self_test(
                session,
                harness.trail,
                uuid.uuid4(),
                "dep",
                began_ns=at_ns,
                ended_ns=at_ns + 1,
                green=is_well,
                detail="[]",
            )
    begin(harness, TWO, ["north"], at=30 * 10**9)

    assert proven(harness) == NOW_NS + 10 * 10**9
    with reading(harness.engine) as session:
        assert [(kept.kind.word, kept.green_ns is not None) for kept in read_newest_live_probes(session, "dep")] == [
            ("live probe", False),
            ("self-test", False),
            ("self-test", True),
            ("live probe", True),
        ]
        assert last_proven_ns(session, "another") is None


def test_a_proof_changes_no_count_that_anybody_reads(harness: AlertHarness) -> None:
    def counted() -> tuple[object, ...]:
        return (
            read.counts(harness.engine, "dep"),
            read.latency(harness.engine, "dep"),
            alerts_of(harness.engine, "dep", limit=10),
            read.cameras(harness.engine, "dep", now_ns=harness.clock.time_ns()),
        )

    harness.alert()
    before = counted()
    begin(harness, ONE, ["north"])
    harness.recorder().record_live_probe_results([answer(ONE)])

    assert counted() == before
    assert green(harness, ONE)


def test_a_live_probe_that_an_older_version_kept_is_read(harness: AlertHarness) -> None:
    begin(harness, ONE, ["north"])
    with overwriting(harness.engine) as session:
        assert session.execute(text("SELECT kind FROM proof")).all() == [("proof of life",)]
