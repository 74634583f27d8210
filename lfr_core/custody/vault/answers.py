"""What the vault answers over its socket: typed, versioned JSON documents. A key travels as base64, never in a log."""

from __future__ import annotations

import base64
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    model_serializer,
)

from lfr_core.custody.vault.port import KeyKind
from lfr_core.domain.actors import ProcessIdentity

__all__ = [
    "AdmissionAnswer",
    "Answer",
    "Base64",
    "Bytes",
    "CanaryFrameAnswer",
    "DestroyedAnswer",
    "Destroying",
    "FrameKeyAnswer",
    "GateAnswer",
    "Info",
    "KeptAnswer",
    "KeptKeyAnswer",
    "MachineInfo",
    "MachinesAnswer",
    "Message",
    "NowAnswer",
    "PublicKeyAnswer",
    "RecordKeyAnswer",
    "RefusedAnswer",
    "RetryAnswer",
    "SignatureAnswer",
    "TextAnswer",
    "WriterKeyAnswer",
]

Base64 = Annotated[
    bytes,
    BeforeValidator(lambda value: base64.b64decode(value, validate=True) if isinstance(value, str) else value),
    PlainSerializer(lambda value: base64.b64encode(value).decode(), return_type=str),
]
Bytes = Annotated[Base64, Field(repr=False)]


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1


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


class RefusedAnswer(Message):
    answer: Literal["refused"] = "refused"
    rule: str
    message: str


class RetryAnswer(Message):
    """The vault can't answer now: the records are away, or it is too busy."""

    answer: Literal["retry"] = "retry"
    message: str


class FrameKeyAnswer(Message):
    answer: Literal["frame-key"] = "frame-key"
    id: str
    key: Bytes
    seals_until_ns: int
    opens_until_ns: int
    lease_s: float
    canary: str = ""

    @model_serializer(mode="wrap")
    def _write(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Leave the canary out where none is asked for: processes of earlier versions take no field they don't know."""
        written: dict[str, object] = handler(self)
        return written if self.canary else {name: value for name, value in written.items() if name != "canary"}


class CanaryFrameAnswer(Message):
    """A frame of noise; without an id there is none, and a camera was asked for one."""

    answer: Literal["canary-frame"] = "canary-frame"
    id: str = ""
    deployment: str = ""
    camera: str = ""
    key_id: str = ""
    fingerprint: str = ""
    sent_ns: int = 0
    due_ns: int = 0
    clear: Annotated[tuple[Base64, ...], Field(repr=False)] = ()
    stored: Annotated[tuple[Base64, ...], Field(repr=False)] = ()


class RecordKeyAnswer(Message):
    answer: Literal["record-key"] = "record-key"
    day: int
    key: Bytes
    lease_s: float


class NowAnswer(Message):
    answer: Literal["now"] = "now"
    now_ns: int


class GateAnswer(Message):
    answer: Literal["gate"] = "gate"
    lease_s: float


class KeptKeyAnswer(Message):
    answer: Literal["kept-key"] = "kept-key"
    info: Info
    key: Bytes


class KeptAnswer(Message):
    answer: Literal["kept"] = "kept"
    infos: tuple[Info, ...]
    more: bool
    """Whether keys come after these: ask again, after the last of them."""


class DestroyedAnswer(Message):
    answer: Literal["destroyed"] = "destroyed"
    destroyed: tuple[Destroying, ...]


class PublicKeyAnswer(Message):
    answer: Literal["public-key"] = "public-key"
    public_key: Bytes


class AdmissionAnswer(Message):
    answer: Literal["admission"] = "admission"
    content: Bytes
    """A file with private keys."""


class MachineInfo(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    identities: tuple[ProcessIdentity, ...]
    cameras: tuple[str, ...]
    admitted_ns: int
    until_ns: int
    dismissed_ns: int | None
    copied: str = ""


class MachinesAnswer(Message):
    answer: Literal["machines"] = "machines"
    machines: tuple[MachineInfo, ...]


class SignatureAnswer(Message):
    answer: Literal["signature"] = "signature"
    signature: Bytes
    public_key: Bytes


class WriterKeyAnswer(Message):
    answer: Literal["writer-key"] = "writer-key"
    writer: str
    key: Bytes
    lease_s: float
    at_ns: int | None
    records_key: Bytes
    person_records: dict[str, str] | None = None


class TextAnswer(Message):
    """A pseudonym; or "" for what needs no answer but that it was done."""

    answer: Literal["text"] = "text"
    text: str = ""


_AnyAnswer: TypeAlias = (
    RefusedAnswer
    | RetryAnswer
    | FrameKeyAnswer
    | CanaryFrameAnswer
    | GateAnswer
    | RecordKeyAnswer
    | NowAnswer
    | KeptKeyAnswer
    | KeptAnswer
    | DestroyedAnswer
    | AdmissionAnswer
    | MachinesAnswer
    | PublicKeyAnswer
    | SignatureAnswer
    | TextAnswer
    | WriterKeyAnswer
)
Answer: TypeAdapter[_AnyAnswer] = TypeAdapter(Annotated[_AnyAnswer, Field(discriminator="answer")])
