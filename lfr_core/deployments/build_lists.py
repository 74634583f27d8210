"""Builds what makes the list of a deployment, over an `Installation`: for those few that work with faces.

Beside `lfr_core.deployments.build`, since what finds faces takes seconds to import and much memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import structlog

from lfr_core.common.errors import LfrError, Poison, Refused
from lfr_core.custody.installation import Installation
from lfr_core.custody.vault.port import ErasureRule
from lfr_core.custody.vault.watchlist_key import find_list_key, make_list_key
from lfr_core.deployments.build import build_deployment_service
from lfr_core.domain.actors import SystemActor
from lfr_core.recognition.build import open_list_gallery
from lfr_core.recognition.faces.engine import build_engine
from lfr_core.watchlists.kept_looks import KeptLooks, keep_looks
from lfr_core.watchlists.list_builder import ListBuilder

__all__ = ["build_list_builder"]

_log = structlog.get_logger(__name__)


def build_list_builder(installation: Installation, *, actor: SystemActor = SystemActor.ENROLMENT) -> ListBuilder:
    """Build what checks and enrols watchlists; models are loaded at the first photograph.

    actor: which part of the platform asks for the list's key.
    """
    return ListBuilder(
        policy=installation.policy,
        store=build_deployment_service(installation),
        open_gallery=partial(open_list_gallery, installation, actor=actor),
        engine=partial(build_engine, installation.settings, installation.policy),
        home=installation.settings.home,
        open_looks=partial(_open_looks, installation, actor),
    )


@contextmanager
def _open_looks(installation: Installation, actor: SystemActor, deployment: str) -> Iterator[KeptLooks]:
    """Open what a killed compile of the list found in its photographs; destroy the key of one that is refused.

    Raises:
        Retryable: as the vault, and while another compiles this deployment's list.
        Refused: as the vault.
    """
    vault = installation.vault
    info = find_list_key(vault, deployment)
    if info is None:
        kept = make_list_key(vault, deployment, now_ns=installation.now_ns)
    else:
        kept = vault.open_kept(info.id, actor=actor, purpose="go on with a list that is being compiled")
    with keep_looks(installation.settings.home / "tmp", deployment, kept.key) as looks:
        try:
            yield looks
        except (Refused, Poison):  # nothing is left that it would open; while nobody else compiles, as `looks` stands
            try:
                vault.destroy([kept.info.id], rule=ErasureRule.LIST_REFUSED)
            except LfrError as error:
                _log.warning("watchlist.key-left", deployment=deployment, reason=str(error))
            raise
