"""The published folder, read whole and verified: what isn't as its manifest says isn't shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lfr_core.common.errors import Poison, Retryable
from lfr_core.common.files import read_bounded
from lfr_core.domain.signatures import SignatureForm
from lfr_core.publication.site.manifest import MANIFEST, MARKER, check_files, verify_files

__all__ = ["PublishedSite", "read_site"]

_MOST_BYTES = 500_000_000
"""Of all files together: decades of records and every document."""


@dataclass(frozen=True, slots=True)
class PublishedSite:
    """A verified site."""

    files: Mapping[str, bytes]
    force: str
    made_at: str
    key: str
    """That signed it, hexadecimal; "" for a draft."""
    form: SignatureForm | None
    """How it is signed; None for a draft."""


def read_site(folder: Path, key: str, *, drafts: bool = False) -> PublishedSite:
    """Read and verify the site that `folder` leads to now.

    Args:
        folder: of the site, or a link to it.
        key: hexadecimal; "" trusts the key that it names itself.
        drafts: whether one that nobody signed is read too, as there is while the policy names no force.

    Raises:
        Retryable: there is none yet.
        Poison: a file isn't as signed, is missing, or isn't in the manifest; another key signed it, or none.
    """
    whole = folder.resolve()  # once: the link may be replaced while we read
    if not (whole / MANIFEST).is_file():
        raise Retryable(f"nothing is published in {folder} yet: `lfr publish site` builds it")
    files: dict[str, bytes] = {}
    size = 0
    for path in sorted(whole.rglob("*")):
        if path.is_symlink():
            raise Poison(f"not as signed: {path.name} is a link")
        if path.is_dir() or path == whole / MARKER:
            continue
        size += path.stat().st_size
        if size > _MOST_BYTES:
            raise Poison("the published folder is larger than any site of ours: it isn't shown")
        try:
            files[path.relative_to(whole).as_posix()] = read_bounded(path, _MOST_BYTES, inside=whole)
        except OSError as error:
            raise Poison(f"not as signed: {path.name} can't be read: {error.strerror}") from error
    check_files(files)
    parsed = json.loads(files[MANIFEST])
    own = str(parsed.get("public_key", ""))
    form = None
    if own or parsed.get("signature") or not drafts:
        form = verify_files(files, public_key=key or own)
    manifest = parsed["manifest"]
    return PublishedSite(files, str(manifest.get("force", "")), str(manifest.get("made_at", "")), own, form)
