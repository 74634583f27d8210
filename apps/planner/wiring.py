"""The planner's view over the records, vault and gallery of some settings; no Streamlit is imported here."""

from __future__ import annotations

import secrets
from contextlib import suppress
from functools import partial

from apps.auditing import trail_for
from apps.planner.view import PlannerView, Services
from apps.stores import deployment_store
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import LfrError
from lfr_core.common.settings import Settings
from lfr_core.deployments.announcement import AnnouncementStore
from lfr_core.deployments.evaluations import evaluations_for
from lfr_core.deployments.monitoring.gallery import compare_gallery
from lfr_core.deployments.service import PlanningService
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import open_engine

__all__ = ["planner_view"]


def planner_view(settings: Settings) -> PlannerView:
    """Nothing is connected until something is asked. Raises Fatal: policy or evaluations can't be read."""
    engine, policy, clock, trail = (
        open_engine(settings.records_url),
        load_policy(settings.policy_file),
        SystemClock(),
        trail_for(settings),
    )

    evaluations = evaluations_for(settings)

    def moved() -> None:
        from flows.reconcile import schedule_now

        with suppress(LfrError):  # what was done is done; the flows' own beat catches up
            schedule_now(settings, policy)

    def drop(gallery: str) -> None:
        from lfr_core.recognition.gallery.milvus import MilvusGallery

        opened = MilvusGallery(settings.gallery_uri)
        try:
            opened.drop(gallery)
        finally:
            opened.close()

    return PlannerView(
        Services(
            engine=engine,
            policy=policy,
            clock=clock,
            desk=PlanningService(engine, trail, clock, policy, evaluations),
            store=deployment_store(settings, engine),
            announcements=AnnouncementStore(engine, trail, clock, lambda: secrets.token_hex(6)),
            evaluations=evaluations,
            reports=settings.home / "quality",
            compare=partial(compare_gallery, settings, engine, clock),
            drop=drop,
            moved=moved,
        )
    )
