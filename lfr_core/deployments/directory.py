"""A worker's look at the deployments: the store's answer, kept for a moment, and failing closed."""

from __future__ import annotations

from lfr_core.common.clock import Clock
from lfr_core.domain.deployments import DeploymentDirectory, DeploymentView

__all__ = ["CachedDirectory"]

_MOST = 1_000  # a flood of unknown names must not fill the memory


class CachedDirectory:
    """A DeploymentDirectory that asks another at most every `max_age_s` seconds for each deployment.

    No answer is given that is older: when the one below raises, so does this, and nothing matches.
    """

    def __init__(self, store: DeploymentDirectory, clock: Clock, max_age_s: float) -> None:
        self._store = store
        self._clock = clock
        self._max_age_s = max_age_s
        self._known: dict[str, tuple[float, DeploymentView | None]] = {}

    def find(self, deployment: str) -> DeploymentView | None:
        """The deployment as it was at most `max_age_s` ago, or None. Raises Retryable with the store."""
        now = self._clock.monotonic()
        kept = self._known.get(deployment)
        if kept is not None and now - kept[0] < self._max_age_s:
            return kept[1]
        self._known.pop(deployment, None)
        view = self._store.find(deployment)
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[deployment] = (now, view)  # aged from before the question, never from after the answer
        return view
