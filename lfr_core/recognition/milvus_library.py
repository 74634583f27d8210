"""Imports Milvus's client without pandas, which it looks at only where somebody hands it a data frame.

pymilvus 3.0.2 imports pandas, and with it pyarrow, at its own import: 50 MB and half a second in each process that
searches. Its modules are given pandas in a form that is imported when something of it is used, so that whatever it does
with pandas it still does. Anybody else who imports pandas meanwhile gets pandas.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final, ForwardRef

__all__ = ["import_milvus_library"]

_LIBRARY: Final = "pymilvus"
_LATER: Final = ("pandas", "pandas.api", "pandas.api.types")
_importing = threading.Lock()


class _LaterModule(ModuleType):
    """A module that is imported when one of its functions is called, by pymilvus, or anything is read, by others."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        whole = f"{self.__name__}.{name}"
        if whole in _LATER:
            return sys.modules.get(whole) or importlib.import_module(whole)
        caller = sys._getframe(1).f_globals.get("__name__", "")  # noqa: SLF001  who asks decides what is given
        if _importing.locked() and str(caller).startswith(f"{_LIBRARY}."):
            return _call_later(self.__name__, name) if name.islower() else ForwardRef(name)  # a class: in annotations
        return getattr(_import_really(self.__name__), name)


def import_milvus_library() -> ModuleType:
    """Return pymilvus. Where pandas is imported already, nothing is put off."""
    with _importing:
        if _LIBRARY in sys.modules or _LATER[0] in sys.modules:
            return importlib.import_module(_LIBRARY)
        for name in _LATER:
            sys.modules[name] = _LaterModule(name)
        try:
            return importlib.import_module(_LIBRARY)
        finally:
            _drop_later()


def _drop_later() -> None:
    for name in _LATER:
        if isinstance(sys.modules.get(name), _LaterModule):
            del sys.modules[name]


def _import_really(name: str) -> ModuleType:
    _drop_later()
    return importlib.import_module(name)


def _call_later(module: str, name: str) -> Callable[..., Any]:
    def call(*given: Any, **named: Any) -> Any:
        return getattr(_import_really(module), name)(*given, **named)

    return call
