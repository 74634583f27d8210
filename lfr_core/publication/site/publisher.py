"""The public site kept up to date: built anew when what is public has changed, but not more often than set."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from lfr_core.common.errors import Poison, Refused, Retryable
from lfr_core.common.logs import get_logger
from lfr_core.custody.audit.port import Signer
from lfr_core.custody.vault.signing import NOT_SIGNED
from lfr_core.domain.policy import Policy
from lfr_core.publication.site.atomic_publish import publish_folder, read_mark
from lfr_core.publication.site.build import render_site_files
from lfr_core.publication.site.data import SiteData, gather_site_data
from lfr_core.publication.site.folder import read_site
from lfr_core.publication.site.manifest import MANIFEST

__all__ = ["PublicSite", "Refreshed", "fingerprint_of_site"]

_FRESH = timedelta(hours=1)
"""Built anew after it although nothing changed, so that "last look" and "made" don't grow old in public."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh came to."""

    folder: Path
    built: bool
    draft: bool
    files: int
    """0 when nothing was built."""

    @property
    def message(self) -> str:
        if not self.built:
            return f"{self.folder} is as it should be"
        return f"{self.folder / 'index.html'}: {self.files} files, {'a draft, unsigned' if self.draft else 'signed'}"


@dataclass(frozen=True, slots=True)
class PublicSite:
    """The site in `folder`. Compliance documents lie in `documents_folder`."""

    engine: Engine
    policy: Policy
    signer: Signer
    folder: Path
    documents_folder: Path

    def refresh(self, now: datetime, *, wait: bool = True) -> Refreshed:
        """Build it if something changed; with `wait`, at most every `publication.site_every_min` minutes.

        While the policy has placeholders it is a draft, which never takes the place of a signed site.

        Raises:
            Refused: `site.placeholders`, `site.foreign-folder`, `vault.not-signed`.
            Retryable: records or vault are away, or another build runs.
            Fatal: the folder can't be written; the old site stands and the next refresh makes it up.
        """
        data = gather_site_data(self.engine, self.policy, documents_folder=self.documents_folder, now=now)
        draft = bool(self.policy.force.placeholders)
        fingerprint = fingerprint_of_site(data, self.policy, draft=draft)
        known, built_at = _read(self.folder)
        every = timedelta(minutes=self.policy.publication.site_every_min)
        age = None if built_at is None else abs(now - built_at)
        is_young = age is not None and age < (_FRESH if known == fingerprint else every if wait else timedelta(0))
        if is_young and self._is_as_made():
            return Refreshed(self.folder, built=False, draft=draft, files=0)
        if draft and self._is_signed():
            raise Refused(
                "site.placeholders",
                "the policy has placeholders again: the signed site stays as it is until section force is filled in",
            )
        signer = None if draft else self.signer
        try:
            files = render_site_files(data, self.policy, signer=signer)
        except Refused as error:
            if error.rule != NOT_SIGNED:
                raise
            data = gather_site_data(self.engine, self.policy, documents_folder=self.documents_folder, now=now)
            fingerprint = fingerprint_of_site(data, self.policy, draft=draft)
            files = render_site_files(data, self.policy, signer=signer)  # what is public had changed while it was built
        publish_folder(self.folder, files, mark=f"{fingerprint} {now.isoformat()}")
        return Refreshed(self.folder, built=True, draft=draft, files=len(files))

    def _is_as_made(self) -> bool:
        """Return whether what lies there is what was built; log what isn't."""
        try:
            read_site(self.folder, "", drafts=True)
        except (Poison, Retryable) as error:
            get_logger().warning("site.altered", reason=str(error))
            return False
        return True

    def _is_signed(self) -> bool:
        try:
            return bool(json.loads((self.folder / MANIFEST).read_bytes())["signature"])
        except (OSError, ValueError, KeyError, TypeError):
            return False


def fingerprint_of_site(data: SiteData, policy: Policy, *, draft: bool) -> str:
    """Hash what a reader would miss if it weren't shown: results of checks count, their times and numbers don't."""
    ledger = tuple(replace(line, evidence=(), checked_at="", since="") for line in data.ledger)
    documents = tuple(replace(one, content=b"") for one in data.documents)
    shown = replace(data, now=datetime.min, ledger=ledger, documents=documents, head=None)  # noqa: DTZ901  no time at all
    text = repr((shown, policy.model_dump_json(), draft))
    return hashlib.sha256(text.encode()).hexdigest()


def _read(folder: Path) -> tuple[str, datetime | None]:
    known, _, at = read_mark(folder).partition(" ")
    try:
        return known, datetime.fromisoformat(at)
    except ValueError:
        return "", None
