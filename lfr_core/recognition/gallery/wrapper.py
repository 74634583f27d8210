"""What every gallery over another hands down as it is: a wrapper changes the search alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from lfr_core.recognition.gallery.port import Gallery, Reference, StoredRow

__all__ = ["GalleryWrapper"]

Inner = TypeVar("Inner", bound=Gallery)


class GalleryWrapper(Generic[Inner]):
    """Hands everything but the search to the gallery below; see `Gallery`."""

    def __init__(self, inner: Inner) -> None:
        self._inner = inner

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
