"""A wrapper for templates and crops between looking and matching: they can be used, and nothing else happens to them.

Most leaks of such data are accidents: a log line, a traceback with locals, a pickle, a JSON dump, a field in an event.
Here each of them is an error, and the one way to the value says what it does. It is no defence against code that means
to leak, nor against whoever reads the process's memory (docs/deletion.md).
"""

from __future__ import annotations

from typing import Generic, NoReturn, SupportsIndex, TypeVar, final

__all__ = ["Biometric"]

T = TypeVar("T")


def _refuse(what: str) -> TypeError:
    return TypeError(f"biometric data is never {what}: call reveal() where it is used, and keep it in memory")


@final
class Biometric(Generic[T]):
    """Holds a template, a crop or anything else that is a person's face; `reveal()` is the only way in.

    Refused with TypeError: str, format, bytes, pickling, copying, JSON (json and pydantic), conversion to an array,
    iteration, length, indexing, comparison, hashing and change. `repr` is a constant, so that tracebacks and debuggers
    show nothing.

    Example:
        >>> probe = Biometric(b"a face")
        >>> probe
        <biometric>
        >>> probe.reveal()
        b'a face'
    """

    __slots__ = ("_value",)
    _value: T

    def __init__(self, value: T) -> None:
        object.__setattr__(self, "_value", value)

    def reveal(self) -> T:
        """Return the value itself, to be used here and now: not to be kept, sent or written."""
        return self._value

    def __repr__(self) -> str:
        return "<biometric>"

    def __str__(self) -> str:
        raise _refuse("text")

    def __format__(self, format_spec: str) -> str:
        raise _refuse("text")

    def __bytes__(self) -> bytes:
        raise _refuse("turned into bytes")

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise _refuse("pickled or copied")

    def __copy__(self) -> NoReturn:
        raise _refuse("copied")

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise _refuse("copied")

    def __getstate__(self) -> NoReturn:
        raise _refuse("pickled or copied")

    def __array__(self, dtype: object = None, copy: object = None) -> NoReturn:
        raise _refuse("turned into an array")

    def __iter__(self) -> NoReturn:
        raise _refuse("iterated over")

    def __len__(self) -> NoReturn:
        raise _refuse("measured")

    def __getitem__(self, key: object) -> NoReturn:
        raise _refuse("indexed")

    def __contains__(self, key: object) -> NoReturn:
        raise _refuse("searched")

    def __eq__(self, other: object) -> bool:
        raise _refuse("compared like this")

    def __ne__(self, other: object) -> bool:
        raise _refuse("compared like this")

    def __hash__(self) -> int:
        raise _refuse("hashed")

    def __bool__(self) -> bool:
        raise _refuse("a truth value")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise _refuse("changed in place")

    def __delattr__(self, name: str) -> NoReturn:
        raise _refuse("changed in place")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> NoReturn:
        raise _refuse("a field of a message")
