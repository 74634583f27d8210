"""The watch over a real deployment: missed live probes and too many false alerts suspend it; a trial is left alone."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.audit.verify import verify
from lfr_core.deployments.monitoring.store import LiveProbeKind, begin_live_probe
from lfr_core.deployments.monitoring.watch import WATCH, Watch
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.messages import LiveProbeResult
from lfr_core.domain.policy import load_policy
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.monitoring import LiveProbeRow
from tests.support.alert_harness import AlertHarness
from tests.support.edited_records import put_on_trail
from tests.support.overwriting import overwriting
from tests.support.planned_deployment import deployment_row

POLICY = load_policy().live_probe


class Sender:
    """Sends, and answers by itself while `answers`; a test may make it fail."""

    def __init__(self, harness: AlertHarness) -> None:
        self.harness = harness
        self.answers = True
        self.fails: Exception | None = None
        self.sent = 0

    def send(self, deployment: str) -> uuid.UUID:
        if self.fails is not None:
            raise self.fails
        self.sent += 1
        live_probe, now_ns = uuid.uuid4(), self.harness.clock.time_ns()
        with overwriting(self.harness.engine) as session:
            key = self.harness.trail.records_key()
            begin_live_probe(session, key, live_probe, deployment, LiveProbeKind.LIVE_PROBE, ["north"], now_ns, [""])
        if self.answers:
            answer = LiveProbeResult(
                id=live_probe, deployment=deployment, part=0, sent_ns=now_ns, reported_ns=now_ns, similarity=1.0
            )
            self.harness.recorder().record_live_probe_results([answer])
        return live_probe


class NoGalleries:
    """What the watch sees of galleries has tests of its own, in the folder gallery."""

    def keep_only(self, live: Sequence[str]) -> None:
        pass

    def check(self, deployment: str) -> None:
        pass


def watch_of(
    harness: AlertHarness, sender: Sender, circuit_breaker: Callable[[str], None] = lambda _name: None
) -> Watch:
    return Watch(
        engine=harness.engine,
        trail=harness.trail,
        sender=sender,
        store=harness.deployments,
        circuit_breaker=circuit_breaker,
        galleries=NoGalleries(),
        policy=POLICY,
        clock=harness.clock,
    )


def run(harness: AlertHarness, watch: Watch, seconds: float) -> None:
    for _ in range(round(seconds)):
        watch.tick()
        harness.clock.advance(1.0)


def test_a_chain_that_answers_is_asked_at_the_policys_interval_and_stays_live(harness: AlertHarness) -> None:
    sender = Sender(harness)

    run(harness, watch_of(harness, sender), 2 * POLICY.every_s + 10)

    assert (sender.sent, deployment_row(harness).status) == (3, DeploymentStatus.LIVE)


def test_two_missed_proofs_suspend_and_say_which_camera_was_not_served(harness: AlertHarness) -> None:
    sender = Sender(harness)
    sender.answers = False
    watch = watch_of(harness, sender)

    run(harness, watch, 2 * POLICY.answer_s - 2)
    before = deployment_row(harness).status
    run(harness, watch, 5)

    assert before == DeploymentStatus.LIVE
    assert deployment_row(harness).status == DeploymentStatus.SUSPENDED
    assert deployment_row(harness).suspended_why == "live probe missed 2 times in a row (north: no answer)"


def test_a_suspended_deployment_is_asked_nothing(harness: AlertHarness) -> None:
    sender = Sender(harness)
    harness.deployments.suspend("dep", "a test", by=WATCH)

    run(harness, watch_of(harness, sender), 5)

    assert sender.sent == 0


def test_what_is_awaited_no_longer_is_held_against_the_trail(harness: AlertHarness) -> None:
    """A live probe whose deployment stopped before its time was over, and a call, which never ends by itself."""
    put_on_trail(harness.engine, harness.trail)
    sender = Sender(harness)
    sender.answers = False
    watch = watch_of(harness, sender)
    run(harness, watch, 2)
    harness.deployments.suspend("dep", "a test", by=WATCH)
    call = uuid.uuid4()
    with overwriting(harness.engine) as session:
        key, now_ns = harness.trail.records_key(), harness.clock.time_ns()
        begin_live_probe(session, key, call, "dep", LiveProbeKind.CALL, ["0"], now_ns)

    run(harness, watch_of(harness, sender), 3 * POLICY.answer_s + 2)  # another process of the watch's

    over = [body for body in map(json.loads, harness.audited("consult")) if body["rule"] == "live-probe.over"]
    assert [body["facts"]["asked"] for body in over] == [1, 1]
    assert probes_that_differ(harness) == ()
    for change in ({"sent_ns": 1}, {"keys": "elsewhere"}):
        with overwriting(harness.engine) as session:
            row = session.get_one(LiveProbeRow, call)
            before = {name: getattr(row, name) for name in change}
            for name, value in change.items():
                setattr(row, name, value)
        assert probes_that_differ(harness), change
        with overwriting(harness.engine) as session:
            for name, value in before.items():
                setattr(session.get_one(LiveProbeRow, call), name, value)
    with overwriting(harness.engine) as session:
        session.delete(session.get_one(LiveProbeRow, call))
    assert probes_that_differ(harness)


def probes_that_differ(harness: AlertHarness) -> tuple[str, ...]:
    key = harness.trail.records_key()
    found = verify(harness.engine, public_key=b"", checkpoint=None, records_key=key).differences
    return tuple(each for each in found if each.startswith("proof"))


def test_a_proof_that_can_not_be_sent_counts_as_missed(harness: AlertHarness) -> None:
    sender = Sender(harness)
    sender.fails = Retryable("the broker is away")

    run(harness, watch_of(harness, sender), 2 * POLICY.answer_s + 3)

    assert deployment_row(harness).suspended_why == "live probe missed 2 times in a row (the broker is away)"


def test_a_gate_that_is_shut_misses_nothing_and_is_asked_again_when_it_opens(harness: AlertHarness) -> None:
    sender = Sender(harness)
    sender.fails = Refused("gate.operator-attending", "nobody attends")
    watch = watch_of(harness, sender)
    run(harness, watch, 5 * POLICY.answer_s)
    still = deployment_row(harness).status
    sender.fails = None

    run(harness, watch, 1)

    assert (still, sender.sent) == (DeploymentStatus.LIVE, 1)


def test_a_trial_is_left_alone(harness: AlertHarness) -> None:
    with overwriting(harness.engine) as session:
        session.get_one(DeploymentRow, "dep").planned = False
    sender, seen = Sender(harness), list[str]()

    run(harness, watch_of(harness, sender, seen.append), 10)

    assert (sender.sent, seen) == (0, [])


def test_a_circuit_breaker_that_can_not_be_read_keeps_no_proof_from_being_sent(harness: AlertHarness) -> None:
    def away(_name: str) -> None:
        raise Retryable("away")

    sender = Sender(harness)

    run(harness, watch_of(harness, sender, away), 2)

    assert sender.sent == 1
