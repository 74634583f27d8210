"""What travels after recognition comes back as it was sent, and anything else is poison."""

from __future__ import annotations

import base64
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.common.errors import Poison
from lfr_core.domain.messages import DeadLetter, FrameResult, OutcomeBatch, Sighting, StageTime, sighting_id
from lfr_core.domain.outcomes import FrameOutcome

parts = st.tuples(st.text(), st.text(), st.text(), st.integers(0), st.integers(0), st.text())
plain = parts.filter(lambda of: not any("\x1f" in str(part) for part in of))


def sighting() -> Sighting:
    return Sighting(
        id=sighting_id("d", "north", "s", 7, 0, "e"),
        deployment="d",
        camera="north",
        session="s",
        sequence=7,
        captured_ns=1,
        face=0,
        track="t",
        entry="e",
        similarity=0.7,
        threshold=0.45,
        box=(1.0, 2.0, 3.0, 4.0),
        eye_distance_px=32.0,
        probe_sealed=base64.b64encode(b"\xff\xd8 not really \x00\xff\xd9"),  # pydantic takes it encoded
        key_id="an hour's",
    )


MESSAGES = [
    sighting(),
    OutcomeBatch(
        deployment="d",
        camera="north",
        session="s",
        results=(FrameResult(sequence=3, not_sampled=2, dropped=1, outcome=FrameOutcome.RECOGNISED, faces=2),),
        reported_ns=5,
        stages=(StageTime(stage="detect", calls=1, total_ms=7.5),),
    ),
    OutcomeBatch(
        deployment="d", camera="n", session="s", captured=9, not_sampled=4, dropped=0, ended=True, reported_ns=5
    ),
    DeadLetter(topic="lfr.frames", partition=1, offset=2, camera="n", error="Poison", reason="no image", at_ns=3),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_every_message_comes_back_as_it_was_sent(message: Sighting | OutcomeBatch | DeadLetter) -> None:
    assert type(message).decode(message.encode()) == message


@pytest.mark.parametrize("kind", [Sighting, OutcomeBatch, DeadLetter])
@pytest.mark.parametrize("value", [b"", b"{}", b"[]", b"\xff\xfe", b'{"schema_version": 2}', b"null"])
def test_what_is_not_the_message_is_poison(kind: type[Sighting | OutcomeBatch | DeadLetter], value: bytes) -> None:
    with pytest.raises(Poison, match=f"not a {kind.__name__}"):
        kind.decode(value)


def test_a_probe_is_bytes_again_at_the_other_end() -> None:
    assert Sighting.decode(sighting().encode()).probe_sealed == b"\xff\xd8 not really \x00\xff\xd9"


def test_a_template_cant_be_smuggled_into_a_sighting() -> None:
    smuggled = sighting().encode()[:-1] + b',"template":[0.1,0.2]}'

    with pytest.raises(Poison, match="Extra inputs"):
        Sighting.decode(smuggled)


def test_the_id_of_a_sighting_is_pinned() -> None:
    """A change would make every redelivered sighting a second alert."""
    assert sighting_id("d1", "north", "s1", 7, 0, "e1") == uuid.UUID("f53ba31d-9fb7-579a-9f75-7cb5425a161e")


@given(plain, plain)
def test_two_sightings_have_one_id_exactly_when_they_are_the_same(
    one: tuple[str, str, str, int, int, str], other: tuple[str, str, str, int, int, str]
) -> None:
    assert (sighting_id(*one) == sighting_id(*other)) == (one == other)
