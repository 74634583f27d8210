"""Which epoch was it? For whoever walked past a camera and remembers when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from lfr_core.common.errors import Refused
from lfr_core.retention.erasure.destruction_log import PublicEpoch

__all__ = ["epochs_at"]

_LONDON = ZoneInfo("Europe/London")


def epochs_at(found: Sequence[PublicEpoch], at: str) -> tuple[PublicEpoch, ...]:
    """Return the epochs that a time lies in; one without a date is looked up on every day of the deployment, in London.

    Raises:
        Refused: `erasure.bad-time`.
    """

    def holds(epoch: PublicEpoch, moment: datetime) -> bool:
        # an hour comes twice on the day the clocks go back: whoever was there in either has an answer
        times = [moment] if moment.tzinfo else [moment.replace(tzinfo=_LONDON, fold=fold) for fold in (0, 1)]
        return any(epoch.started_ns <= one.timestamp() * 1e9 < epoch.ended_ns for one in times)

    try:
        clock_time = time.fromisoformat(at)
    except ValueError:
        try:
            moment = datetime.fromisoformat(at)
        except ValueError as error:
            raise Refused("erasure.bad-time", f"{at!r} is no time: 14:32:07, or 2026-12-04T14:32:07") from error
        return tuple(epoch for epoch in found if holds(epoch, moment))
    days = {datetime.fromtimestamp(one.started_ns / 1e9, tz=UTC).astimezone(_LONDON).date() for one in found}
    return tuple(one for one in found if any(holds(one, datetime.combine(day, clock_time)) for day in days))
