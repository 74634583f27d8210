"""What each test would do anew with the same result is done once for a process: SQL compiled, policies parsed, settings
looked through.

An engine has its own cache of statements, and each test its own engine.
"""

from __future__ import annotations

import pickle
import tomllib
from functools import lru_cache
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource
from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

__all__ = ["share_compiled_statements", "share_kinds_of_settings", "share_parsed_settings"]

_MOST = 4000
"""Statements that are kept. Ours are about 1,000, on both kinds of database."""


def share_compiled_statements() -> None:
    """Give the engines of this process one cache, to which dialects of a kind are the same."""
    shared: LRUCache[Any, Any] = LRUCache(_MOST)
    Engine._compiled_cache = property(lambda _: shared, lambda _, own: None)  # type: ignore[assignment]  # noqa: ARG005
    DefaultDialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
    DefaultDialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]


def share_parsed_settings() -> None:
    """Parse each text of TOML once: a test reads the policy three or four times, at some milliseconds each."""
    parse = lru_cache(maxsize=256)(lambda text: pickle.dumps(_parse(text)))

    def loads(text: str, /, **given: Any) -> dict[str, Any]:
        return _parse(text, **given) if given else dict(pickle.loads(parse(text)))

    tomllib.loads = loads


_parse = tomllib.loads


def share_kinds_of_settings() -> None:
    """Find out once whether the text of a setting is JSON: pydantic asks it of each of fifty at each reading."""
    is_complex = EnvSettingsSource._field_is_complex
    known: dict[int, tuple[FieldInfo, tuple[bool, bool]]] = {}

    def field_is_complex(self: EnvSettingsSource, field: FieldInfo) -> tuple[bool, bool]:
        if id(field) not in known:
            known[id(field)] = field, is_complex(self, field)  # the field is kept, and so its id
        return known[id(field)][1]

    EnvSettingsSource._field_is_complex = field_is_complex  # type: ignore[method-assign]
