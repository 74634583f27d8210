"""What passes over the vault's socket: typed, versioned requests and answers, each a JSON document.

How they travel is `lfr_core.custody.vault.wire`'s. A key travels as base64 over a Unix socket that only this user may
open, and is never logged.

`checked` is the one validation of what is asked: the vault itself applies it and so does its client, so that a vault
in the same process takes nothing that the one behind the socket would refuse.
"""

from __future__ import annotations

import base64
from typing import Annotated, Literal, Self, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from lfr_core.common.errors import Refused
from lfr_core.custody.vault.port import MOST_IDS, KeyKind
from lfr_core.domain.actors import LONGEST_NAME, Principal, SystemActor, person_name

__all__ = [
    "Answer",
    "AnyRequest",
    "CheckGate",
    "Destroy",
    "DestroyedAnswer",
    "Destroying",
    "FrameKeyAnswer",
    "GateAnswer",
    "Hold",
    "Info",
    "Kept",
    "KeptAnswer",
    "KeptKeyAnswer",
    "MakeKey",
    "Now",
    "NowAnswer",
    "OpenKept",
    "OpenKey",
    "Part",
    "Person",
    "Ping",
    "Pseudonym",
    "RefusedAnswer",
    "RetryAnswer",
    "SealKey",
    "Sign",
    "SignatureAnswer",
    "TextAnswer",
    "actor_message",
    "checked",
]

Bytes = Annotated[
    bytes,
    BeforeValidator(lambda value: base64.b64decode(value, validate=True) if isinstance(value, str) else value),
    PlainSerializer(lambda value: base64.b64encode(value).decode(), return_type=str),
    Field(repr=False),
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
Moment = Annotated[int, Field(ge=0, lt=2**63)]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1


class Ping(_Message):
    verb: Literal["ping"] = "ping"


class SealKey(_Message):
    verb: Literal["seal-key"] = "seal-key"
    deployment: Name
    camera: Name


class OpenKey(_Message):
    verb: Literal["open-key"] = "open-key"
    key_id: Name


class CheckGate(_Message):
    verb: Literal["check-gate"] = "check-gate"
    deployment: Name


class Now(_Message):
    verb: Literal["now"] = "now"


class MakeKey(_Message):
    verb: Literal["make-key"] = "make-key"
    kind: KeyKind
    deployment: Owner
    subject: Subject
    due_ns: Moment
    actor: SystemActor

    @model_validator(mode="after")
    def _belongs(self) -> Self:
        """What a deployment's certificate of erasure must find names its deployment; a request belongs to none."""
        if (self.deployment == "") != (self.kind is KeyKind.RIGHTS):
            raise ValueError("a key of a request belongs to no deployment, and every other key to one")
        return self


class Person(BaseModel):
    """Somebody, by name: whatever the name says, it is no part of the platform."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    is_a: Literal["person"] = "person"
    name: Annotated[str, Field(max_length=2 * LONGEST_NAME)]


class Part(BaseModel):
    """A part of the platform, of the closed list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    is_a: Literal["part"] = "part"
    part: SystemActor


class OpenKept(_Message):
    verb: Literal["open-kept"] = "open-kept"
    key_id: Name
    actor: Annotated[Person | Part, Field(discriminator="is_a")]
    purpose: Annotated[str, Field(max_length=200)]


class Kept(_Message):
    verb: Literal["kept"] = "kept"
    kind: KeyKind | None = None
    deployment: Owner | None = None
    after: Annotated[str, Field(max_length=200)] = ""
    """Only keys whose id comes after this one."""


class Hold(_Message):
    verb: Literal["hold"] = "hold"
    key_ids: Ids
    held: bool


class Destroy(_Message):
    verb: Literal["destroy"] = "destroy"
    key_ids: Ids
    rule: Name


class Sign(_Message):
    verb: Literal["sign"] = "sign"
    message: Annotated[Bytes, Field(max_length=1_048_576)]


class Pseudonym(_Message):
    verb: Literal["pseudonym"] = "pseudonym"
    name: Name


_Request: TypeAlias = (
    Ping | SealKey | OpenKey | CheckGate | Now | MakeKey | OpenKept | Kept | Hold | Destroy | Sign | Pseudonym
)
AnyRequest: TypeAdapter[_Request] = TypeAdapter(Annotated[_Request, Field(discriminator="verb")])


class Info(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    kind: KeyKind
    deployment: str
    subject: str
    fingerprint: str
    due_ns: int
    held: bool


class Destroying(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    info: Info
    destroyed_ns: int


class RefusedAnswer(_Message):
    answer: Literal["refused"] = "refused"
    rule: str
    message: str


class RetryAnswer(_Message):
    """The vault can't answer now: the records are away, or it is too busy."""

    answer: Literal["retry"] = "retry"
    message: str


class FrameKeyAnswer(_Message):
    answer: Literal["frame-key"] = "frame-key"
    id: str
    key: Bytes
    seals_until_ns: int
    opens_until_ns: int
    lease_s: float


class NowAnswer(_Message):
    answer: Literal["now"] = "now"
    now_ns: int


class GateAnswer(_Message):
    answer: Literal["gate"] = "gate"
    lease_s: float


class KeptKeyAnswer(_Message):
    answer: Literal["kept-key"] = "kept-key"
    info: Info
    key: Bytes


class KeptAnswer(_Message):
    answer: Literal["kept"] = "kept"
    infos: tuple[Info, ...]
    more: bool
    """Whether keys come after these: ask again, after the last of them."""


class DestroyedAnswer(_Message):
    answer: Literal["destroyed"] = "destroyed"
    destroyed: tuple[Destroying, ...]


class SignatureAnswer(_Message):
    answer: Literal["signature"] = "signature"
    signature: Bytes
    public_key: Bytes


class TextAnswer(_Message):
    """A pseudonym; or "" for what needs no answer but that it was done."""

    answer: Literal["text"] = "text"
    text: str = ""


_AnyAnswer: TypeAlias = (
    RefusedAnswer
    | RetryAnswer
    | FrameKeyAnswer
    | GateAnswer
    | NowAnswer
    | KeptKeyAnswer
    | KeptAnswer
    | DestroyedAnswer
    | SignatureAnswer
    | TextAnswer
)
Answer: TypeAdapter[_AnyAnswer] = TypeAdapter(Annotated[_AnyAnswer, Field(discriminator="answer")])


def actor_message(actor: Principal) -> Person | Part:
    """Who asks, as it travels. Raises Refused `actor.not-a-person`."""
    return Part(part=actor) if isinstance(actor, SystemActor) else Person(name=person_name(actor))


_Asked = TypeVar("_Asked", bound=_Message)


def checked(message_type: type[_Asked], **fields: object) -> _Asked:
    """A request, seen to be one that the vault takes.

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
