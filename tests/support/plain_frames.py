"""Frames in the clear, for tests of what comes before and after sealing."""

from __future__ import annotations

from collections.abc import Mapping

from lfr_core.common.errors import Refused
from lfr_core.domain.frames import FrameHeader

__all__ = ["PLAIN", "PlainFrames"]

PLAIN = "plain"


class PlainFrames:
    """A `FrameSealer` and a `FrameOpener` that change nothing. `gate` refuses with its rule when it is set."""

    def __init__(self) -> None:
        self.gate: Refused | None = None

    def key_id(self) -> str:
        return PLAIN

    def seal(self, header: FrameHeader, jpeg: bytes) -> bytes:
        return jpeg

    def record_headers(self, header: FrameHeader, *, topic: str, key: bytes, payload: bytes) -> list[tuple[str, bytes]]:
        return header.to_headers()

    def confirm(self, header: FrameHeader) -> None:
        """Whatever the broker has."""

    def check_sender(
        self, header: FrameHeader, *, topic: str, key: bytes, headers: Mapping[str, bytes | None], payload: bytes
    ) -> None:
        """Whoever sent it."""

    def open(self, header: FrameHeader, payload: bytes) -> bytes:
        self.check_gate(header.deployment)
        if header.key_id != PLAIN:
            raise Refused("vault.key-gone", f"no key {header.key_id!r}")
        return payload

    def check_gate(self, deployment: str) -> None:
        if self.gate is not None:
            raise self.gate
