"""One file of lines that somebody else can verify: parts, a manifest with their SHA-256, a signature over the manifest.

Every line is one JSON document, so that the file can be read with any editor and streamed; every byte of it is covered
by the manifest or the signature. `infra/verify_evidence.py` checks one without OpenLFR.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt

from lfr_core.custody.audit.entry import canonical
from lfr_core.custody.audit.port import Signer
from lfr_core.custody.vault.signing import not_signed
from lfr_core.domain.signatures import SignatureKind

__all__ = ["BundleManifest", "BundleSummary", "BundleWriter", "ManifestPart", "parse_manifest", "part_of"]


@dataclass(frozen=True, slots=True)
class BundleSummary:
    """What was written."""

    bytes: int
    lines: Mapping[str, int]
    """Of each part."""
    sha256: str
    """Of the manifest's line, which names the digests of all parts."""
    public_key: str
    """Hexadecimal; empty where nobody signed."""


class ManifestPart(BaseModel):
    """A part as the manifest names it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    lines: StrictInt = Field(ge=1)
    bytes: StrictInt = Field(ge=1)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class ManifestFilter(BaseModel):
    """Which entries an export shows; the others leave their digests."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    deployment: str
    verb: str
    since_ns: StrictInt


class BundleManifest(BaseModel):
    """What a bundle says of itself. An export has a filter, the evidence of a deployment its id."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["openlfr.audit-export", "openlfr.evidence"]
    v: Literal[1]
    made_at_ns: StrictInt
    deployment: str | None = None
    filter: ManifestFilter | None = None
    entries: StrictInt
    left_out: StrictInt
    unsigned: StrictInt
    last_seq: StrictInt
    last_hash: str
    parts: tuple[ManifestPart, ...] = Field(min_length=1)


class _ManifestLine(BaseModel):
    model_config = ConfigDict(extra="forbid")

    manifest: BundleManifest


def parse_manifest(message: bytes) -> BundleManifest:
    """Return the manifest that a message is, not signed yet. Raises Refused `vault.not-signed` when it is none."""
    try:
        found = _ManifestLine.model_validate_json(message).manifest
        is_canonical = canonical(json.loads(message)).encode() == message
    except (ValueError, RecursionError) as error:
        raise not_signed(SignatureKind.EVIDENCE, "it is no manifest of a bundle") from error
    if not is_canonical:
        raise not_signed(SignatureKind.EVIDENCE, "it isn't written the one way")
    return found


def part_of(name: str, lines: Iterable[str]) -> ManifestPart:
    """Return what the manifest says of a part of these lines."""
    content = [f"{line}\n".encode() for line in (canonical({"part": name}), *lines)]
    whole = b"".join(content)
    return ManifestPart(name=name, lines=len(content), bytes=len(whole), sha256=hashlib.sha256(whole).hexdigest())


class BundleWriter:
    """Writes parts one after another, then `finish`. Raises OSError when the file can't be written."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._parts: list[tuple[str, int, int, str]] = []
        self._name = ""
        self._lines = self._bytes = self._written = 0
        self._digest = hashlib.sha256()

    def begin(self, part: str) -> None:
        """Begin a part; its first line is its name."""
        self._end_part()
        self._name, self._lines, self._bytes, self._digest = part, 0, 0, hashlib.sha256()
        self.write_line(canonical({"part": part}))

    def write_line(self, text: str) -> None:
        """Write one JSON document, which has no line breaks."""
        content = f"{text}\n".encode()
        self._digest.update(content)
        self._lines += 1
        self._bytes += len(content)
        self._write(content)

    def finish(self, facts: Mapping[str, object], signer: Signer | None) -> BundleSummary:
        """Write the manifest with `facts`, and sign it. Without a signer the last line says that nobody did.

        Raises:
            Retryable: the vault is away; what was written so far is no bundle.
        """
        self._end_part()
        parts = [
            {"name": name, "lines": lines, "bytes": size, "sha256": digest} for name, lines, size, digest in self._parts
        ]
        manifest = canonical({"manifest": {**facts, "v": 1, "parts": parts}}).encode()
        signed = None if signer is None else signer.sign(SignatureKind.EVIDENCE, manifest)
        public_key = "" if signed is None else signed.public_key.hex()
        last = {"public_key": public_key, "signature": "" if signed is None else signed.signature.hex()}
        self._write(manifest + b"\n" + canonical(last).encode() + b"\n")
        return BundleSummary(
            bytes=self._written,
            lines={name: lines - 1 for name, lines, _, _ in self._parts},
            sha256=hashlib.sha256(manifest).hexdigest(),
            public_key=public_key,
        )

    def _end_part(self) -> None:
        if self._name:
            self._parts.append((self._name, self._lines, self._bytes, self._digest.hexdigest()))
            self._name = ""

    def _write(self, content: bytes) -> None:
        self._out.write(content)
        self._written += len(content)
