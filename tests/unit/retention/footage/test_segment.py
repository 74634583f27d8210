"""The file of a segment: sealed, bound to its place, and readable as far as it was written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.common.errors import Poison, Refused
from lfr_core.retention.footage.segment import (
    SegmentFile,
    SegmentHeader,
    SegmentIndex,
    index_segment,
    open_record,
    segment_file,
)

KEY = bytes(range(32))
START_NS = 1_795_435_200 * 10**9
PICTURES = [b"\xff\xd8 first in the clear", b"\xff\xd8 second in the clear" * 40, b"\xff\xd8 third in the clear"]


def written(folder: Path, name: str = "a", camera: str = "north") -> Path:
    header = SegmentHeader(
        segment=name,
        key="k",
        deployment="dep",
        camera=camera,
        session="s",
        started_ns=START_NS,
        due_ns=START_NS + 31,
    )
    file = SegmentFile(folder, header, KEY)
    for number, picture in enumerate(PICTURES):
        file.append(START_NS + number, picture)
    file.close()
    return segment_file(folder, name)


def pictures(file: Path, key: bytes = KEY) -> list[bytes]:
    index = index_segment(file)
    with file.open("rb") as stream:
        return [open_record(stream, index, record, key) for record in index.records]


def test_what_is_written_is_read_again_and_stands_nowhere_in_the_clear(tmp_path: Path) -> None:
    file = written(tmp_path / "footage")

    assert pictures(file) == PICTURES
    assert [record.captured_ns - START_NS for record in index_segment(file).records] == [0, 1, 2]
    assert b"in the clear" not in file.read_bytes()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_cut_at_any_byte_it_gives_what_is_whole_and_says_what_isnt(tmp_path: Path) -> None:
    file = written(tmp_path)
    whole, content = index_segment(file), file.read_bytes()
    ends = [record.offset + record.length for record in whole.records]
    cut = tmp_path / "cut.lfrseg"
    for size in range(len(whole.header_bytes), len(content) + 1):
        cut.write_bytes(content[:size])

        index: SegmentIndex = index_segment(cut)

        complete = sum(end <= size for end in ends)
        assert len(index.records) == complete
        assert index.cut_short_bytes == size - ([len(whole.header_bytes), *ends][complete])
    for size in (0, 1, len(whole.header_bytes) - 1):
        cut.write_bytes(content[:size])
        with pytest.raises(Poison):
            index_segment(cut)


def test_a_tail_of_zeros_as_a_power_cut_leaves_it_is_no_frame(tmp_path: Path) -> None:
    file = written(tmp_path)
    with file.open("ab") as stream:
        stream.write(bytes(4096))

    assert (pictures(file), index_segment(file).cut_short_bytes) == (PICTURES, 4096)


@given(st.data())
def test_whatever_byte_is_changed_no_other_picture_comes_out(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    file = written(tmp_path_factory.mktemp("changed"))
    content = bytearray(file.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    file.write_bytes(content)

    try:
        found = pictures(file)
    except (Poison, Refused):
        return
    assert len(found) < len(PICTURES)
    assert found == PICTURES[: len(found)]


def test_a_frame_moved_to_another_segment_or_another_place_doesnt_open(tmp_path: Path) -> None:
    first, second = written(tmp_path, "a"), written(tmp_path, "b", camera="south")
    one, two = index_segment(first), index_segment(second)
    moved = tmp_path / "moved.lfrseg"
    moved.write_bytes(one.header_bytes + second.read_bytes()[len(two.header_bytes) :])
    with pytest.raises(Refused, match="don't open"):
        pictures(moved)
    start = one.records[1].offset - 12
    moved.write_bytes(one.header_bytes + first.read_bytes()[start:])  # its second frame as its first

    with pytest.raises(Refused, match="don't open"):
        pictures(moved)


def test_with_another_key_nothing_opens(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="don't open"):
        pictures(written(tmp_path), bytes(32))


def test_a_segment_is_never_written_over(tmp_path: Path) -> None:
    file = written(tmp_path)
    with pytest.raises(FileExistsError):
        written(tmp_path)

    assert pictures(file) == PICTURES


def test_of_another_version_it_is_refused_by_name(tmp_path: Path) -> None:
    file = written(tmp_path)
    file.write_bytes(file.read_bytes().replace(b'"version":1', b'"version":2', 1))

    with pytest.raises(Poison, match="version 2"):
        index_segment(file)
