"""A stream's events come in batches, none is acknowledged or lost, and nothing is done while none comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from streams.batches import read_batches

WITHIN_S = 0.02


@dataclass
class Stream:
    """Events as a test puts them, None for the end of the stream; counts how often it is asked."""

    waiting: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)
    enable_acks: bool = True
    asked: int = 0
    closed: bool = False

    async def events(self) -> AsyncIterator[str]:
        try:
            while True:
                self.asked += 1
                event = await self.waiting.get()
                if event is None:
                    return
                if event == "broken":
                    raise ConnectionError(event)
                yield event
        finally:
            self.closed = True

    def put(self, *events: str | None) -> None:
        for event in events:
            self.waiting.put_nowait(event)


async def _read(stream: Stream, most: int = 3) -> list[list[str]]:
    return [list(batch) async for batch in read_batches(stream, most, within_s=WITHIN_S)]


def test_events_that_wait_come_together_up_to_the_most_in_their_order_and_none_is_acknowledged_for_the_caller() -> None:
    async def run() -> None:
        stream = Stream()
        stream.put("a", "b", "c", "d")
        reading = asyncio.create_task(_read(stream))
        await asyncio.sleep(3 * WITHIN_S)
        stream.put("e")
        await asyncio.sleep(3 * WITHIN_S)
        stream.put(None)

        assert await reading == [["a", "b", "c"], ["d"], ["e"]]
        assert not stream.enable_acks
        assert stream.closed

    asyncio.run(run())


def test_a_lone_event_waits_no_longer_for_others_than_it_may() -> None:
    async def run() -> None:
        stream = Stream()
        batches = read_batches(stream, 3, within_s=WITHIN_S)
        stream.put("a")
        assert await asyncio.wait_for(anext(batches), 50 * WITHIN_S) == ["a"]
        await batches.aclose()
        assert stream.closed

    asyncio.run(run())


def test_while_nothing_comes_nothing_wakes() -> None:
    async def run() -> int:
        stream = Stream()
        reading = asyncio.create_task(_read(stream))
        await asyncio.sleep(0)
        woken = 0
        loop = asyncio.get_running_loop()
        call_at = loop.call_at

        def counted(*args: object, **kwargs: object) -> asyncio.TimerHandle:
            nonlocal woken
            woken += 1
            return call_at(*args, **kwargs)  # type: ignore[arg-type]

        loop.call_at = counted  # type: ignore[method-assign]
        await asyncio.sleep(5 * WITHIN_S)  # one timer of the test's own
        loop.call_at = call_at  # type: ignore[method-assign]
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert stream.closed
        assert stream.asked == 1
        return woken

    assert asyncio.run(run()) == 1


def test_what_the_stream_raises_is_raised_and_the_stream_is_closed() -> None:
    async def run() -> None:
        stream = Stream()
        stream.put("a", "broken")
        with pytest.raises(ConnectionError):
            await _read(stream)
        assert stream.closed

    asyncio.run(run())
