"""One file of lines that somebody else can verify: parts, a manifest with their SHA-256, a signature over the manifest.

Every line is one JSON document, so that the file can be read with any editor and streamed; every byte of it is covered
by the manifest or the signature. `infra/verify_evidence.py` checks one without OpenLFR.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt

from lfr_core.custody.audit.entry import canonical
from lfr_core.custody.audit.port import Signer
from lfr_core.custody.vault.signing import not_signed
from lfr_core.domain.signatures import SignatureKind

__all__ = ["BundleSummary", "BundleWriter", "check_manifest_to_sign"]


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


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    lines: StrictInt = Field(ge=1)
    bytes: StrictInt = Field(ge=1)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class _Manifest(BaseModel):
    kind: Literal["openlfr.audit-export", "openlfr.evidence"]
    v: Literal[1]
    made_at_ns: StrictInt
    parts: tuple[_Part, ...] = Field(min_length=1)


class _ManifestLine(BaseModel):
    model_config = ConfigDict(extra="forbid")

    manifest: _Manifest


def check_manifest_to_sign(message: bytes) -> None:
    """See that a message is a bundle's manifest. Raises Refused `vault.not-signed`."""
    try:
        _ManifestLine.model_validate_json(message)
        is_canonical = canonical(json.loads(message)).encode() == message
    except (ValueError, RecursionError) as error:
        raise not_signed(SignatureKind.EVIDENCE, "it is no manifest of a bundle") from error
    if not is_canonical:
        raise not_signed(SignatureKind.EVIDENCE, "it isn't written the one way")


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
        self.line(canonical({"part": part}))

    def line(self, text: str) -> None:
        """One JSON document, without line breaks."""
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
