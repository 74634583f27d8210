"""The publisher of deployment records, and the figures that it publishes."""

from __future__ import annotations

from sqlalchemy import Engine

from lfr_core.domain.figures import Figures
from lfr_core.domain.policy import load_policy
from lfr_core.publication.published import Publisher
from lfr_core.publication.record_figures import PackFacts, figures_for
from tests.support.records import ManualClock
from tests.support.vaults import trail_of

__all__ = ["POLICY", "figures", "publisher"]

POLICY = load_policy()


def figures(engine: Engine, name: str = "dep", pack: PackFacts | None = None) -> Figures:
    return figures_for(engine, name, force="Norfolk Constabulary", pack=pack)


def publisher(engine: Engine, clock: ManualClock) -> Publisher:
    return Publisher(engine, trail_of(engine), clock, POLICY.publication)
