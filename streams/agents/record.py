"""The `record` agents: sightings, outcomes and dead letters into SQL. Verify, commit, then acknowledge."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Generic, NoReturn, TypeVar

import faust

from lfr_core.alerts.recorder import Recorder
from lfr_core.common.clock import Clock
from lfr_core.common.errors import Fatal, LfrError, Poison, Refused
from lfr_core.common.logs import get_logger
from lfr_core.custody.vault.record_keys import KEPT_DAYS
from lfr_core.custody.vault.record_mac import RecordVerifier, check_entry
from lfr_core.domain.messages import DeadLetter, LiveProbeResult, OutcomeBatch, Sighting, merge_letters
from streams.app import raw_topic, record_headers, record_key
from streams.batches import read_batches
from streams.camera.rate_limit import RateLimiter
from streams.retry import retry_while_unavailable
from streams.topics import Topic
from streams.watchdog import Heartbeat

__all__ = ["attach_record"]

BATCH = 64  # messages a transaction
WITHIN_S = 0.05
LOG_EVERY_S = 10.0
MOST_WAITING = 8
"""Batches with dead letters of one topic that wait to be written: their records stay in memory so long."""

Message = TypeVar("Message", Sighting, OutcomeBatch, DeadLetter, LiveProbeResult)
Record = Callable[[Sequence[Message]], Sequence[tuple[Message, LfrError]]]
"""Writes a batch; gives back the messages that can't be written, and why."""


def attach_record(
    app: faust.App, recorder: Recorder, verifier: RecordVerifier, heartbeat: Heartbeat, clock: Clock
) -> None:
    """Add the four agents to `app`.

    One thread writes what was found: SQLite has one writer anyway. Another writes dead letters, after what could be
    read of the same batch: what nobody can read keeps no alert waiting.
    """
    found = ThreadPoolExecutor(max_workers=1, thread_name_prefix="record")
    refused = ThreadPoolExecutor(max_workers=1, thread_name_prefix="record-refused")
    dead_letters = _DeadLetterWriter(recorder, refused, heartbeat, clock)

    def writer_of(
        message_type: type[Message], record: Record[Message], executor: Executor = found
    ) -> _BatchWriter[Message]:
        return _BatchWriter(message_type, record, verifier, executor, dead_letters)

    @app.agent(raw_topic(app, Topic.SIGHTINGS), name="record-sightings")
    async def record_sightings(stream: faust.StreamT) -> None:
        await _consume(stream, writer_of(Sighting, lambda batch: recorder.record_sightings(batch).failures))

    @app.agent(raw_topic(app, Topic.OUTCOMES), name="record-outcomes")
    async def record_outcomes(stream: faust.StreamT) -> None:
        await _consume(stream, writer_of(OutcomeBatch, lambda batch: recorder.record_outcomes(batch).failures))

    @app.agent(raw_topic(app, Topic.LIVE_PROBES), name="record-proofs")
    async def record_live_probe_results(stream: faust.StreamT) -> None:
        await _consume(stream, writer_of(LiveProbeResult, recorder.record_live_probe_results))

    @app.agent(raw_topic(app, Topic.DEAD_LETTERS), name="record-dead-letters")
    async def record_dead_letters(stream: faust.StreamT) -> None:
        await _consume(stream, writer_of(DeadLetter, recorder.record_dead_letters, refused))


class _DeadLetterWriter:
    """Makes dead letters of records that can't be written, and writes them in a thread of its own."""

    def __init__(self, recorder: Recorder, executor: Executor, heartbeat: Heartbeat, clock: Clock) -> None:
        self._recorder = recorder
        self._executor = executor
        self.heartbeat = heartbeat
        self._clock = clock
        self._log_limits = {topic: RateLimiter(clock, LOG_EVERY_S) for topic in Topic}

    def make(self, event: faust.EventT, error: Exception) -> DeadLetter:
        """Say of a record that can't be written where it lies and why, never what is in it."""
        return DeadLetter(
            topic=event.message.topic,
            partition=event.message.partition,
            offset=event.message.offset,
            camera=record_key(event.message),
            error=error.rule if isinstance(error, Refused) else type(error).__name__,
            reason=str(error) if isinstance(error, LfrError) else "see the worker's log",
            at_ns=self._clock.time_ns(),
        )

    async def write(self, letters: Sequence[DeadLetter]) -> None:
        """Write all dead letters of a batch at once."""
        if not letters:
            return
        last = letters[-1]
        if self._log_limits[Topic(last.topic)].allow():  # a flood of them must not fill the log
            get_logger().error(
                "record_refused", topic=last.topic, offset=last.offset, error=last.error, messages=len(letters)
            )
        ordered = merge_letters(sorted(letters, key=lambda letter: (letter.partition, letter.offset)))
        await retry_while_unavailable(
            lambda: self._recorder.record_dead_letters(ordered),
            executor=self._executor,
            heartbeat=self.heartbeat,
            what="database",
        )


