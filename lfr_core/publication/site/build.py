"""From the records to a folder of files: pages, downloads, and a manifest that the vault signs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from lfr_core.audit.port import Signer
from lfr_core.errors import Poison
from lfr_core.policy import Policy
from lfr_core.publication.notices import atom_feed, calendar, json_text
from lfr_core.publication.record import SCHEMA_FILE, schema_text
from lfr_core.publication.site.data import SiteData, check_contacts
from lfr_core.publication.site.pages import pages
from lfr_core.publication.tabular import csv_text

__all__ = ["MANIFEST", "site_files", "verify_files"]

MANIFEST = "manifest.json"


def site_files(data: SiteData, policy: Policy, *, signer: Signer | None) -> dict[str, bytes]:
    """Every file of the site by its path. Without a signer it is a draft, says so on each page, and is unsigned.

    Raises:
        Refused: `site.placeholders`, unless it is a draft.
        Retryable: the vault is away.
    """
    if signer is not None:
        check_contacts(policy.force)
    texts = dict(pages(data, policy, draft=signer is None))
    public = [one.announced for one in data.pages if one.announced.withheld_because is None]
    texts["announcements.json"] = json_text(public, policy)
    texts["announcements.ics"] = calendar(public, policy)
    texts["announcements.atom"] = atom_feed(public, policy, updated=data.now)
    texts[f"data/{SCHEMA_FILE.name}"] = schema_text()
    newest = []
    for one in data.pages:
        for revision in one.revisions:
            texts[f"data/{one.public_id}-revision-{revision.revision}.json"] = revision.body
        if one.newest is not None:
            newest.append(one.newest.record)
            texts[f"data/{one.public_id}.csv"] = csv_text([one.newest.record])
        if one.announced.withheld_because is None:
            texts[f"data/{one.public_id}.ics"] = calendar([one.announced], policy)
    texts["data/records.csv"] = csv_text(newest)
    texts["data/promises.json"] = _ledger(data)
    files = {name: text.encode() for name, text in texts.items()}
    files |= {one.path: one.content for one in data.documents}
    files[MANIFEST] = _manifest(files, data, policy, signer)
    return files


def verify_files(files: Mapping[str, bytes], *, public_key: str) -> None:
    """Check that `files` are those that the key (hexadecimal) signed. Raises Poison, naming what isn't."""
    try:
        whole = json.loads(files[MANIFEST])
        said, signature = whole["manifest"], bytes.fromhex(whole["signature"])
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(signature, _canonical(said))
        listed = {str(name): str(digest) for name, digest in said["files"].items()}
    except (InvalidSignature, KeyError, ValueError, TypeError, AttributeError) as error:
        raise Poison(
            f"{MANIFEST} isn't signed by this key: ask the force for its key, and fetch the site anew"
        ) from error
    found = {name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name != MANIFEST}
    wrong = sorted(name for name in listed.keys() | found.keys() if listed.get(name) != found.get(name))
    if wrong:
        raise Poison(f"not as signed: {', '.join(wrong)}")


def _ledger(data: SiteData) -> str:
    lines = [asdict(line) | {"evidence": dict(line.evidence)} for line in data.ledger]
    value = {"schema": "openlfr.promises.1", "read_at": data.now.isoformat(timespec="seconds"), "promises": lines}
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _manifest(files: Mapping[str, bytes], data: SiteData, policy: Policy, signer: Signer | None) -> bytes:
    said = {
        "kind": "openlfr.site",
        "v": 1,
        "force": policy.force.name,
        "made_at": data.now.isoformat(),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    signed = signer.sign(_canonical(said)) if signer is not None else None
    whole = {
        "manifest": said,
        "public_key": signed.public_key.hex() if signed else "",
        "signature": signed.signature.hex() if signed else "",
    }
    return _canonical(whole) + b"\n"


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
