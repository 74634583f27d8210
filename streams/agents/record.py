"""The `record` agents: sightings, outcomes and dead letters into SQL. Commit, then acknowledge."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TypeVar

import faust

from lfr_core.alerts.recorder import Recorder
from lfr_core.common.clock import Clock
from lfr_core.common.errors import Fatal, LfrError, Poison, Refused
from lfr_core.common.logs import get_logger
from lfr_core.domain.messages import DeadLetter, OutcomeBatch, Proof, Sighting, gathered
from streams.app import raw_topic, record_key
from streams.camera.rate_limit import RateLimiter
from streams.retry import retry_while_unavailable
from streams.topics import Topic
from streams.watchdog import Heartbeat

__all__ = ["attach_record"]

BATCH = 64  # messages a transaction
WITHIN_S = 0.05
TELL_EVERY_S = 10.0

Message = TypeVar("Message", Sighting, OutcomeBatch, DeadLetter, Proof)
Record = Callable[[Sequence[Message]], Sequence[tuple[Message, LfrError]]]
"""Writes a batch; gives back the messages that can't be written, and why."""


def attach_record(app: faust.App, recorder: Recorder, heartbeat: Heartbeat, clock: Clock) -> None:
    """Add the four agents to `app`.

    One thread writes what was found: SQLite has one writer anyway. Another writes dead letters, after what could be
    read of the same batch: what nobody can read keeps no alert waiting.
    """
    found = ThreadPoolExecutor(max_workers=1, thread_name_prefix="record")
    refused = ThreadPoolExecutor(max_workers=1, thread_name_prefix="record-refused")
    told = {topic: RateLimiter(clock, TELL_EVERY_S) for topic in Topic}

    async def write(
        stream: faust.StreamT, message_type: type[Message], record: Record[Message], executor: Executor = found
    ) -> None:
        async for events in stream.noack_take(BATCH, within=WITHIN_S):
            try:
                await bury(await write_batch(events, message_type, record, executor))
            except Fatal as error:
                get_logger().critical("worker_ends", reason=str(error))
                os._exit(error.exit_code)
            for event in events:
                await stream.ack(event)
            heartbeat.beat()

    async def write_batch(
        events: Sequence[faust.EventT], message_type: type[Message], record: Record[Message], executor: Executor
    ) -> list[DeadLetter]:
        """Write what can be read; what is to be told of the rest, in the order it came."""
        readable: dict[int, tuple[faust.EventT, Message]] = {}
        letters: list[DeadLetter] = []
        for event in events:
            try:
                message = message_type.decode(event.message.value or b"")
                readable[id(message)] = (event, message)
            except Poison as error:
                letters.append(letter_of(event, error))
        if not readable:
            return letters
        try:
            failures = await retry_while_unavailable(
                lambda: record([message for _, message in readable.values()]),
                executor=executor,
                heartbeat=heartbeat,
                what="database",
            )
        except Fatal:
            raise
        except Exception as error:  # noqa: BLE001  a fault in our own code must not stop the stream
            get_logger().exception("record_failed", messages=len(readable))
            if len(readable) == 1:
                return [*letters, letter_of(next(iter(readable.values()))[0], error)]
            for event, _ in readable.values():  # one of them is the culprit: write each by itself
                letters += await write_batch([event], message_type, record, executor)
            return letters
        return letters + [letter_of(readable[id(message)][0], reason) for message, reason in failures]

    def letter_of(event: faust.EventT, error: Exception) -> DeadLetter:
        """What is told of a record that can't be written: where it lies and why, never what is in it."""
        return DeadLetter(
            topic=event.message.topic,
            partition=event.message.partition,
            offset=event.message.offset,
            camera=record_key(event.message),
            error=error.rule if isinstance(error, Refused) else type(error).__name__,
            reason=str(error) if isinstance(error, LfrError) else "see the worker's log",
            at_ns=clock.time_ns(),
        )

    async def bury(letters: Sequence[DeadLetter]) -> None:
        """Book what can't be written, all of a batch at once."""
        if not letters:
            return
        last = letters[-1]
        if told[Topic(last.topic)].due():  # a flood of them must not fill the log
            get_logger().error(
                "record_refused", topic=last.topic, offset=last.offset, error=last.error, messages=len(letters)
            )
        ordered = gathered(sorted(letters, key=lambda letter: (letter.partition, letter.offset)))
        await retry_while_unavailable(
            lambda: recorder.record_dead_letters(ordered), executor=refused, heartbeat=heartbeat, what="database"
        )

    @app.agent(raw_topic(app, Topic.SIGHTINGS), name="record-sightings")
    async def record_sightings(stream: faust.StreamT) -> None:
        await write(stream, Sighting, lambda batch: recorder.record_sightings(batch).failures)

    @app.agent(raw_topic(app, Topic.OUTCOMES), name="record-outcomes")
    async def record_outcomes(stream: faust.StreamT) -> None:
        await write(stream, OutcomeBatch, lambda batch: recorder.record_outcomes(batch).failures)

    @app.agent(raw_topic(app, Topic.PROOFS), name="record-proofs")
    async def record_live_probe_results(stream: faust.StreamT) -> None:
        await write(stream, Proof, recorder.record_live_probe_results)

    @app.agent(raw_topic(app, Topic.DEAD_LETTERS), name="record-dead-letters")
    async def record_dead_letters(stream: faust.StreamT) -> None:
        await write(stream, DeadLetter, recorder.record_dead_letters, refused)