class _BatchWriter(Generic[Message]):
    """Writes batches of one kind of message."""

    def __init__(
        self,
        message_type: type[Message],
        record: Record[Message],
        verifier: RecordVerifier,
        executor: Executor,
        dead_letters: _DeadLetterWriter,
    ) -> None:
        self._message_type: type[Message] = message_type
        self._record: Record[Message] = record
        self._verifier = verifier
        self._executor = executor
        self.dead_letters = dead_letters

    async def write(self, events: Sequence[faust.EventT]) -> list[DeadLetter]:
        """Write what was sent by a worker and can be read; return dead letters of the rest, in the order it came."""
        decoded = await retry_while_unavailable(
            lambda: [self._decode(event) for event in events],
            executor=self._executor,
            heartbeat=self.dead_letters.heartbeat,
            what="verify",
        )
        readable: dict[int, tuple[faust.EventT, Message]] = {}
        letters: list[DeadLetter] = []
        for event, message in zip(events, decoded, strict=True):
            if isinstance(message, LfrError):
                letters.append(self.dead_letters.make(event, message))
            else:
                readable[id(message)] = (event, message)
        if not readable:
            return letters
        try:
            failures = await retry_while_unavailable(
                lambda: self._record([message for _, message in readable.values()]),
                executor=self._executor,
                heartbeat=self.dead_letters.heartbeat,
                what="database",
            )
        except Fatal:
            raise
        except Exception as error:  # noqa: BLE001  a fault in our own code must not stop the stream
            get_logger().exception("record_failed", messages=len(readable))
            if len(readable) == 1:
                return [*letters, self.dead_letters.make(next(iter(readable.values()))[0], error)]
            for event, _ in readable.values():  # one of them is the culprit: write each by itself
                letters += await self.write([event])
            return letters
        return letters + [self.dead_letters.make(readable[id(message)][0], reason) for message, reason in failures]

    def _decode(self, event: faust.EventT) -> Message | Poison | Refused:
        """Return the message, or why it is none: who sent it is looked at before what it says. Raises Retryable."""
        message, value = event.message, event.message.value or b""
        try:
            use = self._verifier.check(
                message.topic,
                message.key or b"",
                record_headers(event),
                value,
                appended_ns=round(message.timestamp * 1e9),
                kept_days=KEPT_DAYS if message.topic == Topic.DEAD_LETTERS else 1,
            )
            found: Message = self._message_type.decode(value)
            check_entry(use, getattr(found, "entry", ""))
            return found
        except (Poison, Refused) as error:
            return error


class _Refused:
    """Batches that something in couldn't be read: their dead letters are written behind what could, many at once."""

    def __init__(self, stream: faust.StreamT, dead_letters: _DeadLetterWriter) -> None:
        self._stream = stream
        self._dead_letters = dead_letters
        self._waiting: asyncio.Queue[tuple[Sequence[DeadLetter], Sequence[faust.EventT]]] = asyncio.Queue(MOST_WAITING)
        self._task: asyncio.Task[None] | None = None

    async def put(self, letters: Sequence[DeadLetter], events: Sequence[faust.EventT]) -> None:
        """Have a batch acknowledged once its dead letters are written; waits while too many do."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        await self._waiting.put((letters, events))

    def end(self) -> None:
        """Write no more. What waits isn't acknowledged, and so is delivered again."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            batches = [await self._waiting.get()]
            while not self._waiting.empty():
                batches.append(self._waiting.get_nowait())
            try:
                await self._dead_letters.write([letter for letters, _ in batches for letter in letters])
                for event in (event for _, events in batches for event in events):
                    await self._stream.ack(event)
            except Exception as error:  # noqa: BLE001  nobody waits for this task: without it nothing is acknowledged
                _end_worker(error)


async def _consume(stream: faust.StreamT, writer: _BatchWriter[Message]) -> None:
    await _write_batches(stream, read_batches(stream, BATCH, within_s=WITHIN_S), writer)


async def _write_batches(
    stream: faust.StreamT, batches: AsyncIterator[Sequence[faust.EventT]], writer: _BatchWriter[Message]
) -> None:
    """Write each batch of the stream, and acknowledge it then; one with dead letters once these are written too."""
    refused = _Refused(stream, writer.dead_letters)
    try:
        async for events in batches:
            try:
                letters = await writer.write(events)
            except Fatal as error:
                _end_worker(error)
            if letters:
                await refused.put(letters, events)
            else:
                for event in events:
                    await stream.ack(event)
            writer.dead_letters.heartbeat.record()
    finally:
        refused.end()


def _end_worker(error: Exception) -> NoReturn:
    get_logger().critical("worker_ends", reason=str(error), exc_info=error)
    os._exit(error.exit_code if isinstance(error, LfrError) else 1)
