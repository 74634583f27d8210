"""Compares, while everything runs and answers, what parts keep with what they must keep, and says what differs.

A topic that was deleted or a right that was added at the broker leaves every process as it was: nothing else tells.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Self

from pydantic import BaseModel, ConfigDict

from lfr_core.common.errors import LfrError
from lfr_core.common.logs import get_logger

__all__ = ["COMPARE_EVERY_S", "Compared", "Comparing"]

COMPARE_EVERY_S: Final = 30.0
"""A look takes 29 ms of this process's processor time, and two logins of the broker's."""
_AGAIN_S: Final = 2.0
"""What differs twice is said: a broker that was started again has its topics a moment later."""
_MOST: Final = 600
"""Characters of one sentence."""

Compare = Callable[[], Sequence[str]]
"""Returns what differs, in words. Raises LfrError where it can't be compared."""


class Compared(BaseModel):
    """What came of a comparison."""

    model_config = ConfigDict(frozen=True)

    sentence: str
    is_changed: bool = False
    """Whether somebody changed something; else nobody can say whether."""


class Comparing:
    """Makes comparisons in a thread of its own: one that hangs holds nobody up. A context manager; use it once."""

    def __init__(
        self,
        comparisons: Sequence[tuple[Compare, str]],
        *,
        every_s: float = COMPARE_EVERY_S,
        again_s: float = _AGAIN_S,
    ) -> None:
        """
        Args:
            comparisons: each with what it is about and what to do, a sentence with {} for what differs.
            every_s: between two rounds.
            again_s: what differs is looked at again so much later, before it is said.
        """
        self._comparisons = comparisons
        self._every_s = every_s
        self._again_s = again_s
        self._stopping = threading.Event()
        self._found: dict[int, Compared] = {}
        self._was_made: set[int] = set()
        self._thread = threading.Thread(target=self._run, name="comparing", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()

    @property
    def was_made(self) -> bool:
        """Whether each comparison was made once."""
        return len(self._was_made) == len(self._comparisons)

    def read(self) -> tuple[Compared, ...]:
        """Return what differs now, or can't be compared any more: one for each comparison that found something."""
        found = self._found
        return tuple(found[number] for number in sorted(found))

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            for number, (compare, sentence) in enumerate(self._comparisons):
                found, why = self._compare(number, compare)
                if (found or why) and not self._stopping.wait(self._again_s):
                    again, why = self._compare(number, compare)
                    found = [each for each in found if each in again]
                if found:
                    self._note(number, Compared(sentence=sentence.format("; ".join(found)[:_MOST]), is_changed=True))
                else:
                    unknown = Compared(sentence=f"what may have been changed isn't known: {why}")
                    self._note(number, unknown if why else None)

    def _compare(self, number: int, compare: Compare) -> tuple[Sequence[str], str]:
        """Return what differs, or why that isn't known: it isn't asked for before it was known once."""
        try:
            found = compare()
        except LfrError as error:
            return (), str(error) if number in self._was_made else ""
        self._was_made.add(number)
        return found, ""

    def _note(self, number: int, compared: Compared | None) -> None:
        if compared == self._found.get(number):
            return
        found = {other: each for other, each in self._found.items() if other != number}
        if compared is not None:
            get_logger().error("supervisor.differs", reason=compared.sentence)
            found[number] = compared
        self._found = found
