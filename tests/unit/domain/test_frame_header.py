"""The frame's header: what a camera writes a worker reads, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.common.errors import Poison
from lfr_core.domain.frames import SCHEMA_VERSION, FrameHeader, FrameKind, UnknownSchema

words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
counts = st.integers(min_value=0, max_value=2**63)


def header(**changes: Any) -> FrameHeader:
    header = FrameHeader(
        deployment="d1",
        camera="north",
        session="s1",
        sequence=7,
        captured_ns=1_800_000_000_000_000_000,
        not_sampled=3,
        dropped=1,
    )
    return replace(header, **changes)


@given(
    st.builds(
        FrameHeader,
        deployment=words,
        camera=words,
        session=words,
        sequence=counts,
        captured_ns=counts,
        taken_ns=counts,
        not_sampled=counts,
        dropped=counts,
        kind=st.sampled_from(FrameKind),
        key_id=words,
    )
)
def test_every_header_comes_back_as_it_was_sent(sent: FrameHeader) -> None:
    assert FrameHeader.from_headers(sent.to_headers()) == sent
    assert FrameHeader.from_headers(dict(sent.to_headers())) == sent


def test_header_values_are_bytes_as_kafka_wants_them() -> None:
    assert {type(value) for _, value in header().to_headers()} == {bytes}


@pytest.mark.parametrize("version", ["0", str(SCHEMA_VERSION + 1), "99"])
def test_an_unknown_schema_version_is_poison_and_says_what_to_upgrade(version: str) -> None:
    headers = {**dict(header().to_headers()), "schema": version.encode()}

    with pytest.raises(Poison, match=f"schema version {version} is unknown.*upgrade"):
        FrameHeader.from_headers(headers)


def test_a_frame_of_an_unknown_version_is_still_counted_on_its_camera() -> None:
    with pytest.raises(UnknownSchema) as caught:
        FrameHeader.from_headers({**dict(header().to_headers()), "schema": b"2"})

    assert caught.value.header is not None
    assert (caught.value.header.camera, caught.value.header.sequence) == ("north", 7)


def test_a_frame_of_an_unknown_version_that_says_nothing_else_is_poison_all_the_same() -> None:
    with pytest.raises(UnknownSchema) as caught:
        FrameHeader.from_headers({"schema": b"2"})

    assert caught.value.header is None


@pytest.mark.parametrize("name", [name for name, _ in header().to_headers()])
def test_a_missing_header_is_poison(name: str) -> None:
    headers = dict(header().to_headers())
    del headers[name]

    with pytest.raises(Poison):
        FrameHeader.from_headers(headers)


@pytest.mark.parametrize("name", ["schema", "sequence", "captured_ns", "not_sampled", "dropped"])
@pytest.mark.parametrize("value", [b"", b"many", b"1.5", b"\xff", None])
def test_a_number_that_is_none_is_poison(name: str, value: bytes | None) -> None:
    with pytest.raises(Poison):
        FrameHeader.from_headers({**dict(header().to_headers()), name: value})


@pytest.mark.parametrize("name", ["sequence", "captured_ns", "not_sampled", "dropped"])
def test_a_negative_count_is_poison(name: str) -> None:
    with pytest.raises(Poison):
        FrameHeader.from_headers(header(**{name: -1}).to_headers())


@pytest.mark.parametrize("name", ["deployment", "camera", "session"])
def test_a_frame_that_belongs_to_nobody_is_poison(name: str) -> None:
    with pytest.raises(Poison):
        FrameHeader.from_headers(header(**{name: ""}).to_headers())


def test_an_unknown_kind_is_poison() -> None:
    with pytest.raises(Poison):
        FrameHeader.from_headers({**dict(header().to_headers()), "kind": b"rumour"})


@given(st.lists(st.tuples(st.text(max_size=12), st.binary(max_size=30) | st.none()), max_size=14))
def test_headers_of_any_origin_raise_nothing_but_poison(headers: list[tuple[str, bytes | None]]) -> None:
    with pytest.raises(Poison):
        FrameHeader.from_headers(headers)
