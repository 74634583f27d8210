"""What holds a face can be used and does nothing else; no message and no header can hold a template."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import json
import pickle
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Literal, get_args, get_origin
from uuid import UUID

import numpy as np
import pydantic
import pytest

from lfr_core.common.biometric import Biometric
from lfr_core.domain import messages
from lfr_core.domain.frames import FrameHeader
from lfr_core.recognition.batch import DetectedBatch

SECRET = b"a face"
HELD = Biometric(SECRET)
TEMPLATE = Biometric(np.arange(512, dtype=np.float32))

REFUSED: dict[str, Callable[[Biometric[bytes]], object]] = {
    "str": str,
    "format": lambda held: f"{held}",
    "format with a width": lambda held: format(held, ">10"),
    "percent": lambda held: "%s" % held,  # noqa: UP031  one of the ways
    "bytes": bytes,
    "pickle": pickle.dumps,
    "pickle inside something": lambda held: pickle.dumps([held]),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "deepcopy inside something": lambda held: copy.deepcopy({"a": held}),
    "json": json.dumps,
    "json with default=str": lambda held: json.dumps(held, default=str),
    "json with default=vars": lambda held: json.dumps(held, default=vars),
    "pydantic": lambda held: pydantic.TypeAdapter(object).dump_json(held),
    "pydantic field": lambda _: pydantic.create_model("M", face=(Biometric[bytes], ...)),
    "array": np.asarray,
    "array of objects": lambda held: np.array([held, held]),
    "iteration": list,
    "length": len,
    "indexing": lambda held: held[0],
    "membership": lambda held: 97 in held,
    "equality": lambda held: held == Biometric(SECRET),
    "inequality": lambda held: held != SECRET,
    "hash": hash,
    "set": lambda held: {held},
    "truth": bool,
    "asdict": lambda held: dataclasses.asdict(_Event(held)),
    "change": lambda held: setattr(held, "_value", b"another"),
    "new attribute": lambda held: setattr(held, "note", 1),
}


@dataclasses.dataclass
class _Event:
    face: Biometric[bytes]


@pytest.mark.parametrize("way", REFUSED)
def test_each_way_out_but_reveal_is_refused(way: str) -> None:
    with pytest.raises((TypeError, pydantic.ValidationError, pydantic.PydanticUserError, ValueError)) as caught:
        REFUSED[way](HELD)

    assert "a face" not in str(caught.value)
    assert HELD.reveal() == SECRET


def test_its_repr_is_a_constant_also_inside_others() -> None:
    assert [repr(HELD), repr(TEMPLATE), repr([HELD]), repr(_Event(HELD))] == [
        "<biometric>",
        "<biometric>",
        "[<biometric>]",
        "_Event(face=<biometric>)",
    ]


def test_a_batch_between_looking_and_matching_shows_no_template() -> None:
    looked = DetectedBatch(templates=TEMPLATE)

    assert "511" not in repr(looked)
    with pytest.raises(TypeError):
        pickle.dumps(looked)


_SMALL = (str, int, float, bool, UUID, type(None))
_SEALED = {("Sighting", "probe_sealed")}
"""Bytes that may travel: ciphertext."""


def _can_hold_template(kind: object) -> bool:
    """Whether a field of this type could hold a template: bytes, an array, or numbers without a fixed short length."""
    if get_origin(kind) is None:
        if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel):
            return False  # walked by itself
        return not (isinstance(kind, type) and issubclass(kind, (*_SMALL, Enum)))
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        if inner[-1] is not Ellipsis:
            return len(inner) > 8 or any(_can_hold_template(one) for one in inner)
        return not (isinstance(inner[0], type) and issubclass(inner[0], pydantic.BaseModel))
    if get_origin(kind) is Literal:
        return False
    if get_origin(kind) is Annotated:
        return _can_hold_template(get_args(kind)[0])
    return any(_can_hold_template(one) for one in get_args(kind)) if get_origin(kind) is not list else True


def test_the_walk_knows_a_field_that_can_hold_one_from_one_that_cannot() -> None:
    able = [bytes, list[float], tuple[float, ...], np.ndarray, dict, pydantic.Base64Bytes, object]
    without = [int, float | None, tuple[float, float, float, float], Literal[1], UUID]

    assert [_can_hold_template(kind) for kind in able] == [True] * len(able)
    assert [_can_hold_template(kind) for kind in without] == [False] * len(without)


def test_no_message_has_a_field_that_could_hold_a_template() -> None:
    models = {
        name: model
        for name, model in inspect.getmembers(messages, inspect.isclass)
        if issubclass(model, pydantic.BaseModel) and model.__module__ == messages.__name__
    }
    found = {
        (name, field)
        for name, model in models.items()
        for field, info in model.model_fields.items()
        if _can_hold_template(info.annotation)
    }

    assert {"Sighting", "FrameResult", "OutcomeBatch", "DeadLetter"} <= set(models)
    assert found == _SEALED


def test_no_header_of_a_frame_can_hold_a_template() -> None:
    kinds = {field.name: field.type for field in dataclasses.fields(FrameHeader)}

    assert set(kinds.values()) <= {"str", "int", "FrameKind", "PictureState"}
    values = FrameHeader("d", "c", "s", 1, 2, 3, 4).to_headers()
    assert max(len(value) for _, value in values) < 40
