"""The published folder, read whole and verified: what isn't as its manifest says isn't shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lfr_core.common.errors import Poison, Retryable
from lfr_core.common.files import read_bounded
from lfr_core.publication.site.manifest import MANIFEST, MARKER, check_files, verify_files

__all__ = ["Deployment", "PublishedFigures", "PublishedSite", "read_site"]

_MOST_BYTES = 500_000_000
"""Of all files together: decades of records and every document."""


@dataclass(frozen=True, slots=True)
class PublishedFigures:
    """What came of a deployment."""

    in_words: str
    faces_compared: int
    alerts: Mapping[str, int]
    """By what was established, those not decided among them."""
    not_decided: str
    """Whose word it is that some were published undecided; "" where none was."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One line of the index, and its newest record."""

    id: str
    kind: str
    place: str
    when: str
    is_past: bool
    was_held: bool
    due_at: str
    late: bool
    late_because: str
    explanation: str
    figures: PublishedFigures | None
    """Of the newest revision; None until there is one."""
    revisions: tuple[str, ...]
    """Paths, the oldest first."""


@dataclass(frozen=True, slots=True)
class PublishedSite:
    """A verified site."""

    files: Mapping[str, bytes]
    force: str
    made_at: str
    key: str
    """That signed it, hexadecimal; "" for a draft."""

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """Raises Poison when the index isn't one of ours."""
        try:
            lines = json.loads(self.files["data/deployments.json"])["deployments"]
            return tuple(
                Deployment(
                    id=str(each["id"]),
                    kind=str(each["kind"]),
                    place=str(each["place"]),
                    when=str(each["when"]),
                    is_past=bool(each["is_past"]),
                    was_held=bool(each["was_held"]),
                    due_at=str(each["due_at"] or ""),
                    late=bool(each["late"]),
                    late_because=str(each["late_because"]),
                    explanation=str(each["explanation"]),
                    figures=_figures(each["figures"]),
                    revisions=tuple(map(str, each["revisions"])),
                )
                for each in lines
            )
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise Poison("the index of deployments isn't one that this version can read") from error


def _figures(parsed: Mapping[str, Any] | None) -> PublishedFigures | None:
    if parsed is None:
        return None
    return PublishedFigures(
        in_words=str(parsed["in_words"]),
        faces_compared=int(parsed["faces_compared"]),
        alerts={str(label): int(count) for label, count in parsed["alerts"].items()},
        not_decided=str(parsed["not_decided"]),
    )


def read_site(folder: Path, key: str) -> PublishedSite:
    """Read and verify the site that `folder` leads to now. key: hexadecimal; "" trusts the key that it names itself.

    Raises:
        Retryable: there is none yet.
        Poison: a file isn't as signed, is missing, or isn't in the manifest; or another key signed it.
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
        files[path.relative_to(whole).as_posix()] = read_bounded(path, _MOST_BYTES, inside=whole)
    check_files(files)
    parsed = json.loads(files[MANIFEST])
    own = str(parsed.get("public_key", ""))
    if own or parsed.get("signature"):
        verify_files(files, public_key=key or own)
    manifest = parsed["manifest"]
    return PublishedSite(files, str(manifest.get("force", "")), str(manifest.get("made_at", "")), own)
