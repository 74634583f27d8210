"""An uploaded list becomes a folder that the reader of lists takes; what could do harm is refused in a sentence."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from lfr_core.common.errors import Poison
from lfr_core.watchlists import upload
from lfr_core.watchlists.upload import LeftOut, StagedUpload, UploadedFile, stage_upload


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def given(name: str, content: bytes) -> UploadedFile:
    return UploadedFile(name, lambda: io.BytesIO(content))


def tree(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in sorted(folder.rglob("*")) if each.is_file()}


EXPECTED = {"photos/a.jpg": b"jpeg", "watchlist.csv": b"subject"}


@pytest.mark.parametrize(
    "files",
    [
        [given("list.zip", zipped(**{"watchlist.csv": b"subject", "photos/a.jpg": b"jpeg"}))],
        [given("x.zip", zipped(**{"High Street/High Street.CSV": b"subject", "High Street/photos/a.jpg": b"jpeg"}))],
        [given("list/watchlist.csv", b"subject"), given("list/photos/a.jpg", b"jpeg")],
        [given("list.csv", b"subject"), given("photos.zip", zipped(**{"photos/a.jpg": b"jpeg"}))],
        [
            given("watchlist.csv", b"subject"),
            given("photos\\a.jpg", b"jpeg"),
            given("__MACOSX/._a.jpg", b"?"),
            given(".DS_Store", b"?"),
            given("photos/Thumbs.db", b"?"),
        ],
    ],
    ids=["zip", "folder in a zip", "folder", "spreadsheet beside a zip", "with a computer's own files"],
)
def test_a_zip_a_folder_or_files_become_one_folder_for_the_reader(files: list[UploadedFile], tmp_path: Path) -> None:
    staged = stage_upload(files, tmp_path)

    assert (staged, tree(tmp_path)) == (StagedUpload(1, ()), EXPECTED)
    assert all(each.stat().st_mode & 0o077 == 0 for each in tmp_path.rglob("*"))


@pytest.mark.parametrize("name", ["Zoë.jpg", "Łódź/Kraków.jpg", "写真.jpg"])
def test_names_in_the_zip_of_a_mac_which_does_not_say_that_they_are_utf_8_are_read(name: str, tmp_path: Path) -> None:
    utf_8 = 0x0800
    packed = bytearray(zipped(**{"watchlist.csv": b"subject", name: b"jpeg"}))
    for start, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = packed.rindex(start) + flags
        assert int.from_bytes(packed[at : at + 2], "little") == utf_8
        packed[at : at + 2] = bytes(2)

    stage_upload([given("list.zip", bytes(packed))], tmp_path)

    assert set(tree(tmp_path)) == {name, "watchlist.csv"}


def test_what_is_neither_the_list_nor_a_photograph_is_named_with_the_reason(tmp_path: Path) -> None:
    content = zipped(**{"x/watchlist.csv": b"subject", "x/a.jpg": b"jpeg", "x/notes.md": b"?", "x/y/b.pdf": b"?"})
    staged = stage_upload([given("list.zip", content), given("doc.md", b"?"), given("z/b.jpg", b"jpeg")], tmp_path)

    assert staged == StagedUpload(
        1,
        (
            LeftOut("x/notes.md", "it is no photograph"),
            LeftOut("x/y/b.pdf", "it is no photograph"),
            LeftOut("doc.md", "it lies outside the folder of watchlist.csv"),
            LeftOut("z/b.jpg", "it lies outside the folder of watchlist.csv"),
        ),
    )


def test_a_zip_whose_directory_is_endless_is_refused_before_it_is_read(tmp_path: Path) -> None:
    content = bytearray(zipped(**{"watchlist.csv": b"subject"}))
    end = content.rfind(b"PK\x05\x06")
    content[end + 12 : end + 16] = (upload._LARGEST_DIRECTORY + 1).to_bytes(4, "little")
    with pytest.raises(Poison, match="split the list"):
        stage_upload([given("list.zip", bytes(content))], tmp_path)

    content[end + 12 : end + 16] = b"\xff" * 4  # Zip64 says it
    content[end:end] = b"PK\x06\x06" + b"\0" * 36 + (2**40).to_bytes(8, "little") + b"\0" * 8
    with pytest.raises(Poison, match="split the list"):
        stage_upload([given("list.zip", bytes(content))], tmp_path)


@pytest.mark.parametrize(
    ("files", "output"),
    [
        ([given("a.jpg", b"jpeg")], "there is no list among the files"),
        ([given("one.csv", b""), given("two.xlsx", b"")], "several files may be the list"),
        ([given("l.zip", b"PK, but no zip")], "no zip that can be read"),
        ([given("l.zip", zipped(**{"../../up.jpg": b"x"}))], "lies outside the folder"),
        ([given("/etc/watchlist.csv", b"x")], "lies outside the folder"),
        ([given("watchlist.csv", b"x"), given("watchlist.csv", b"y")], "several files may be the list"),
        ([given("watchlist.csv", b"x"), given("a.jpg", b"x"), given("a.jpg", b"y")], "is there twice"),
        ([given("/".join("abcdefghijklmn") + "/watchlist.csv", b"x")], "folders deep"),
    ],
)
def test_what_is_no_list_is_refused_with_what_to_do(files: list[UploadedFile], output: str, tmp_path: Path) -> None:
    with pytest.raises(Poison, match=output):
        stage_upload(files, tmp_path)


def damaged(content: bytes, mark: bytes, after: int, value: bytes) -> bytes:
    """`content` with `value` in the place `after` bytes behind the last `mark`."""
    at = content.rfind(mark) + after
    return content[:at] + value + content[at + len(value) :]


LIST = zipped(**{"watchlist.csv": b"subject"})
DIRECTORY, END = b"PK\x01\x02", b"PK\x05\x06"


@pytest.mark.parametrize(
    "content",
    [
        damaged(LIST, END, 16, (2**31).to_bytes(4, "little")),  # a directory far behind the end: the files lie before 0
        damaged(damaged(LIST, DIRECTORY, 28, b"\0\0"), DIRECTORY, 30, (13).to_bytes(2, "little")),  # no name
        damaged(LIST, DIRECTORY, 10, (99).to_bytes(2, "little")),  # a method that there isn't
        damaged(LIST, b"PK\x03\x04", 30, b"other"),  # called otherwise in its own header
        damaged(LIST, DIRECTORY, 16, b"\0\0\0\0"),  # another checksum
    ],
)
def test_a_zip_whose_directory_is_damaged_is_refused_like_any_other(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(Poison, match="make it again"):
        stage_upload([given("list.zip", content)], tmp_path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_whose_kilobytes_the_library_would_unpack_to_gigabytes_at_once_is_refused_unread(
    method: int, tmp_path: Path
) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", method) as archive:
        archive.writestr("watchlist.csv", b"subject")
        archive.writestr("a.jpg", b"\0" * 30_000_000)

    tracemalloc.start()
    with pytest.raises(Poison, match="of an unusual kind"):
        stage_upload([given("bomb.zip", bomb.getvalue())], tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert len(bomb.getvalue()) < 10_000
    assert peak < 3_000_000


@pytest.mark.parametrize(
    "paths",
    [["n" * 300 + ".jpg"], ["a", "a/b.jpg"], ["a/b.jpg", "a"], ["half \ud800.jpg"]],
    ids=["too long", "a folder below a file", "a file above a folder", "half a character"],
)
def test_a_name_that_no_file_can_have_is_the_upload_s_fault_and_not_the_disk_s(
    paths: list[str], tmp_path: Path
) -> None:
    files = [given("watchlist.csv", b"subject"), *(given(path, b"jpeg") for path in paths)]

    with pytest.raises(Poison, match=r"upload it (again|once)"):
        stage_upload(files, tmp_path)


def test_a_zip_that_unpacks_to_more_than_is_taken_is_refused_before_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "IMAGE_BYTES", 1_000)
    bomb = zipped(**{"watchlist.csv": b"x", "a.jpg": b"\0" * 10_000_000})

    with pytest.raises(Poison, match="too large"):
        stage_upload([given("bomb.zip", bomb)], tmp_path)

    assert sum(each.stat().st_size for each in tmp_path.rglob("*") if each.is_file()) <= 1_000
