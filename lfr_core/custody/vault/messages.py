"""What passes over the vault's socket: typed, versioned requests and answers, each a JSON document.

How they travel is `lfr_core.custody.vault.wire`'s. A key travels as base64 over a Unix socket that only this user may
open, and is never logged.

`checked` is the one validation of what is asked: the vault itself applies it and so does its client, so that a vault
in the same process takes nothing that the one behind the socket would refuse.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from lfr_core.common.errors import Refused
from lfr_core.custody.vault.answers import (
    AdmissionAnswer,
    Answer,
    Bytes,
    DestroyedAnswer,
    Destroying,
    FrameKeyAnswer,
    GateAnswer,
    Info,
    KeptAnswer,
    KeptKeyAnswer,
    MachineInfo,
    MachinesAnswer,
    Message,
    NowAnswer,
    PublicKeyAnswer,
    RecordKeyAnswer,
    RefusedAnswer,
    RetryAnswer,
    SignatureAnswer,
    TextAnswer,
    WriterKeyAnswer,
)
from lfr_core.custody.vault.canary_messages import CanaryRequest
from lfr_core.custody.vault.machine_messages import AdmitMachine, DismissMachine, ListMachines, MachineRequest
from lfr_core.custody.vault.port import MOST_IDS, ErasureRule, KeyKind, RecordUse
from lfr_core.domain.actors import LONGEST_NAME, Principal, SystemActor, person_name
from lfr_core.domain.signatures import SignatureKind

__all__ = [
    "LONGEST_SIGNED",
    "AdmissionAnswer",
    "AdmitMachine",
    "Answer",
    "AnyRequest",
    "CheckGate",
    "CompareRecords",
    "Destroy",
    "DestroyedAnswer",
    "Destroying",
    "DismissMachine",
    "FrameKeyAnswer",
    "GateAnswer",
    "HoldKeys",
    "Info",
    "Kept",
    "KeptAnswer",
    "KeptKeyAnswer",
    "LendRecordKey",
    "LendWriterKey",
    "ListMachines",
    "MachineInfo",
    "MachinesAnswer",
    "MakeKey",
    "Now",
    "NowAnswer",
    "OpenKept",
    "OpenKey",
    "Part",
    "PersonMessage",
    "Ping",
    "Pseudonym",
    "PublicKey",
    "PublicKeyAnswer",
    "RecordKeyAnswer",
    "RefusedAnswer",
    "RetryAnswer",
    "SealKey",
    "Sign",
    "SignatureAnswer",
    "TextAnswer",
    "WriterKeyAnswer",
    "actor_message",
    "checked",
]


def _without_spaces(text: str) -> str:
    if not text.isprintable() or any(mark.isspace() for mark in text):
        raise ValueError("spaces or control characters")
    return text


Name = Annotated[str, Field(min_length=1, max_length=200)]
Ids = Annotated[tuple[Name, ...], Field(max_length=MOST_IDS)]
Owner = Annotated[str, Field(max_length=200)]
"""A deployment's id; empty for what belongs to none."""
Subject = Annotated[str, Field(min_length=1, max_length=180), AfterValidator(_without_spaces)]
"""Short enough, and of characters, for the audit trail to name it with its kind: what it can't name isn't opened."""
LONGEST_SIGNED = 8 * 1024 * 1024
"""Bytes. A certificate names every key epoch of a deployment, some 200 bytes each; a site's manifest every file."""
Shown = Annotated[str, Field(max_length=16_000)]
"""What shows that a person is logged in: the provider's signed token, or a service account's key. Never logged."""
Moment = Annotated[int, Field(ge=0, lt=2**63)]


class Ping(Message):
    verb: Literal["ping"] = "ping"


class SealKey(Message):
    verb: Literal["seal-key"] = "seal-key"
    deployment: Name
    camera: Name


class OpenKey(Message):
    verb: Literal["open-key"] = "open-key"
    key_id: Name


class CheckGate(Message):
    verb: Literal["check-gate"] = "check-gate"
    deployment: Name


class LendRecordKey(Message):
    verb: Literal["record-key"] = "record-key"
    use: RecordUse
    actor: SystemActor
    day: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    deployment: Owner = ""
    camera: Annotated[str, Field(max_length=200)] = ""

    @model_validator(mode="after")
    def _is_of_a_camera(self) -> Self:
        if {self.deployment != "", self.camera != ""} != {self.use is RecordUse.CAMERA}:
            raise ValueError("deployment and camera are given for a camera's key, and for no other")
        return self


