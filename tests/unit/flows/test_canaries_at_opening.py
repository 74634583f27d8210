"""A deployment's canaries are there within seconds of its gate's opening, however short it is."""

from __future__ import annotations

import asyncio

import pytest

from flows import serve
from lfr_core.common.errors import Retryable


def test_an_opened_gate_is_looked_for_every_two_seconds_also_after_a_service_was_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[bool] = []
    slept: list[float] = []

    def inject(_installation: object, *, planned_only: bool) -> tuple[str, ...]:
        asked.append(planned_only)
        if len(asked) == 1:
            raise Retryable("the broker is away")
        return ("dep",) if len(asked) == 2 else ()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise asyncio.CancelledError

    monkeypatch.setattr(serve, "inject_missing_canaries", inject)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(serve._inject_canaries(None))  # type: ignore[arg-type]  # it is only handed on

    assert asked == [True] * 3
    assert slept == [30.0, 2.0, 2.0]
