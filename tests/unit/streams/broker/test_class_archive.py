from __future__ import annotations

import os
from pathlib import Path

from streams.broker.class_archive import archive_options, kept_archive, read_options


def prepare_folder(tmp_path: Path) -> tuple[Path, Path]:
    libs = tmp_path / "kafka" / "libs"
    libs.mkdir(parents=True, mode=0o700)
    java = tmp_path / "java"
    java.write_text("", encoding="ascii")
    return libs, java


def test_an_archive_is_written_once_and_then_read(tmp_path: Path) -> None:
    libs, java = prepare_folder(tmp_path)
    kept = kept_archive(libs, java, ("-Xmx1m",))
    assert read_options(kept) == ()

    (option, *_) = archive_options(kept)
    written = Path(option.removeprefix("-XX:ArchiveClassesAtExit="))
    assert written != kept
    written.write_bytes(b"classes")

    (option, *_) = archive_options(kept)  # the next broker's
    assert option == f"-XX:SharedArchiveFile={kept}"
    assert (kept.read_bytes(), written.exists()) == (b"classes", False)
    assert kept_archive(libs, java, ("-Xmx2m",)) != kept  # other options of Java, another archive


def test_an_archive_that_a_running_broker_may_still_write_is_left_alone(tmp_path: Path) -> None:
    libs, java = prepare_folder(tmp_path)
    kept = kept_archive(libs, java, ())
    written = kept.with_suffix(f".{os.getppid()}.new")
    written.write_bytes(b"half")

    assert archive_options(kept)[0].startswith("-XX:ArchiveClassesAtExit=")
    assert (written.exists(), kept.exists()) == (True, False)


def test_an_archive_that_somebody_else_may_have_written_is_not_used(tmp_path: Path) -> None:
    libs, java = prepare_folder(tmp_path)
    kept = kept_archive(libs, java, ())
    kept.write_bytes(b"classes")
    kept.chmod(0o622)

    assert (archive_options(kept), read_options(kept)) == ((), ())


def test_a_cache_that_cannot_be_written_gets_none(tmp_path: Path) -> None:
    _, java = prepare_folder(tmp_path)
    missing = kept_archive(tmp_path / "none" / "libs", java, ())
    assert archive_options(missing) == ()
