"""What nobody can read is written behind what can be, and acknowledged only then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from streams.agents.record import MOST_WAITING, _write_batches


@dataclass
class Stream:
    """Batches of names, each delivered when it is asked for."""

    batches: Sequence[Sequence[str]]
    over: asyncio.Event = field(default_factory=asyncio.Event)
    acknowledged: list[str] = field(default_factory=list)

    async def read(self) -> AsyncIterator[Sequence[str]]:
        for each in self.batches:
            yield each
            await asyncio.sleep(0)
        await self.over.wait()

    async def ack(self, event: str) -> None:
        self.acknowledged.append(event)


@dataclass
class Writer:
    """Writes what doesn't begin with "junk"; dead letters wait until `free` is set."""

    free: asyncio.Event
    written: list[str] = field(default_factory=list)
    letters: list[list[str]] = field(default_factory=list)

    @property
    def dead_letters(self) -> Any:
        return self

    @property
    def heartbeat(self) -> Any:
        return self

    def record(self) -> None:
        """It beats."""

    async def write(self, given: Sequence[str]) -> list[str]:
        if given and given[0].startswith("letter"):
            await self.free.wait()
            self.letters.append(list(given))
            return []
        self.written += [each for each in given if not each.startswith("junk")]
        return [f"letter of {each}" for each in given if each.startswith("junk")]


def test_a_batch_that_can_be_read_waits_for_no_dead_letters_and_none_is_acknowledged_before_they_are_written() -> None:
    async def run() -> None:
        junk = [[f"junk {number}"] for number in range(MOST_WAITING)]
        stream, writer = Stream([*junk, ["seen"]]), Writer(asyncio.Event())
        consuming = asyncio.create_task(_write_batches(stream, stream.read(), writer))  # type: ignore[arg-type]  # no more is asked of them
        for _ in range(50):
            await asyncio.sleep(0)

        assert (writer.written, stream.acknowledged, writer.letters) == (["seen"], ["seen"], [])

        writer.free.set()
        for _ in range(50):
            await asyncio.sleep(0)
        stream.over.set()
        await consuming
        assert sorted(stream.acknowledged) == sorted(["seen", *(name for (name,) in junk)])
        assert sum(map(len, writer.letters)) == MOST_WAITING
        assert len(writer.letters) <= 2  # many at once

    asyncio.run(run())
