"""What the vault sees of a site before it signs it: whose and when, safe names, and the records' facts behind them.

The words on the pages aren't read. What they are made of is: which deployments have one, every published record, byte
for byte, and the documents of the library.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Engine
from sqlmodel import col, select

from lfr_core.common.clock import Clock
from lfr_core.custody.vault.signing import check_recent, not_signed
from lfr_core.deployments.announcement import announcements
from lfr_core.deployments.compliance_documents import list_public_documents
from lfr_core.domain.policy import ForcePolicy
from lfr_core.domain.signatures import SignatureKind
from lfr_core.publication.site.manifest import MANIFEST, canonical
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.publication import PublishedRecordRow

__all__ = ["check_site_to_sign"]

_Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
_Path = Annotated[
    str,
    Field(pattern=r"^(?:(?:data|documents)/|(?:[a-z]{2}/)?(?:deployments/)?)[A-Za-z0-9][A-Za-z0-9._-]{0,199}$"),
]
"""Below the site's folder, and nowhere else; a deployment's id has these characters, a language two letters."""
_OTHER_LANGUAGE = re.compile(r"^([a-z]{2})/(.*)$", re.DOTALL)


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Literal["openlfr.site"]
    v: Literal[1]
    force: str
    made_at: AwareDatetime
    files: Mapping[_Path, _Digest]


def check_site_to_sign(message: bytes, engine: Engine, force: ForcePolicy, clock: Clock) -> None:
    """See that a message is the manifest of this force's site, made now, of what the records say is public.

    Args:
        message: the manifest, canonical JSON.
        engine: the records.
        force: of the policy.
        clock: of the vault.

    Raises:
        Refused: `vault.not-signed`.
        Retryable: the records are away.
    """
    try:
        made = _Manifest.model_validate_json(message)
        is_canonical = canonical(json.loads(message)) == message
    except (ValueError, RecursionError) as error:
        raise not_signed(SignatureKind.SITE, "it is no manifest of a public site") from error
    if not is_canonical:
        raise not_signed(SignatureKind.SITE, "it isn't written the one way")
    if force.placeholders or made.force != force.name:
        raise not_signed(SignatureKind.SITE, "it is of another force than the policy's")
    check_recent(SignatureKind.SITE, round(made.made_at.timestamp() * 1e9), clock)
    fault = next(_faults(made.files, engine), None)
    if fault:
        raise not_signed(SignatureKind.SITE, fault)


def _faults(files: Mapping[str, str], engine: Engine) -> Iterator[str]:
    if MANIFEST in files:
        yield "it names itself"
    public, records = _read_public(engine)
    pages = {name.removeprefix("deployments/") for name in files if name.startswith("deployments/")}
    if pages != {f"{name}.html" for name in public}:
        yield "its pages aren't of the deployments that are public"
    first = {name for name in files if name.endswith(".html") and not name.startswith(("data/", "documents/"))}
    others: dict[str, set[str]] = {}
    for found in filter(None, map(_OTHER_LANGUAGE.match, files)):
        others.setdefault(found[1], set()).add(found[2])
    if any(names != {each for each in first if not _OTHER_LANGUAGE.match(each)} for names in others.values()):
        yield "it hasn't the same pages in each language"
    if {name: digest for name, digest in files.items() if "-revision-" in name} != records:
        yield "its records aren't those that were published"
    documents = list_public_documents(engine)
    kept = {each.sha256 for each in documents if each.media_type != "text/html"}  # a page may be cleaned since
    shown = {name: digest for name, digest in files.items() if name.startswith("documents/")}
    if any(PurePosixPath(name).stem != digest[:16] for name, digest in shown.items()):
        yield "a document's name isn't of its content"
    if len(shown) > len(documents) or not kept <= set(shown.values()):
        yield "its documents aren't those of the library"


def _read_public(engine: Engine) -> tuple[frozenset[str], Mapping[str, str]]:
    """Read the public names of deployments that have a page, and path and digest of each of their published records."""
    with reading(engine) as session:
        ended = set(session.exec(select(DeploymentRow.id).where(col(DeploymentRow.ended_at).is_not(None))))
        kept = session.exec(select(PublishedRecordRow)).all()
    shown = {
        each.deployment: each.public_id
        for each in announcements(engine)
        if each.withheld_because is None or each.deployment in ended
    }
    records = {
        f"data/{shown[each.deployment]}-revision-{each.revision}.json": hashlib.sha256(each.body.encode()).hexdigest()
        for each in kept
        if each.deployment in shown
    }
    return frozenset(shown.values()), records
