"""A consumer that goes back into the log where its group's offset lies beyond the end of it.

So it is after a broker lost the newest records of a topic, and not its groups' offsets, in a power cut; after a topic
was made anew; and after an offset was set by hand. Kafka's client then begins with the first record, as it is told to
(`auto.offset.reset`). Faust 0.15.3 passes on no record whose offset is below the committed one, and says nothing: the
worker would look well and do nothing. Here the group's offset is given up too, and everything in the log is read again;
ids and high-water marks make the second time harmless.
"""

from __future__ import annotations

from typing import Any

import faust
from faust.transport.drivers import aiokafka as driver

from lfr_core.common.logs import get_logger

__all__ = ["KnownOffsetsConsumer", "KnownOffsetsTransport", "use_known_offsets"]


class KnownOffsetsConsumer(driver.Consumer):  # type: ignore[misc]  # Faust's types can't be followed
    """Faust's consumer, which looks at the end of each log when partitions are assigned."""

    async def perform_seek(self) -> None:
        """Seek to the committed offsets, and to the first record where these are beyond the end."""
        await super().perform_seek()
        read = {place: offset for place, offset in self._read_offset.items() if offset is not None}
        if not read:
            return
        ends = await self.highwaters(*read)
        beyond = [place for place, offset in read.items() if offset > ends.get(place, offset)]
        if not beyond:
            return
        await self.seek_wait(dict(await self.earliest_offsets(*beyond)))
        for place in beyond:
            get_logger().error("offset_beyond_the_log", topic=place.topic, partition=place.partition)
            self._read_offset[place] = self._committed_offset[place] = None


class KnownOffsetsTransport(driver.Transport):  # type: ignore[misc]  # the same
    """Faust's transport with that consumer."""

    Consumer: Any = KnownOffsetsConsumer


def use_known_offsets(app: faust.App) -> None:
    """Give `app` that consumer; before it starts."""
    app.transport = KnownOffsetsTransport(app.conf.broker_consumer, app)
