"""Builds services of the contexts from one installation. Nothing is connected until a service is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lfr_core.custody.installation import Installation
    from lfr_core.deployments.compliance_documents import ComplianceDocumentRegister
    from lfr_core.publication.rights.service import RightsService
    from lfr_core.recognition.gallery.rotated import RotatedGallery
    from lfr_core.retention.exports import Exports
    from lfr_core.retention.footage.hold_service import HoldService
    from lfr_core.watchlists.list_builder import ListBuilder

__all__ = [
    "build_document_register",
    "build_enrolment_gallery",
    "build_gallery_comparison",
    "build_hold_service",
    "build_list_builder",
    "build_rights_service",
    "drop_gallery",
    "open_exports",
    "reschedule",
]


def build_document_register(installation: Installation, threshold: float | None = None) -> ComplianceDocumentRegister:
    """Build the register of documents and their versions. `threshold`: that equality is assessed of; the policy's."""
    from lfr_core.deployments.compliance_documents import ComplianceDocumentRegister, compliance_document_folder
    from lfr_core.deployments.equality import model_in_use

    settings, policy = installation.settings, installation.policy
    return ComplianceDocumentRegister(
        installation.engine,
        installation.trail,
        installation.clock,
        compliance_document_folder(settings.home),
        policy.papers,
        model=model_in_use(settings, policy),
        threshold=policy.alerts.threshold if threshold is None else threshold,
    )


def build_rights_service(installation: Installation) -> RightsService:
    """Build the service of enquiries and complaints."""
    from lfr_core.publication.rights.service import RightsService

    return RightsService(
        installation.engine, installation.vault, installation.trail, installation.policy, installation.clock
    )


def build_hold_service(installation: Installation) -> HoldService:
    """Build the service that holds footage beyond its time."""
    from lfr_core.retention.footage.hold_service import HoldService

    return HoldService(
        installation.engine, installation.vault, installation.trail, installation.policy.footage, installation.clock
    )


def open_exports(installation: Installation) -> Exports:
    """Give the folder of pictures in the clear that people export, each until its time."""
    from lfr_core.retention.exports import Exports

    return Exports(installation.settings.home, keep_h=installation.policy.retention.exports_h)


def build_enrolment_gallery(installation: Installation) -> RotatedGallery:
    """Build the gallery that enrolment writes to."""
    from lfr_core.domain.actors import SystemActor
    from lfr_core.recognition.gallery.milvus import milvus_gallery
    from lfr_core.recognition.gallery.rotated import rotated_gallery

    milvus = milvus_gallery(installation.settings)
    return rotated_gallery(
        milvus, installation.vault, actor=SystemActor.ENROLMENT, clock=installation.clock, may_make=True
    )


def build_list_builder(installation: Installation) -> ListBuilder:
    """Build what checks and enrols watchlists; models are loaded at the first photograph."""
    from lfr_core.deployments.build import build_deployment_store
    from lfr_core.recognition.faces.engine import build_engine
    from lfr_core.watchlists.list_builder import ListBuilder

    return ListBuilder(
        policy=installation.policy,
        store=build_deployment_store(installation),
        gallery=build_enrolment_gallery(installation),
        engine=lambda: build_engine(installation.settings, installation.policy),
        home=installation.settings.home,
    )


def build_gallery_comparison(installation: Installation) -> Callable[[str], str]:
    """Return what compares a deployment's gallery with its list, as `PlanningService.open` asks for."""
    from functools import partial

    from lfr_core.deployments.monitoring.gallery import compare_gallery

    return partial(compare_gallery, installation.settings, installation.engine, installation.clock)


def drop_gallery(installation: Installation, gallery: str) -> None:
    """Drop a collection, if it has a name. Raises Retryable when Milvus is away; it may be called again."""
    from contextlib import closing

    from lfr_core.recognition.gallery.milvus import milvus_gallery

    if gallery:
        with closing(milvus_gallery(installation.settings)) as milvus:
            milvus.drop(gallery)


def reschedule(installation: Installation) -> None:
    """Move the runs of flows to where they belong now; with Prefect away, flows do so once it is back."""
    from flows.reconcile import schedule_now

    schedule_now(installation)
