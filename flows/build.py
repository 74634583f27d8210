"""Gives the flows of a deployment what they share: the gallery that lists are built in, and calls to roles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from lfr_core.custody.installation import Installation
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.reading import call
from lfr_core.domain.actors import SystemActor
from lfr_core.recognition.gallery import Gallery
from lfr_core.recognition.gallery.milvus import milvus_gallery
from lfr_core.recognition.gallery.rotated import rotated_gallery
from lfr_core.storage.engine import writing

__all__ = ["ACTOR", "call_role", "open_list_gallery"]

ACTOR = SystemActor.FLOWS
"""Who does what flows do, in the audit trail."""


@contextmanager
def open_list_gallery(installation: Installation) -> Iterator[Gallery]:
    """Open the gallery in which a list is built; closed at the end of the block."""
    with closing(milvus_gallery(installation.settings)) as gallery:
        yield rotated_gallery(gallery, installation.vault, actor=ACTOR, clock=installation.clock, may_make=True)


def call_role(installation: Installation, role: Role, deployment: str, why: str) -> None:
    """Ask a role to act; the same call that waits already isn't repeated. Raises Retryable."""
    with writing(installation.engine) as session:
        call(session, role=role, deployment=deployment, why=why, now=installation.now)
