"""By which rule something is refused."""

from __future__ import annotations

import pytest

from lfr_core.common.errors import Refused

__all__ = ["refusal"]


def refusal(call: object, /, *arguments: object, **named: object) -> str:
    """Call it, and return the rule by which it is refused; whatever isn't refused fails the test."""
    assert callable(call)
    with pytest.raises(Refused) as caught:
        call(*arguments, **named)
    return caught.value.rule
