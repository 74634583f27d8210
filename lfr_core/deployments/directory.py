"""A worker's look at the deployments: the store's answer, kept for a moment, and failing closed."""

from __future__ import annotations

from cachetools import TLRUCache

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
        # aged from before the question, never from after the answer
        self._known: TLRUCache[str, tuple[float, DeploymentView | None]] = TLRUCache(
            _MOST, ttu=lambda _, kept, __: kept[0] + max_age_s, timer=clock.monotonic
        )

    def find(self, deployment: str) -> DeploymentView | None:
        """Return the deployment as it was at most `max_age_s` ago, or None. Raises Retryable with the store."""
        kept = self._known.get(deployment)
        if kept is None:
            kept = self._known[deployment] = (self._clock.monotonic(), self._store.find(deployment))
        return kept[1]
