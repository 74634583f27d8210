"""Holds each page that a test draws without a browser to this: no field moves while somebody may be typing into it.

A browser knows a field by its id and the blocks around it by their place. Where something comes or goes before a block,
the block is another one to it: its fields are made anew, and what was being typed is gone. A plugin of pytest.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

__all__ = ["MovedFieldError", "places_of_fields"]

FIELDS = frozenset(
    {"text_input", "text_area", "number_input", "date_input", "time_input", "selectbox", "multiselect", "file_uploader"}
)
_BEFORE = "_fields_before"


class MovedFieldError(AssertionError):
    """A field stands elsewhere than in the drawing before."""


def places_of_fields(app: Any) -> dict[str, tuple[tuple[int, str], ...]]:
    """Return for each field, by the id that the browser knows it by, the places and kinds of the blocks around it."""
    return dict(_fields(app._tree, ()))


def _fields(block: Any, path: tuple[tuple[int, str], ...]) -> Iterator[tuple[str, tuple[tuple[int, str], ...]]]:
    for index, each in block.children.items():
        if hasattr(each, "children"):
            yield from _fields(each, (*path, (index, each.type)))
        elif each.type in FIELDS:
            yield each.proto.id, path


@pytest.fixture(autouse=True)
def _fields_stand_still(monkeypatch: pytest.MonkeyPatch) -> None:
    if "streamlit.testing.v1" in sys.modules:
        from streamlit.testing.v1 import AppTest

        drawn = AppTest._run

        def checked(app: AppTest, *args: Any, **kwargs: Any) -> AppTest:
            done = drawn(app, *args, **kwargs)
            before, now = getattr(app, _BEFORE, {}), places_of_fields(app)
            moved = [each for each in now.keys() & before.keys() if now[each] != before[each]]
            setattr(app, _BEFORE, now)
            if moved:
                raise MovedFieldError("\n".join(f"{each}: {before[each]} -> {now[each]}" for each in sorted(moved)))
            return done

        monkeypatch.setattr(AppTest, "_run", checked)
