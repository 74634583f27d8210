"""Puts the services of publishing together over an `Installation`, for flows and commands."""

from __future__ import annotations

import hashlib

from lfr_core.common.errors import LfrError
from lfr_core.common.settings import Settings
from lfr_core.custody.installation import Installation
from lfr_core.deployments.compliance_documents import compliance_document_folder
from lfr_core.deployments.reading import call
from lfr_core.domain.actors import ProcessIdentity, SystemActor
from lfr_core.domain.figures import Figures
from lfr_core.domain.policy import default_policy_file
from lfr_core.publication.explaining import Explanations
from lfr_core.publication.record_figures import PackFacts, gather_figures
from lfr_core.publication.results import ResultsService
from lfr_core.publication.rights.service import RightsService
from lfr_core.publication.site.publisher import PublicSite
from lfr_core.recognition.faces.pack.manifest import read_manifest

__all__ = [
    "build_explanations",
    "build_public_site",
    "build_results_service",
    "build_rights_service",
    "pack_facts",
    "read_policy_reference",
]


def build_results_service(installation: Installation) -> ResultsService:
    """Give the service that publishes results. Nothing is asked of the vault before something is published."""
    settings, engine, policy = installation.settings, installation.engine, installation.policy
    reference, pack = read_policy_reference(settings), pack_facts(settings)

    def figures(deployment: str) -> Figures:
        return gather_figures(engine, deployment, force=policy.force.name, policy_ref=reference, pack=pack)

    return ResultsService(
        engine,
        installation.trail,
        installation.clock,
        policy.publication,
        figures=figures,
        reports=settings.home / "reports" / "records",
        call=call,
        compare=installation.vault.compare_records,
        actor=SystemActor.FLOWS if installation.identity is ProcessIdentity.FLOWS else SystemActor.LFR,
    )


def build_explanations(installation: Installation) -> Explanations:
    """Give the service that explains why results are late."""
    return Explanations(installation.engine, installation.trail, installation.clock, installation.policy.publication)


def build_rights_service(installation: Installation) -> RightsService:
    """Give the service of enquiries and complaints."""
    it = installation
    return RightsService(it.engine, it.vault, it.trail, it.policy, it.clock)


def build_public_site(installation: Installation) -> PublicSite:
    """Give the public site of this installation."""
    settings = installation.settings
    return PublicSite(
        installation.engine,
        installation.policy,
        installation.vault,
        settings.public_site,
        compliance_document_folder(settings.home),
    )


def read_policy_reference(settings: Settings) -> str:
    """Return which policy it was: the file's SHA-256."""
    content = (settings.policy_file or default_policy_file()).read_bytes()
    return f"sha256 {hashlib.sha256(content).hexdigest()}"


def pack_facts(settings: Settings) -> PackFacts | None:
    """Read the pack in use, by its manifest; None where there is none: the record then names the contract alone."""
    try:
        manifest = read_manifest(settings.pack_folder)
    except LfrError:
        return None
    if manifest is None or manifest.openlfr is None:
        return None
    block = manifest.openlfr
    return PackFacts(block.contract_id, manifest.model_id, block.recognition_source_sha256)
