"""The gallery of a recogniser: it searches none before it has compared it with the list itself, and believes no
candidate that isn't a row of the list as approved.

A comparison sees a moment, and whoever reaches the store can put somebody in after it. So each candidate's id, entry
and vector are held against the approved rows, which are kept in memory. So is a copy of the approved vectors, by which
the store is spared the probes that are of nobody on the list (`PrefilteredGallery`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from random import SystemRandom
from typing import Protocol

from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.common.logs import get_logger
from lfr_core.domain.messages import NOT_LISTED
from lfr_core.domain.reserved import CANARY_ENTRY, NOBODY
from lfr_core.recognition.faces.types import Floats
from lfr_core.recognition.gallery.port import Candidate, Gallery, StoredRow
from lfr_core.recognition.gallery.prefilter import SAMPLE, PrefilteredGallery
from lfr_core.recognition.gallery.rotated import deployment_of_gallery
from lfr_core.recognition.gallery.wrapper import GalleryWrapper

__all__ = ["ComparedGallery", "ComparesGalleries"]

_WAIT_S = 0.5
"""How long a search waits for a comparison that has begun; a short list is done by then."""


class ComparesGalleries(Protocol):
    """What knows the lists: `lfr_core.deployments.monitoring.gallery.GalleryCheck`."""

    def compare(self, deployment: str) -> str:
        """Say what differs between a deployment's gallery and its list, "" when nothing does; it shuts the gate."""
        ...

    def approved(self, deployment: str) -> Mapping[str, StoredRow]:
        """Return, by id, the rows that the gallery may hold, from the records as approved."""
        ...


class ComparedGallery(GalleryWrapper[Gallery]):
    """A `Gallery` over another one, whose collections are compared before they are searched: when this process first
    searches them, and again after the store was away, for another may have come back.

    The comparison runs in a thread, so that the stream never stands for it; until it has ended a search is Retryable.

    Args:
        inner: searched.
        check: compares, and says what is approved.
        screen: within `inner`; given a copy of each list that was compared. None: the store is asked for everybody.
    """

    def __init__(self, inner: Gallery, check: ComparesGalleries, screen: PrefilteredGallery | None = None) -> None:
        super().__init__(inner)
        self._check = check
        self._screen = screen
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="compare-gallery")
        self._running: dict[str, Future[tuple[str, Mapping[str, StoredRow]]]] = {}
        self._approved: dict[str, Mapping[str, StoredRow]] = {}
        """Of each gallery that was compared."""
        self._copying: dict[str, Future[None]] = {}
        self._random = SystemRandom()

    def search(
        self, name: str, contract_id: str, probes: Floats, limit: int = 1, *, at_least: float = -1.0
    ) -> list[list[Candidate]]:
        """Search as the inner gallery does.

        Raises:
            Refused: `gallery.changed`; `gallery.not-listed`: a candidate isn't of the list as approved. The gallery is
                compared anew before the next search, which shuts the gate.
            Retryable: also while it is being compared.
        """
        self._require(name)
        try:
            self._copy(name, contract_id)
            found = self._inner.search(name, contract_id, probes, limit, at_least=at_least)
            self._require_listed(name, {candidate.row for each in found for candidate in each})
        except (Retryable, Refused, Fatal):
            self._forget()
            raise
        return found

    def finds_people(self, name: str, contract_id: str) -> bool:
        """Check whether the gallery finds people of the list, drawn at random; where not, it is compared anew.

        Without a copy of the list to search with, the rows of those who were drawn are read.

        Raises:
            Refused: `gallery.changed`.
            Retryable: the store is away, or is being compared.
        """
        self._require(name)
        try:
            approved = self._approved[name]
            found: bool | None = None
            if self._screen is not None:
                found = self._screen.find_sample(name, contract_id, approved, self._random)
            if found is None:
                people = [row for row in approved.values() if row.entry not in NOBODY]
                drawn = self._random.sample(people, min(SAMPLE, len(people)))
                found = set(self._inner.rows(name, contract_id, [row.id for row in drawn])) == set(drawn)
        except (Retryable, Refused, Fatal):
            self._forget()
            raise
        if not found:
            get_logger().error("gallery.people_not_found", deployment=deployment_of_gallery(name))
            self._forget()
        return found

    def _forget(self) -> None:
        """Search nothing before it has been compared anew."""
        self._approved.clear()
        self.keep_only(())

    def keep_only(self, names: Collection[str]) -> None:
        """Overwrite and forget the copies of all other collections' vectors."""
        if self._screen is not None:
            self._screen.keep_only(names)

    def _require(self, name: str) -> None:
        if name in self._approved:
            return
        if name not in self._running:
            self._running[name] = self._thread.submit(self._load, deployment_of_gallery(name))
        if not wait([self._running[name]], timeout=_WAIT_S).done:
            raise Retryable(f"gallery {name} is being compared with its list", retry_after_s=0.2)
        why, approved = self._running.pop(name).result()
        if why:
            raise Refused("gallery.changed", f"gallery {name} no longer holds the list that was enrolled: {why}")
        self._approved[name] = approved

    def _copy(self, name: str, contract_id: str) -> None:
        """Have the screen read a compared list that it hasn't; until it has, the store is asked for everybody."""
        if self._screen is None or self._screen.holds(name):
            return
        if name not in self._copying:
            self._copying[name] = self._thread.submit(self._screen.hold, name, contract_id, self._approved[name])
        elif self._copying[name].done():
            self._copying.pop(name).result()

    def _load(self, deployment: str) -> tuple[str, Mapping[str, StoredRow]]:
        why = self._check.compare(deployment)
        return why, {} if why else self._check.approved(deployment)

    def _require_listed(self, name: str, rows: Iterable[StoredRow]) -> None:
        strangers = self._strangers(name, rows)
        if any(row.entry == CANARY_ENTRY for row in strangers):  # one that was written down after the comparison
            self._approved[name] = self._check.approved(deployment_of_gallery(name))
            strangers = self._strangers(name, strangers)
        if strangers:
            deployment = deployment_of_gallery(name)
            get_logger().error("gallery.not_listed", deployment=deployment, references=[row.id for row in strangers])
            count = len(strangers)
            raise Refused(
                NOT_LISTED,
                f"{count} {'candidate' if count == 1 else 'candidates'} of deployment {deployment} "
                f"{'is' if count == 1 else 'are'} not of the list as approved: no alert comes of it",
            )

    def _strangers(self, name: str, rows: Iterable[StoredRow]) -> list[StoredRow]:
        return sorted((row for row in rows if self._approved[name].get(row.id) != row), key=lambda row: row.id)
