"""Collections of ended deployments, and of deployments nobody knows, dropped from Milvus."""

from __future__ import annotations

from sqlalchemy import Engine

from lfr_core.common.errors import LfrError, Retryable
from lfr_core.recognition.gallery.checks import gallery_name
from lfr_core.recognition.gallery.port import Gallery
from lfr_core.retention.port import Audited, Destroyed, Due, PurgeResult, subject
from lfr_core.retention.steps.ended_deployments import Deployments, deployments

__all__ = ["GalleriesStep"]


class GalleriesStep:
    """Drops whole collections: deleting rows leaves their vectors in Milvus' files (docs/facts.md#milvus).

    In a Milvus that others use too, a collection of a deployment these records don't know may be theirs:
    there (`alone` false) it is left and said; in the Milvus that `lfr up` started for itself it goes. Where the records
    know no deployment at all they are others, made anew in the place of those that are away: nothing goes by them.
    """

    name = "galleries"
    audited = Audited.ORDERED

    def __init__(self, engine: Engine, gallery: Gallery, *, alone: bool) -> None:
        self._engine = engine
        self._gallery = gallery
        self._alone = alone

    def due(self, now_ns: int) -> tuple[Due, ...]:
        """Return the galleries that are due by `now_ns`. Raises Retryable when the gallery or the records are away."""
        return tuple(self._look(now_ns)[0].values())

    def purge(self, now_ns: int) -> PurgeResult:
        due, strangers = self._look(now_ns)
        gone: list[Destroyed] = []
        failures: list[LfrError] = []
        for name, each in due.items():
            try:
                self._gallery.drop(name)
            except LfrError as error:
                failures.append(error)
            else:
                gone.append(Destroyed(each.subject, each.due_ns, each.deployment))
        note = f"{strangers} of deployments these records don't know were left: others use this gallery server"
        return PurgeResult(tuple(gone), tuple(failures), note if strangers else "")

    def _look(self, now_ns: int) -> tuple[dict[str, Due], int]:
        """Return what is due, by the collection's name; and how many were left as perhaps others'."""
        names = self._gallery.names()  # before the records: a deployment is there before its gallery
        known = deployments(self._engine)
        if self._alone and names and not (known.ended_ns or known.going):
            raise Retryable(
                "the records know no deployment at all, and the gallery holds collections: these aren't the records "
                "that they were made with, so none is dropped; see LFR_DATABASE_URL and LFR_HOME (`lfr doctor`)"
            )
        due: dict[str, Due] = {}
        strangers = 0
        for name in names:
            if _in_use(name, known):
                continue
            owner = next((each for each in known.ended_ns if _belongs(name, each)), "")
            if not owner and not self._alone:
                strangers += 1
            else:
                due[name] = Due(subject("gallery", name), known.ended_ns.get(owner, now_ns), owner)
        return {name: each for name, each in due.items() if each.due_ns <= now_ns}, strangers


def _in_use(name: str, known: Deployments) -> bool:
    return any(name == gallery or _belongs(name, each) for each, gallery in known.going.items())


def _belongs(name: str, deployment: str) -> bool:
    """Return whether it is the deployment's, or an attempt's at its list (`lfr_core.watchlists.compile`)."""
    own = gallery_name(deployment)
    return name == own or name.startswith(f"{own}__")
