"""An erasure certificate: what was destroyed, what was searched, what was found; signed by the installation.

The body is canonical JSON (as the audit trail's: keys sorted, no spaces) with whole numbers only, and is signed as an
erasure certificate (`lfr_core.domain.signatures`). An earlier version signed `untyped_message` instead.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from lfr_core.common.errors import Poison
from lfr_core.custody.audit.entry import canonical
from lfr_core.domain.signatures import SignatureForm, SignatureKind, find_form
from lfr_core.retention.erasure.canary import CanaryKind, DataClass, InjectedCanary, PositiveControl, digest_of
from lfr_core.retention.erasure.destruction_log import ClassDestruction
from lfr_core.retention.erasure.verify import Verification

__all__ = [
    "VOUCHED",
    "CanaryLine",
    "Certificate",
    "SignedCertificate",
    "canary_line",
    "find_unproved_classes",
    "untyped_message",
    "vouched_with",
]

VOUCHED: Final = (
    "The signature vouches for what the vault saw itself: which of the keys that it kept it destroyed and when, by its "
    "own entries on the audit trail, what was left in the records, which test records were noted when they were put "
    "in, and that it keeps none of their keys. How many keys of frames there were, and when they were destroyed, is "
    "the word of the records. What was read in the stores and found there is the word of the program that searched: "
    "the vault read none of them."
)
"""Stands in each certificate, with one of the two sentences that follow."""
_WITHOUT_TPM: Final = (
    " No TPM holds a part of what opens the vault's keys: of whoever copied their folder before a key was destroyed, "
    "and kept the copy, the signature says nothing."
)
_WITH_TPM: Final = (
    " A TPM of the vault's machine holds a part of what opens the vault's keys and replaces it after keys were "
    "destroyed, at once after a list's and within the policy's vault.tpm_final_s after others: no copy of their folder "
    "from before opens any more then. Of whoever took that part out of the running machine too, the signature says "
    "nothing."
)


def vouched_with(*, tpm: bool) -> str:
    """Return what a certificate says of its signature; `tpm`: whether a TPM holds a part of what opens the keystore."""
    return VOUCHED + (_WITH_TPM if tpm else _WITHOUT_TPM)


class CanaryLine(BaseModel):
    """One canary, without its needles: digests say which they were."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    kind: CanaryKind
    data_class: DataClass
    store: str
    planted_ns: int
    due_ns: int | None
    """None: when the deployment ends."""
    due: bool
    """Whether it was due when the search was made."""
    key_id: str
    key_fingerprint: str
    control: PositiveControl
    """What the search right after the injection said."""
    clear_digest: str
    stored_digest: str


class Certificate(BaseModel):
    """The body."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    number: int
    """Counted over the installation from 1."""
    previous: str
    """Digest of the certificate before it; empty for the first."""
    deployment: str
    issued_ns: int
    destroyed: tuple[ClassDestruction, ...]
    canaries: tuple[CanaryLine, ...]
    without_canary: tuple[DataClass, ...]
    """Classes that nothing was injected for: of these the search says nothing."""
    search: Verification
    vouched: str = ""
    """As `vouched_with`; empty in one of a version before it said so."""

    def canonical(self) -> str:
        """Write it in the one way there is."""
        return canonical(self.model_dump(mode="json"))


@dataclass(frozen=True, slots=True)
class SignedCertificate:
    """A certificate as it is kept and handed out."""

    body: str
    """Canonical JSON."""
    signature: str
    """Ed25519, hexadecimal."""
    public_key: str
    """The installation's, hexadecimal."""

    @property
    def digest(self) -> str:
        """SHA-256 of the body, hexadecimal."""
        return hashlib.sha256(self.body.encode(errors="surrogatepass")).hexdigest()

    @property
    def certificate(self) -> Certificate:
        """What it says. Raises Poison when the body is no certificate of ours."""
        try:
            return Certificate.model_validate_json(self.body)
        except ValidationError as error:
            raise Poison(f"not a certificate that this version can read: {error.error_count()} faults") from error

    def find_form(self, public_key: str) -> SignatureForm | None:
        """Return the form of the signature of these very bytes, None when it isn't `public_key`'s (hexadecimal)."""
        if self.public_key != public_key:
            return None
        message = self.body.encode(errors="surrogatepass")
        return find_form(
            SignatureKind.CERTIFICATE,
            message,
            signature=self.signature,
            public_key=public_key,
            untyped=untyped_message(self.digest),
        )

    def as_file(self) -> str:
        """Return the text of its file: one JSON document for people and programs."""
        document = {"certificate": json.loads(self.body), "signature": self.signature, "public_key": self.public_key}
        return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def from_file(cls, text: str) -> SignedCertificate:
        """Read a file back. Raises Poison when it isn't one."""
        try:
            document = json.loads(text)
            signature, public_key = document["signature"], document["public_key"]
            if set(document) != {"certificate", "signature", "public_key"}:
                raise Poison("not a certificate's file: it has other parts than certificate, signature and public_key")
            if not (isinstance(signature, str) and isinstance(public_key, str)):
                raise Poison("not a certificate's file: signature and public_key are hexadecimal texts")
            return cls(canonical(document["certificate"]), signature, public_key)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Poison(f"not a certificate's file: {type(error).__name__}") from error


def find_unproved_classes(kinds: Collection[CanaryKind]) -> tuple[DataClass, ...]:
    """Return the classes that have no canary among those of these kinds."""
    return tuple(each for each in DataClass if each not in {kind.data_class for kind in kinds})


def untyped_message(digest: str) -> bytes:
    """Return what an earlier version signed for a body of that digest."""
    return f"openlfr certificate 1\n{digest}".encode()


def canary_line(injected: InjectedCanary, due: tuple[str, ...]) -> CanaryLine:
    """Return what a certificate says of a canary; `due`: ids of those that had to be gone."""
    return CanaryLine(
        id=injected.id,
        kind=injected.kind,
        data_class=injected.kind.data_class,
        store=injected.store,
        planted_ns=injected.planted_ns,
        due_ns=injected.due_ns,
        due=injected.id in due,
        key_id=injected.key_id,
        key_fingerprint=injected.key_fingerprint,
        control=injected.control,
        clear_digest=digest_of(injected.clear),
        stored_digest=digest_of(injected.stored),
    )
