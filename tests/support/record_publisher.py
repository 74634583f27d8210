"""The publisher of deployment records, and the figures that it publishes."""

from __future__ import annotations

from sqlalchemy import Engine

from lfr_core.custody.audit.counted_rows import CompareRecords, digest_counted
from lfr_core.domain.figures import Figures
from lfr_core.domain.policy import load_policy
from lfr_core.publication.published import Publisher
from lfr_core.publication.record_figures import PackFacts, gather_figures
from lfr_core.storage.engine import reading
from tests.support.records import ManualClock
from tests.support.vaults import trail_of

__all__ = ["POLICY", "compared", "figures", "publisher"]

POLICY = load_policy()


def figures(engine: Engine, name: str = "dep", pack: PackFacts | None = None) -> Figures:
    return gather_figures(engine, name, force="Norfolk Constabulary", pack=pack)


def compared(engine: Engine) -> CompareRecords:
    """A vault that finds nothing amiss."""

    def compare(deployment: str) -> str:
        with reading(engine) as session:
            return digest_counted(session, deployment)

    return compare


def publisher(engine: Engine, clock: ManualClock) -> Publisher:
    return Publisher(engine, trail_of(engine), clock, POLICY.publication, compared(engine))
