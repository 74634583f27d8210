"""What a start has come to, line by line, for a terminal that can't draw a table and for `lfr up --detach`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from apps.supervisor import ChildReport

__all__ = ["StartProgress"]

_FOR_PAGES: Final = frozenset({"vault", "identity", "page"})


class StartProgress:
    """Says of each part once that it is ready, and how long the start has taken until then.

    Args:
        say: given a line.
        monotonic: seconds that never go back.
    """

    def __init__(self, say: Callable[[str], None], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._monotonic = monotonic
        self._began = monotonic()
        self._reported: set[str] = set()
        self._pages_announced = False

    def tell(self, reports: Sequence[ChildReport]) -> None:
        """Say what is ready since the last call."""
        for report in reports:
            if report.state.value == "ready" and report.name not in self._reported:
                self._reported.add(report.name)
                seconds = self._monotonic() - self._began
                self._say(f"{report.name} is ready after {seconds:.0f} s ({len(self._reported)} of {len(reports)})")

    def tell_pages(self, reports: Sequence[ChildReport], where: str) -> None:
        """Say once where the pages are, as soon as they answer: planning needn't wait for the rest."""
        waits = {report.name for report in reports if report.state.value != "ready"}
        if (
            self._pages_announced
            or not waits
            or waits & _FOR_PAGES
            or "page" not in {report.name for report in reports}
        ):
            return
        self._pages_announced = True
        self._say(f"the pages answer, while the rest starts: {where}")
