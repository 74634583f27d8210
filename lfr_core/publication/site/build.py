"""From the records to a folder of files: pages, downloads, and a manifest that the vault signs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from lfr_core.custody.audit.port import Signer
from lfr_core.domain.policy import Policy
from lfr_core.domain.signatures import SignatureKind
from lfr_core.publication.notices import NoticeStatus, atom_feed, calendar, json_text, when
from lfr_core.publication.record import SCHEMA_FILES, DeploymentRecord
from lfr_core.publication.site.data import SiteData, check_contacts
from lfr_core.publication.site.figures import cells, describe_not_decided
from lfr_core.publication.site.forgotten import keys_csv
from lfr_core.publication.site.manifest import MANIFEST, canonical
from lfr_core.publication.site.pages import name_what_is_missing, pages
from lfr_core.publication.site.words import read_languages
from lfr_core.publication.tabular import csv_text

__all__ = ["HEAD", "render_site_files"]

HEAD = "data/audit-head.json"
_CHECK = Path(__file__).with_name("templates") / "check.txt"


def render_site_files(data: SiteData, policy: Policy, *, signer: Signer | None) -> dict[str, bytes]:
    """Build every file of the site by its path. Without a signer it is a draft, says so on each page, and is unsigned.

    Raises:
        Refused: `site.placeholders`, unless it is a draft.
        Retryable: the vault is away.
    """
    if signer is not None:
        check_contacts(policy.force)
    languages = read_languages()
    texts = dict(pages(data, policy, draft=signer is None, languages=languages))
    if signer is None:
        policy = name_what_is_missing(policy, languages[0])  # calendars and feeds go further than pages do
    public = [one.announced for one in data.pages if one.announced.withheld_because is None]
    over = {one.public_id: one.came for one in data.past}
    texts["announcements.json"] = json_text(public, policy, over)
    texts["announcements.ics"] = calendar(public, policy, over)
    texts["announcements.atom"] = atom_feed(public, policy, updated=data.now, over=over)
    texts |= {f"data/{file.name}": file.read_text(encoding="utf-8") for file in SCHEMA_FILES}
    newest = []
    for one in data.pages:
        for revision in one.revisions:
            texts[f"data/{one.public_id}-revision-{revision.revision}.json"] = revision.body
        if one.newest is not None:
            newest.append(one.newest.record)
            texts[f"data/{one.public_id}.csv"] = csv_text([one.newest.record])
        if one.epochs:
            texts[f"data/{one.public_id}-keys.csv"] = keys_csv(one.epochs)
        if one.announced.withheld_because is None:
            texts[f"data/{one.public_id}.ics"] = calendar([one.announced], policy, over)
    texts["data/records.csv"] = csv_text(newest)
    texts["check.txt"] = _CHECK.read_text(encoding="utf-8")
    texts["data/promises.json"] = _ledger(data)
    texts["data/deployments.json"] = _index(data)
    if data.head is not None:
        texts[HEAD] = data.head.as_file().decode()
    files = {name: text.encode() for name, text in texts.items()}
    files |= {one.path: one.content for one in data.documents}
    files[MANIFEST] = _manifest(files, data, policy, signer)
    return files


def _ledger(data: SiteData) -> str:
    lines = [
        {"said" if name == "message" else name: value for name, value in asdict(line).items()}
        | {"evidence": dict(line.evidence)}
        for line in data.ledger
    ]
    value = {"schema": "openlfr.promises.1", "read_at": data.now.isoformat(timespec="seconds"), "promises": lines}
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _index(data: SiteData) -> str:
    """Write what there is of each deployment, for programs; the public's page reads it."""
    value = [
        {
            "id": one.public_id,
            "kind": one.kind.value,
            "place": one.announced.public_place,
            "when": when(one.announced),
            "is_past": one in data.past,
            "was_held": one.came is NoticeStatus.HELD,
            "due_at": one.due.schedule.due_at.isoformat() if one.due else None,
            "late": one.is_late,
            "late_because": one.due.late_because if one.due else "",
            "explanation": one.due.explanation if one.due else "",
            "figures": _describe_record(one.newest.record) if one.newest else None,
            "revisions": [f"data/{one.public_id}-revision-{each.revision}.json" for each in one.revisions],
        }
        for one in data.pages
    ]
    return json.dumps({"schema": "openlfr.deployments.1", "deployments": value}, indent=1, ensure_ascii=False) + "\n"


def _describe_record(record: DeploymentRecord) -> dict[str, object]:
    return {
        "in_words": record.rates.in_words,
        "faces_compared": record.faces_compared,
        "alerts": dict(cells(record)),
        "not_decided": describe_not_decided(record),
    }


def _manifest(files: Mapping[str, bytes], data: SiteData, policy: Policy, signer: Signer | None) -> bytes:
    manifest = {
        "kind": "openlfr.site",
        "v": 1,
        "force": policy.force.name,
        "made_at": data.now.isoformat(),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    signed = signer.sign(SignatureKind.SITE, canonical(manifest)) if signer is not None else None
    whole = {
        "manifest": manifest,
        "public_key": signed.public_key.hex() if signed else "",
        "signature": signed.signature.hex() if signed else "",
    }
    return canonical(whole) + b"\n"
