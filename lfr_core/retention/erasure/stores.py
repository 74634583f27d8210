"""The places where bytes of a deployment could lie, and how each is searched.

What compresses would hide bytes from a search. What was looked at: Kafka's records are as the producers send them
(none compresses); SQLite compresses nothing; Milvus Lite writes Parquet, whose pages may be packed by Snappy, but
vectors are noise to it and stay as they are (measured: the control finds them); PostgreSQL unpacks what it gives.
The control of every canary, found before deletion, shows it anew for its store. Files packed by gzip, bzip2 or xz are
unpacked here; those packed by anything else are named as not looked into.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast

from sqlalchemy import Engine, text

from lfr_core.common.errors import Fatal
from lfr_core.common.files import open_atomic, read_text_bounded
from lfr_core.retention.erasure.search import Needles, SearchResult, Unreadable, search_file, search_files
from lfr_core.storage.engine import is_sqlite, translated

__all__ = ["MARK_FILE", "ClosedStore", "FolderStore", "PostgresStore", "Store", "database_store", "say_another"]

_BATCH_ROWS = 200

_UNPACK: dict[bytes, Callable[[BinaryIO], BinaryIO]] = {
    b"\x1f\x8b": lambda file: cast("BinaryIO", gzip.GzipFile(fileobj=file)),
    b"BZh": lambda file: cast("BinaryIO", bz2.BZ2File(file)),
    b"\xfd7zXZ\x00": lambda file: cast("BinaryIO", lzma.LZMAFile(file)),  # noqa: SIM115  closed with the file below it
}
_PACKED = {b"(\xb5/\xfd": "zstd", b"PK\x03\x04": "zip", b"\x04\x22\x4d\x18": "lz4"}


MARK_FILE: Final = ".searched-before"
"""In the folder of a store: random, so that another folder in its place is known for another."""
_MARK_BYTES = 16
_LONGEST_MARK = 100


class Store(Protocol):
    """One place."""

    @property
    def name(self) -> str:
        """One word or two, as a certificate has it."""
        ...

    @property
    def what(self) -> str:
        """What of it is read, in words."""
        ...

    @property
    def limits(self) -> tuple[Unreadable, ...]:
        """What can never be read here, and why."""
        ...

    @property
    def searched(self) -> bool:
        """Whether any of it is read at all."""
        ...

    def search(self, needles: Needles) -> SearchResult:
        """Read all that can be read. Raises Retryable when a service is away."""
        ...

    def mark(self, *, make: bool = False) -> str:
        """Return what tells this place from another that was put there instead; empty where nothing does.

        `make`: give it a mark where it has none. Raises Fatal: the mark can't be read or written.
        """
        ...


@dataclass(frozen=True, slots=True)
class FolderStore:
    """Files and folders, as raw bytes."""

    name: str
    what: str
    roots: tuple[Path, ...]
    skip: tuple[Path, ...] = ()
    limits: tuple[Unreadable, ...] = ()
    searched: bool = True

    def search(self, needles: Needles) -> SearchResult:
        result = search_files(needles, self.roots, skip=self.skip)
        for path in result.packed:
            _look_inside(path, needles, result)
        return result

    def mark(self, *, make: bool = False) -> str:
        if len(self.roots) != 1 or not self.roots[0].is_dir():
            return ""
        file = self.roots[0] / MARK_FILE
        try:
            if make and not file.exists():
                with open_atomic(file) as stream:
                    stream.write(secrets.token_hex(_MARK_BYTES).encode())
            return read_text_bounded(file, _LONGEST_MARK)
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise Fatal(f"{file} can't be read or written, by which the folder is known again: {error}") from error


@dataclass(frozen=True, slots=True)
class ClosedStore:
    """A place that can't be searched from here."""

    name: str
    why: str
    what: str = "nothing"
    searched: bool = False

    @property
    def limits(self) -> tuple[Unreadable, ...]:
        return (Unreadable(self.name, self.why),)

    def search(self, needles: Needles) -> SearchResult:
        return SearchResult()

    def mark(self, *, make: bool = False) -> str:
        return ""


@dataclass(frozen=True, slots=True, eq=False)
class PostgresStore:
    """Every value of every table of ours, as the server gives it."""

    engine: Engine
    name: str = "database"
    what: str = "every value of every table, read by SQL"
    searched: bool = True
    limits: tuple[Unreadable, ...] = (
        Unreadable(
            "PostgreSQL's own files",
            "its pages, write-ahead log, replicas and backups belong to the server: dead row versions stay there "
            "until vacuum and recycling",
        ),
    )

    def search(self, needles: Needles) -> SearchResult:
        result = SearchResult()
        started = time.monotonic()
        with translated(self.engine), self.engine.connect() as connection:
            tables = connection.execute(
                text(
                    "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) FROM information_schema.tables "
                    "WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
                )
            ).scalars()
            for table in sorted(tables):
                rows = connection.execution_options(yield_per=_BATCH_ROWS).execute(
                    text(f"SELECT * FROM {table}")  # noqa: S608  the server's own names, quoted by it
                )
                for batch in rows.partitions(_BATCH_ROWS):
                    values = b"\n".join(_bytes_of(value) for row in batch for value in row)
                    result.add(search_file(needles, io.BytesIO(values), table))
                    result.files -= 1
                result.files += 1
        result.seconds = time.monotonic() - started
        return result

    def mark(self, *, make: bool = False) -> str:
        return ""


def database_store(engine: Engine) -> Store:
    """Return the records' store: SQLite's files raw, or PostgreSQL's values."""
    if not is_sqlite(engine):
        return PostgresStore(engine)
    file = Path(engine.url.database or "").resolve()
    return FolderStore(
        "database",
        "SQLite's file, its write-ahead log, shared memory and journal",
        tuple(file.with_name(file.name + end) for end in ("", "-wal", "-shm", "-journal")),
    )


def say_another(store: Store, searched: SearchResult, marks: set[str]) -> str:
    """Say why this isn't the place in which canaries were found: what isn't in another proves nothing; "" if it is.

    Args:
        store: that was searched.
        searched: what that gave.
        marks: of the place in which its canaries were found, one each; none: none was.
    """
    if marks and searched.files == 0:
        return "it has no file at all, and canaries were found there"
    if marks - {"", store.mark()}:
        return "it isn't the folder in which canaries were found: that one was moved away, or replaced"
    return ""


def _bytes_of(value: object) -> bytes:
    match value:
        case bytes():
            return value
        case memoryview():
            return value.tobytes()
        case _:
            return str(value).encode(errors="surrogatepass")


def _look_inside(path: Path, needles: Needles, result: SearchResult) -> None:
    """Unpack a packed file and search that too; name what can't be unpacked."""
    with suppress(FileNotFoundError), path.open("rb") as file:
        start = file.read(6)
        for mark, packer in _PACKED.items():
            if start.startswith(mark):
                result.unreadable.append(Unreadable(str(path), f"packed by {packer}, not looked into"))
        for mark, unpack in _UNPACK.items():
            if start.startswith(mark):
                file.seek(0)
                try:
                    result.add(search_file(needles, unpack(file), f"{path} (unpacked)"))
                except (OSError, EOFError, lzma.LZMAError) as error:
                    result.unreadable.append(Unreadable(str(path), f"packed, and damaged: {type(error).__name__}"))
