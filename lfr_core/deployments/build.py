"""Builds the services of deployments over an `Installation`. Nothing is connected until a service is used."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from secrets import token_hex

from lfr_core.custody.installation import Installation
from lfr_core.deployments.announcement import AnnouncementStore
from lfr_core.deployments.compliance_documents import ComplianceDocumentRegister, compliance_document_folder
from lfr_core.deployments.equality import read_model_in_use
from lfr_core.deployments.evaluations import find_evaluations
from lfr_core.deployments.monitoring.gallery import GalleryCheck, compare_gallery
from lfr_core.deployments.service import DeploymentService
from lfr_core.recognition.gallery.milvus import milvus_gallery

__all__ = [
    "build_announcement_store",
    "build_deployment_service",
    "build_document_register",
    "build_gallery_check",
    "build_gallery_comparison",
]


def build_deployment_service(installation: Installation) -> DeploymentService:
    """Build what takes deployments along their lifecycles. Policy and evaluations are read when asked for."""
    return DeploymentService(
        installation.engine,
        installation.vault,
        installation.trail,
        installation.clock,
        lambda: installation.policy,
        compare=build_gallery_comparison(installation),
        evaluations=lambda: find_evaluations(installation.settings, installation.policy),
        model=lambda: read_model_in_use(installation.settings, installation.policy),
    )


def build_announcement_store(installation: Installation) -> AnnouncementStore:
    """Build the store of announcements; public ids are random."""
    return AnnouncementStore(installation.engine, installation.trail, installation.clock, lambda: token_hex(6))


def build_gallery_check(installation: Installation) -> GalleryCheck:
    """Build what compares galleries with their lists, over a connection to Milvus of its own."""
    return GalleryCheck(installation.engine, milvus_gallery(installation.settings), installation.clock)


def build_gallery_comparison(installation: Installation) -> Callable[[str], str]:
    """Return what compares a deployment's gallery with its list, as `DeploymentService.open` asks for."""
    return partial(compare_gallery, installation.settings, installation.engine, installation.clock)


def build_document_register(installation: Installation, threshold: float | None = None) -> ComplianceDocumentRegister:
    """Build the register of documents and their versions. `threshold`: that equality is assessed of; the policy's."""
    settings, policy = installation.settings, installation.policy
    return ComplianceDocumentRegister(
        installation.engine,
        installation.trail,
        installation.clock,
        compliance_document_folder(settings.home),
        policy.documents,
        model=read_model_in_use(settings, policy),
        threshold=policy.alerts.threshold if threshold is None else threshold,
    )
