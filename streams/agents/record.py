"""The `record` agents: sightings, outcomes and dead letters into SQL. Commit, then acknowledge."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import faust

from lfr_core.clock import Clock
from lfr_core.errors import Fatal, LfrError, Poison, Refused
from lfr_core.logs import get_logger
from lfr_core.messages import DeadLetter, OutcomeBatch, Proof, Sighting
from lfr_core.records.recorder import Recorder
from streams.app import raw_topic
from streams.patience import patiently
from streams.topics import Topic
from streams.watchdog import Heartbeat

__all__ = ["attach_record"]

BATCH = 64  # messages a transaction
WITHIN_S = 0.05

Message = TypeVar("Message", Sighting, OutcomeBatch, DeadLetter, Proof)
Record = Callable[[Sequence[Message]], Sequence[tuple[Message, LfrError]]]
"""Writes a batch; gives back the messages that can't be written, and why."""


def attach_record(app: faust.App, recorder: Recorder, heartbeat: Heartbeat, clock: Clock) -> None:
    """Add the four agents to `app`. One thread writes: SQLite has one writer anyway."""
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="record")

    async def write(stream: faust.StreamT, message_type: type[Message], record: Record[Message]) -> None:
        async for events in stream.noack_take(BATCH, within=WITHIN_S):
            try:
                await write_batch(events, message_type, record)
            except Fatal as error:
                get_logger().critical("worker_ends", reason=str(error))
                os._exit(error.exit_code)
            for event in events:
                await stream.ack(event)
            heartbeat.beat()

    async def write_batch(events: Sequence[faust.EventT], message_type: type[Message], record: Record[Message]) -> None:
        readable: dict[int, tuple[faust.EventT, Message]] = {}
        for event in events:
            try:
                message = message_type.decode(event.message.value or b"")
                readable[id(message)] = (event, message)
            except Poison as error:
                await bury(event, error)
        if not readable:
            return
        try:
            failures = await patiently(
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
                await bury(next(iter(readable.values()))[0], error)
                return
            for event, _ in readable.values():  # one of them is the culprit: write each by itself
                await write_batch([event], message_type, record)
            return
        for message, reason in failures:
            await bury(readable[id(message)][0], reason)

    async def bury(event: faust.EventT, error: Exception) -> None:
        """Book what can't be written: where it lies and why, never what is in it."""
        reason = str(error) if isinstance(error, LfrError) else "see the worker's log"
        rule = error.rule if isinstance(error, Refused) else type(error).__name__
        get_logger().error("record_refused", topic=event.message.topic, offset=event.message.offset, error=rule)
        letter = DeadLetter(
            topic=event.message.topic,
            partition=event.message.partition,
            offset=event.message.offset,
            camera=(event.message.key or b"").decode(errors="replace"),
            error=rule,
            reason=reason,
            at_ns=clock.time_ns(),
        )
        await patiently(
            lambda: recorder.record_dead_letter(letter), executor=executor, heartbeat=heartbeat, what="database"
        )

    def letters(batch: Sequence[DeadLetter]) -> Sequence[tuple[DeadLetter, LfrError]]:
        for letter in batch:
            recorder.record_dead_letter(letter)
        return ()

    @app.agent(raw_topic(app, Topic.SIGHTINGS), name="record-sightings")
    async def record_sightings(stream: faust.StreamT) -> None:
        await write(stream, Sighting, lambda batch: recorder.record_sightings(batch).failures)

    @app.agent(raw_topic(app, Topic.OUTCOMES), name="record-outcomes")
    async def record_outcomes(stream: faust.StreamT) -> None:
        await write(stream, OutcomeBatch, lambda batch: recorder.record_outcomes(batch).failures)

    @app.agent(raw_topic(app, Topic.PROOFS), name="record-proofs")
    async def record_proofs(stream: faust.StreamT) -> None:
        await write(stream, Proof, recorder.record_proofs)

    @app.agent(raw_topic(app, Topic.DEAD_LETTERS), name="record-dead-letters")
    async def record_dead_letters(stream: faust.StreamT) -> None:
        await write(stream, DeadLetter, letters)
