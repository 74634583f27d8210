"""The `recognise` agent: frames in; sightings, outcomes and dead letters out.

What happens in which order, and so what can be lost or doubled:

1. a batch is taken without acknowledging it;
2. it is recognised in a thread, again and again while a service is away;
3. its records are signed; sightings are sent and their delivery awaited, then outcomes, dead letters, and answers to
   live probes;
4. the batch is acknowledged in order.

A worker killed before 4 has its batch delivered again: ids and high-water sequences make the second
time harmless. No record is acknowledged whose effects aren't in the broker.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import faust

from lfr_core.common.errors import Fatal, LfrError, Poison
from lfr_core.common.logs import get_logger
from lfr_core.custody.vault.record_mac import MAC_HEADER, RecordSigner
from lfr_core.recognition.batch import RawFrame, Recognised
from lfr_core.recognition.service import Recogniser
from streams.app import raw_topic, record_headers, record_key
from streams.batches import read_batches
from streams.retry import retry_while_unavailable
from streams.topics import Topic
from streams.watchdog import Heartbeat

__all__ = ["attach_recognise"]

BATCH = 8  # frames: under a second of work on one core, so that a rebalance never waits long
LEAVE_EVERY_S = 1.0
WITHIN_S = 0.02  # how long a frame may wait for others


def attach_recognise(app: faust.App, recogniser: Recogniser, signer: RecordSigner, heartbeat: Heartbeat) -> None:
    """Add the agent to `app`. One batch at a time, inference in one thread."""
    frames = raw_topic(app, Topic.FRAMES)
    outputs: dict[Topic, faust.TopicT] = {name: raw_topic(app, name) for name in Topic if name is not Topic.FRAMES}
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recognise")

    @app.timer(LEAVE_EVERY_S)
    async def leave() -> None:
        """End the process once every deployment it served has ended: nothing of its memory outlives them."""
        if await asyncio.get_running_loop().run_in_executor(executor, recogniser.leave_ended):
            get_logger().info("worker_leaves", reason="its deployments have ended")
            os.kill(os.getpid(), signal.SIGTERM)  # in order: what is acknowledged is committed

    @app.agent(frames, name="recognise")
    async def recognise(stream: faust.StreamT) -> None:
        async for events in read_batches(stream, BATCH, within_s=WITHIN_S):
            try:
                for done in await _recognise(recogniser, [_raw(event) for event in events], executor, heartbeat):
                    await _send(outputs, await _sign(signer, done, executor, heartbeat))
            except Fatal as error:
                _end(error)
            for event in events:
                await stream.ack(event)
            heartbeat.record()


async def _recognise(
    recogniser: Recogniser, frames: Sequence[RawFrame], executor: ThreadPoolExecutor, heartbeat: Heartbeat
) -> list[Recognised]:
    """Recognise the batch; if a fault in our own code stops it, frame by frame, dead-lettering the culprit."""
    try:
        looked = await retry_while_unavailable(
            lambda: recogniser.detect(frames), executor=executor, heartbeat=heartbeat, what="look"
        )
        done = await retry_while_unavailable(
            lambda: recogniser.match(looked), executor=executor, heartbeat=heartbeat, what="match"
        )
    except LfrError:
        raise
    except Exception as error:  # noqa: BLE001  a fault in our own code must not stop the stream
        get_logger().exception("recognise_failed", frames=len(frames))
        if len(frames) == 1:
            why = Poison(f"recognition failed: {type(error).__name__}")
            return [
                await retry_while_unavailable(
                    lambda: recogniser.refuse(frames[0], why), executor=executor, heartbeat=heartbeat, what="refuse"
                )
            ]
        return [result for frame in frames for result in await _recognise(recogniser, [frame], executor, heartbeat)]
    return [done]


class _Signed(NamedTuple):
    """A record that is ready to be sent."""

    key: bytes
    value: bytes
    mac: bytes


async def _sign(
    signer: RecordSigner, done: Recognised, executor: ThreadPoolExecutor, heartbeat: Heartbeat
) -> dict[Topic, list[_Signed]]:
    """Sign the batch's records; return them by topic, in the order in which they are sent.

    A frame is never recorded before its sightings are safe.
    """
    messages = {
        Topic.SIGHTINGS: [(message.camera, message.encode()) for message in done.sightings],
        Topic.OUTCOMES: [(message.camera, message.encode()) for message in done.outcomes],
        Topic.DEAD_LETTERS: [(message.camera, message.encode()) for message in done.dead],
        Topic.LIVE_PROBES: [(message.deployment, message.encode()) for message in done.live_probe_results],
    }

    def sign(topic: Topic, key: bytes, value: bytes) -> _Signed:
        return _Signed(key, value, signer.sign(topic, key, {}, value))

    return await retry_while_unavailable(
        lambda: {topic: [sign(topic, key.encode(), value) for key, value in of] for topic, of in messages.items()},
        executor=executor,
        heartbeat=heartbeat,
        what="sign",
    )


async def _send(outputs: Mapping[Topic, faust.TopicT], signed: Mapping[Topic, Sequence[_Signed]]) -> None:
    """Send and await delivery, topic by topic."""
    for topic, records in signed.items():
        pending = [
            await outputs[topic].send(key=each.key, value=each.value, headers=[(MAC_HEADER, each.mac)])
            for each in records
        ]
        for delivery in pending:
            await delivery


def _raw(event: faust.EventT) -> RawFrame:
    message = event.message
    return RawFrame(
        headers=record_headers(event),
        payload=message.value or b"",
        key=record_key(message),
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
    )


def _end(error: Fatal) -> None:
    """Stop at once, the batch unacknowledged: it is delivered again to a worker that is in order."""
    get_logger().critical("worker_ends", reason=str(error))
    os._exit(error.exit_code)
