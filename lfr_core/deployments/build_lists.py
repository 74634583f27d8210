"""Builds what makes the list of a deployment, over an `Installation`: for those few that work with faces.

Beside `lfr_core.deployments.build`, since what finds faces takes seconds to import and much memory.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial

from lfr_core.custody.installation import Installation
from lfr_core.custody.vault.watchlist_key import find_list_key, make_list_key
from lfr_core.deployments.build import build_deployment_service
from lfr_core.domain.actors import SystemActor
from lfr_core.recognition.build import open_list_gallery
from lfr_core.recognition.faces.engine import build_engine
from lfr_core.watchlists.kept_looks import KeptLooks, keep_looks
from lfr_core.watchlists.list_builder import ListBuilder

__all__ = ["build_list_builder"]


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


def _open_looks(installation: Installation, actor: SystemActor, deployment: str) -> AbstractContextManager[KeptLooks]:
    """Open what an earlier compile of the list, that was killed, found in its photographs. Raises as the vault."""
    vault = installation.vault
    info = find_list_key(vault, deployment)
    if info is None:
        kept = make_list_key(vault, deployment, now_ns=installation.now_ns)
    else:
        kept = vault.open_kept(info.id, actor=actor, purpose="go on with a list that is being compiled")
    return keep_looks(installation.settings.home / "tmp", deployment, kept.key)
