"""What cameras and the proof of deletion ask the vault about frames of noise."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from lfr_core.custody.vault.answers import Base64, CanaryFrameAnswer, Message
from lfr_core.custody.vault.canary_port import CanaryFrame

__all__ = ["CanaryRequest", "CollectCanary", "TellCanary", "read_canary_frame"]

_Name = Annotated[str, Field(min_length=1, max_length=200)]
_Needle = Annotated[Base64, Field(min_length=16, max_length=64)]
_Needles = Annotated[tuple[_Needle, ...], Field(min_length=1, max_length=200, repr=False)]


class TellCanary(Message):
    verb: Literal["tell-canary"] = "tell-canary"
    canary: _Name
    key_id: _Name
    camera: _Name
    clear: _Needles
    stored: _Needles


class CollectCanary(Message):
    verb: Literal["collect-canary"] = "collect-canary"
    deployment: _Name
    ask: bool


CanaryRequest: TypeAlias = TellCanary | CollectCanary


def read_canary_frame(answer: CanaryFrameAnswer) -> CanaryFrame | None:
    """Return the frame that an answer is about; None: there is none."""
    fields = dict(answer)
    return CanaryFrame(**{name: fields[name] for name in fields.keys() - {"version", "answer"}}) if answer.id else None
