"""Answers to proofs in a real database: each once, green only when all are there and good, counted nowhere."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from lfr_core.alerts import read
from lfr_core.deployments.monitoring.store import (
    LiveProbeKind,
    answers_to,
    begin_live_probe,
    is_green,
    keep_self_test,
    last_proven_ns,
    newest_live_probes,
    what_is_wrong,
)
from lfr_core.domain.messages import LiveProbeFault, Proof
from lfr_core.storage.engine import reading, writing
from tests.support.alert_house import AlertHouse
from tests.support.records import NOW_NS, alerts_of

ONE, TWO = uuid.UUID(int=1), uuid.UUID(int=2)


def begin(
    house: AlertHouse,
    proof: uuid.UUID,
    keys: Sequence[str],
    *,
    kind: LiveProbeKind = LiveProbeKind.LIVE_PROBE,
    at: int = 0,
) -> None:
    with writing(house.engine) as session:
        begin_live_probe(session, proof, "dep", kind, keys, NOW_NS + at)


def answer(
    proof: uuid.UUID, part: int = 0, fault: LiveProbeFault = LiveProbeFault.NONE, deployment: str = "dep"
) -> Proof:
    return Proof(
        id=proof,
        deployment=deployment,
        part=part,
        sent_ns=NOW_NS,
        reported_ns=NOW_NS,
        similarity=0.99 if fault is LiveProbeFault.NONE else 0.0,
        fault=fault,
    )


def green(house: AlertHouse, proof: uuid.UUID) -> bool:
    with reading(house.engine) as session:
        return is_green(session, proof)


def proven(house: AlertHouse) -> int | None:
    with reading(house.engine) as session:
        return last_proven_ns(session, "dep")


def test_a_proof_is_green_only_when_every_camera_s_recogniser_has_answered_well(house: AlertHouse) -> None:
    begin(house, ONE, ["north", "south"])
    house.recorder().record_live_probe_results([answer(ONE, 0)])
    after_one = green(house, ONE), proven(house)
    house.recorder().record_live_probe_results([answer(ONE, 1)])

    assert after_one == (False, None)
    assert (green(house, ONE), proven(house)) == (True, NOW_NS)


def test_the_same_answer_twice_counts_once(house: AlertHouse) -> None:
    begin(house, ONE, ["north", "south"])
    house.recorder().record_live_probe_results([answer(ONE, 0), answer(ONE, 0)])
    house.recorder().record_live_probe_results([answer(ONE, 0)])

    with reading(house.engine) as session:
        assert (len(answers_to(session, ONE)), is_green(session, ONE)) == (1, False)


def test_an_answer_that_failed_is_no_proof_and_says_where_and_why(house: AlertHouse) -> None:
    begin(house, ONE, ["north", "south", "west"])
    house.recorder().record_live_probe_results([answer(ONE, 0, LiveProbeFault.NO_MATCH), answer(ONE, 1)])

    with reading(house.engine) as session:
        assert what_is_wrong(session, ONE) == "north: no-match, west: no answer"
    assert proven(house) is None


def test_answers_to_a_proof_that_nobody_sent_are_handed_back_and_the_rest_is_kept(house: AlertHouse) -> None:
    begin(house, ONE, ["north"])
    strange = [answer(TWO), answer(ONE, 7), answer(ONE, deployment="another")]

    failures = house.recorder().record_live_probe_results([*strange, answer(ONE)])

    assert [proof for proof, _ in failures] == strange
    assert green(house, ONE)


def test_a_call_that_everybody_answers_proves_nothing(house: AlertHouse) -> None:
    begin(house, ONE, ["partition 0"], kind=LiveProbeKind.CALL)
    house.recorder().record_live_probe_results([answer(ONE)])

    assert (green(house, ONE), proven(house)) == (False, None)


def test_last_proven_is_the_newest_green_of_either_kind_and_red_ones_change_nothing(house: AlertHouse) -> None:
    begin(house, ONE, ["north"])
    house.recorder().record_live_probe_results([answer(ONE)])
    with writing(house.engine) as session:
        for seconds, is_well in ((10, True), (20, False)):
            at_ns = NOW_NS + seconds * 10**9
            keep_self_test(session, uuid.uuid4(), "dep", began_ns=at_ns, ended_ns=at_ns + 1, green=is_well, detail="[]")
    begin(house, TWO, ["north"], at=30 * 10**9)

    assert proven(house) == NOW_NS + 10 * 10**9
    with reading(house.engine) as session:
        assert [(kept.kind.value, kept.green_ns is not None) for kept in newest_live_probes(session, "dep")] == [
            ("live probe", False),
            ("self-test", False),
            ("self-test", True),
            ("live probe", True),
        ]
        assert last_proven_ns(session, "another") is None


def test_a_proof_changes_no_count_that_anybody_reads(house: AlertHouse) -> None:
    def counted() -> tuple[object, ...]:
        return (
            read.counts(house.engine, "dep"),
            read.latency(house.engine, "dep"),
            alerts_of(house.engine, "dep", limit=10),
            read.cameras(house.engine, "dep", now_ns=house.clock.time_ns()),
        )

    house.alert()
    before = counted()
    begin(house, ONE, ["north"])
    house.recorder().record_live_probe_results([answer(ONE)])

    assert counted() == before
    assert green(house, ONE)
