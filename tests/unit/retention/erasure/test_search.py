from __future__ import annotations

import io
import os
import random
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfr_core.retention.erasure import search
from lfr_core.retention.erasure.search import (
    MIN_NEEDLE_BYTES,
    NeedleMatch,
    Needles,
    Unreadable,
    search_file,
    search_files,
)


@st.composite
def haystacks(draw: st.DrawFn) -> tuple[bytes, list[bytes], int]:
    """A text over few letters, so that near misses are many; needles cut from it and needles that aren't in it."""
    letters = draw(st.sampled_from([b"\x00\x01", b"ab", bytes(range(8)), bytes(range(256))]))
    seed = draw(st.integers(0, 2**32))
    rng = random.Random(seed)
    text = bytes(rng.choices(letters, k=draw(st.integers(0, 400))))
    needles = []
    for _ in range(draw(st.integers(1, 6))):
        length = rng.randint(MIN_NEEDLE_BYTES, 60)
        if rng.random() < 0.6 and len(text) >= length:
            start = rng.randint(0, len(text) - length)
            needles.append(text[start : start + length])
        else:
            needles.append(bytes(rng.choices(letters, k=length)))
    return text, needles, draw(st.integers(1, 130))


def naive(text: bytes, needle: bytes) -> list[int]:
    return [i for i in range(len(text) - len(needle) + 1) if text[i : i + len(needle)] == needle]


@settings(max_examples=400)
@given(haystacks())
def test_the_search_finds_what_a_naive_one_finds_however_the_text_is_cut_into_blocks(
    given: tuple[bytes, list[bytes], int],
) -> None:
    text, needles, block_bytes = given

    result = search_file(Needles(needles), io.BytesIO(text), "here", block_bytes=block_bytes)

    for index, needle in enumerate(needles):
        places = [found.offset for found in result.found if found.needle == index]
        assert sorted(places) == naive(text, needle)[:8]
    assert result.bytes_read == len(text)


def test_a_needle_is_found_at_every_offset_and_across_every_edge() -> None:
    needle = os.urandom(MIN_NEEDLE_BYTES)
    for start in range(70):
        text = bytes(start) + needle + bytes(5)
        result = search_file(Needles([needle]), io.BytesIO(text), "x", block_bytes=32)

        assert result.found == [NeedleMatch(0, "x", start)]


def test_a_short_needle_is_refused() -> None:
    with pytest.raises(ValueError, match="24 bytes"):
        Needles([b"too short"])


def test_files_are_counted_with_their_bytes_and_what_is_to_be_skipped_is_not_read(tmp_path: Path) -> None:
    needle = os.urandom(32)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "one").write_bytes(b"x" * 1000 + needle)
    (tmp_path / "two").write_bytes(b"y" * 10)
    (tmp_path / "canaries").mkdir()
    (tmp_path / "canaries" / "needles").write_bytes(needle)

    result = search_files(Needles([needle]), [tmp_path], skip=[tmp_path / "canaries"])

    assert [found.where for found in result.found] == [str(tmp_path / "deep" / "one")]
    assert (result.files, result.bytes_read) == (2, 1042)


def test_a_folder_that_does_not_exist_holds_nothing(tmp_path: Path) -> None:
    assert search_files(Needles([bytes(32)]), [tmp_path / "never"]).files == 0


def test_what_can_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "closed"
    file.write_bytes(b"secret")
    whole = Path.open

    def refusing(self: Path, *args: object, **more: object) -> object:
        if self == file:
            raise PermissionError(13, "Permission denied")
        return whole(self, *args, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refusing)  # the tests run as root, whom no mode keeps out

    assert search_files(Needles([bytes(32)]), [tmp_path]).unreadable == [Unreadable(str(file), "Permission denied")]


def test_a_link_out_of_the_searched_folders_is_named_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"z")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(outside)
    (root / "own").write_bytes(b"q")
    (root / "harmless").symlink_to(root / "own")

    result = search_files(Needles([bytes(32)]), [root])

    assert [one.where for one in result.unreadable] == [str(root / "link")]


def test_a_thousand_needles_cost_no_more_than_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "large"
    file.write_bytes(os.urandom(16 << 20))
    one, many = Needles([os.urandom(32)]), Needles([os.urandom(32) for _ in range(1000)])
    hashed = search._hashed
    looked_at: list[int] = []

    def count(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
        looked_at.append(len(words))
        return hashed(words)

    monkeypatch.setattr(search, "_hashed", count)
    read = [search_files(each, [file]).bytes_read for each in (one, many)]
    half = len(looked_at) // 2

    assert read == [16 << 20] * 2
    assert looked_at[:half] == looked_at[half:]
    assert looked_at[0] > 0
