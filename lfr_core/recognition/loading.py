"""The gallery of a recogniser: it searches none before it has compared it with the list itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.recognition.faces.types import Floats
from lfr_core.recognition.gallery.port import Candidate, Gallery, Reference, StoredRow
from lfr_core.recognition.gallery.rotated import deployment_of_gallery

__all__ = ["ComparedGallery"]

_WAIT_S = 0.5
"""How long a search waits for a comparison that has begun; a short list is done by then."""


class ComparedGallery:
    """A `Gallery` over another one, whose collections are compared before they are searched: when this process first
    searches them, and again after the store was away, for another may have come back.

    The comparison runs in a thread, so that the stream never stands for it; until it has ended a search is Retryable.

    Args:
        inner: searched.
        compare: what differs between a deployment's gallery and its list, "" when nothing does;
            `lfr_core.deployments.monitoring.gallery.GalleryCheck.compare`, which also shuts the gate.
    """

    def __init__(self, inner: Gallery, compare: Callable[[str], str]) -> None:
        self._inner = inner
        self._compare = compare
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="compare-gallery")
        self._running: dict[str, Future[str]] = {}
        self._compared: set[str] = set()

    def search(self, name: str, contract_id: str, probes: Floats, limit: int = 1) -> list[list[Candidate]]:
        """As the inner one's.

        Raises:
            Refused: `gallery.changed`.
            Retryable: also while it is being compared.
        """
        self._require(name)
        try:
            return self._inner.search(name, contract_id, probes, limit)
        except (Retryable, Refused, Fatal):
            self._compared.clear()
            raise

    def create(self, name: str, contract_id: str) -> None:
        self._inner.create(name, contract_id)

    def add(self, name: str, contract_id: str, references: Sequence[Reference]) -> tuple[StoredRow, ...]:
        return self._inner.add(name, contract_id, references)

    def rows(self, name: str, contract_id: str, ids: Sequence[str] | None = None) -> tuple[StoredRow, ...]:
        return self._inner.rows(name, contract_id, ids)

    def count(self, name: str) -> int:
        return self._inner.count(name)

    def names(self) -> list[str]:
        return self._inner.names()

    def drop(self, name: str) -> None:
        self._inner.drop(name)

    def _require(self, name: str) -> None:
        if name in self._compared:
            return
        if name not in self._running:
            self._running[name] = self._thread.submit(self._compare, deployment_of_gallery(name))
        if not wait([self._running[name]], timeout=_WAIT_S).done:
            raise Retryable(f"gallery {name} is being compared with its list", retry_after_s=0.2)
        why = self._running.pop(name).result()
        if why:
            raise Refused("gallery.changed", f"gallery {name} no longer holds the list that was enrolled: {why}")
        self._compared.add(name)
