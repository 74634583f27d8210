"""Files that no record knows, among those of which something is promised: named, so that a person decides.

That footage was destroyed, or that a search found nothing, says nothing of a file that somebody put beside it.
None is removed for being unknown: what has a time of its own goes by that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Engine
from sqlmodel import select

from lfr_core.common.errors import Retryable
from lfr_core.common.settings import Settings
from lfr_core.retention.erasure.places import canary_folder, certificate_folder, scratch_folder
from lfr_core.retention.exports import find_unknown_exports
from lfr_core.retention.footage.orphans import find_unknown_footage
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.erasure import CertificateRow

__all__ = ["PLACES", "find_unknown_files"]

PLACES: Final = {
    "footage": "the footage",
    "exports": "the exported pictures",
    "quality": "the data-quality results of lists",
    "canaries": "the test records' own files, which no search reads",
    "certificates": "the certificates",
}
"""Where is looked, and what people call it."""


def find_unknown_files(engine: Engine, settings: Settings) -> Mapping[str, Sequence[str]]:
    """List the names of what lies in `PLACES` and on no record, by place; places without any are left out.

    Raises:
        Retryable: the records are away, or a folder can't be read.
    """
    with reading(engine) as session:
        deployments = set(session.exec(select(DeploymentRow.id)))
        rows = session.exec(select(CertificateRow.number, CertificateRow.deployment)).all()
    certificates = {f"{number:06d}-{deployment}.json" for number, deployment in rows}
    home, canaries = settings.home.resolve(), canary_folder(settings)
    try:
        found = {
            "footage": list(find_unknown_footage(engine, settings.footage_store)),
            "exports": find_unknown_exports(home),
            "quality": _strange(home / "quality", deployments),
            "canaries": _strange(canaries, {scratch_folder(settings).name, *(f"{each}.json" for each in deployments)}),
            "certificates": _strange(certificate_folder(settings), certificates),
        }
    except OSError as error:
        raise Retryable(f"{error.filename} can't be read: {error.strerror}. Mend its owner or mode") from error
    return {place: names for place, names in found.items() if names}


def _strange(folder: Path, known: set[str]) -> list[str]:
    """List what is in a folder under another name, or is a link; not what is being written there."""
    try:
        there = list(folder.iterdir())
    except FileNotFoundError:
        return []
    return sorted(
        each.name for each in there if (each.name not in known and each.suffix != ".new") or each.is_symlink()
    )