class Now(Message):
    verb: Literal["now"] = "now"


class MakeKey(Message):
    verb: Literal["make-key"] = "make-key"
    kind: KeyKind
    deployment: Owner
    subject: Subject
    due_ns: Moment
    actor: SystemActor
    camera: Annotated[str, Field(max_length=200)] = ""
    """Of footage: whose it is."""

    @model_validator(mode="after")
    def _belongs(self) -> Self:
        """Check that what a certificate of erasure must find names its deployment, and that a request names none."""
        if (self.deployment == "") != (self.kind is KeyKind.RIGHTS):
            raise ValueError("a key of a request belongs to no deployment, and every other key to one")
        return self


class PersonMessage(BaseModel):
    """Somebody, by name: whatever the name says, it is no part of the platform."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    is_a: Literal["person"] = "person"
    name: Annotated[str, Field(max_length=2 * LONGEST_NAME)]


class Part(BaseModel):
    """A part of the platform, of the closed list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    is_a: Literal["part"] = "part"
    part: SystemActor


class OpenKept(Message):
    verb: Literal["open-kept"] = "open-kept"
    key_id: Name
    actor: Annotated[PersonMessage | Part, Field(discriminator="is_a")]
    purpose: Annotated[str, Field(max_length=200)]
    shown: Shown = ""


class Kept(Message):
    verb: Literal["kept"] = "kept"
    kind: KeyKind | None = None
    deployment: Owner | None = None
    after: Annotated[str, Field(max_length=200)] = ""
    """Only keys whose id comes after this one."""


class HoldKeys(Message):
    verb: Literal["hold"] = "hold"
    key_ids: Ids
    held: bool


class Destroy(Message):
    verb: Literal["destroy"] = "destroy"
    key_ids: Ids
    rule: ErasureRule


class PublicKey(Message):
    verb: Literal["public-key"] = "public-key"


class Sign(Message):
    verb: Literal["sign"] = "sign"
    kind: SignatureKind
    message: Annotated[Bytes, Field(max_length=LONGEST_SIGNED)]


class LendWriterKey(Message):
    version: Literal[1, 2] = 2  # type: ignore[assignment]  # wider; who asks as 1 keeps one key for all whom it writes of
    verb: Literal["writer-key"] = "writer-key"
    name: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    person: Annotated[str, Field(max_length=2 * LONGEST_NAME)] = ""
    shown: Shown = ""


class CompareRecords(Message):
    verb: Literal["compare-records"] = "compare-records"
    deployment: Name


class Pseudonym(Message):
    verb: Literal["pseudonym"] = "pseudonym"
    name: Name


_Request: TypeAlias = (
    Ping
    | SealKey
    | OpenKey
    | CheckGate
    | LendRecordKey
    | Now
    | MakeKey
    | OpenKept
    | Kept
    | HoldKeys
    | Destroy
    | CanaryRequest
    | MachineRequest
    | PublicKey
    | Sign
    | LendWriterKey
    | CompareRecords
    | Pseudonym
)
AnyRequest: TypeAdapter[_Request] = TypeAdapter(Annotated[_Request, Field(discriminator="verb")])


def actor_message(actor: Principal) -> PersonMessage | Part:
    """Return the message that says who asks. Raises Refused `actor.not-a-person`."""
    return Part(part=actor) if isinstance(actor, SystemActor) else PersonMessage(name=person_name(actor))


_Asked = TypeVar("_Asked", bound=Message)


def checked(message_type: type[_Asked], **fields: object) -> _Asked:
    """Return a request, seen to be one that the vault takes.

    Raises:
        Refused: `vault.bad-request`: a text or a list too long, empty or not text. The message names the fields, never
            what is in them.
    """
    try:
        return message_type.model_validate(fields)
    except ValidationError as error:
        verb = message_type.model_fields["verb"].default
        faults = "; ".join(
            f"{'.'.join(str(part) for part in each['loc'][:1]) or 'deployment'}: {each['msg']}"
            for each in error.errors(include_input=False, include_url=False, include_context=False)[:3]
        )
        raise Refused(
            "vault.bad-request", f"the vault doesn't take this, mend it and ask again ({verb}: {faults})"
        ) from None
