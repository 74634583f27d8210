"""Builds what writes to the galleries of an installation. Nothing is connected until it is used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from lfr_core.custody.installation import Installation
from lfr_core.domain.actors import SystemActor
from lfr_core.recognition.gallery.milvus import milvus_gallery
from lfr_core.recognition.gallery.rotated import RotatedGallery, build_rotated_gallery

__all__ = ["drop_gallery", "open_list_gallery"]


@contextmanager
def open_list_gallery(
    installation: Installation, *, actor: SystemActor = SystemActor.ENROLMENT
) -> Iterator[RotatedGallery]:
    """Open the gallery in which a list is built; closed at the end of the block. `actor`: asks for the list's key."""
    with closing(milvus_gallery(installation.settings)) as milvus:
        yield build_rotated_gallery(milvus, installation.vault, actor=actor, clock=installation.clock, may_make=True)


def drop_gallery(installation: Installation, name: str) -> None:
    """Drop a collection, if it has a name. Raises Retryable when Milvus is away; it may be called again."""
    if name:
        with closing(milvus_gallery(installation.settings)) as milvus:
            milvus.drop(name)
