"""Publishing put together with what it needs, for flows and commands."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine

from lfr_core.common.clock import Clock
from lfr_core.common.errors import LfrError
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.client import vault_client
from lfr_core.deployments.compliance_documents import paper_folder
from lfr_core.deployments.reading import call
from lfr_core.domain.figures import Figures
from lfr_core.domain.policy import Policy, default_policy_file
from lfr_core.publication.explaining import Explanations
from lfr_core.publication.record_figures import PackFacts, figures_for
from lfr_core.publication.results import ResultsService
from lfr_core.publication.site.publisher import PublicSite
from lfr_core.recognition.faces.pack.manifest import read_manifest
from lfr_core.storage.engine import open_engine

__all__ = ["Publishing", "pack_facts", "policy_reference", "publishing"]


@dataclass(frozen=True, slots=True)
class Publishing:
    """What publishes, explains and shows."""

    engine: Engine
    results: ResultsService
    explanations: Explanations
    site: PublicSite


@contextmanager
def publishing(settings: Settings, policy: Policy, clock: Clock) -> Iterator[Publishing]:
    """Open for these settings. Nothing is asked of the vault before something is published.

    Raises:
        Retryable: the database's folder can't be written.
    """
    engine = open_engine(settings.records_url)
    vault = vault_client(settings)
    trail = AuditTrail(vault, clock)
    reference, pack = policy_reference(settings), pack_facts(settings)

    def figures(deployment: str) -> Figures:
        return figures_for(engine, deployment, force=policy.force.name, policy_ref=reference, pack=pack)

    try:
        yield Publishing(
            engine=engine,
            results=ResultsService(
                engine,
                trail,
                clock,
                policy.publication,
                figures=figures,
                reports=settings.home / "reports" / "records",
                call=call,
            ),
            explanations=Explanations(engine, trail, clock, policy.publication),
            site=PublicSite(engine, policy, vault, settings.public_site, paper_folder(settings.home)),
        )
    finally:
        vault.close()
        engine.dispose()


def policy_reference(settings: Settings) -> str:
    """Which policy it was: the file's SHA-256."""
    content = (settings.policy_file or default_policy_file()).read_bytes()
    return f"sha256 {hashlib.sha256(content).hexdigest()}"


def pack_facts(settings: Settings) -> PackFacts | None:
    """The pack in use, by its manifest; None where there is none: the record then names the contract alone."""
    try:
        manifest = read_manifest(settings.pack_folder)
    except LfrError:
        return None
    if manifest is None or manifest.openlfr is None:
        return None
    block = manifest.openlfr
    return PackFacts(block.contract_id, manifest.model_id, block.recognition_source_sha256)
