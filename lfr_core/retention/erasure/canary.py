"""Keeps the injected canaries: which canary, under which key, due when, and the bytes to look for.

The bytes lie in one file a deployment, in `canaries` of the home folder, which no search reads; the database has
digests only. Canaries are noise and nobody's, so the file holds no personal data.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError

from lfr_core.common.errors import Fatal, Refused

__all__ = ["CanaryFile", "CanaryKind", "DataClass", "InjectedCanary", "PositiveControl", "digest_of"]


def _from_hex(value: object) -> object:
    return bytes.fromhex(value) if isinstance(value, str) else value


_Hex = Annotated[bytes, BeforeValidator(_from_hex), PlainSerializer(bytes.hex, return_type=str)]


class DataClass(StrEnum):
    """What is purged together, under one rule."""

    FRAMES = "frames"
    LIST = "list"
    ALERTS = "alerts"
    FOOTAGE = "footage"
    UPLOADS = "uploads"
    """Lists that were uploaded and wait to be compiled (`tmp/list-*`), as with all that follows: no canary goes so."""
    THUMBNAILS = "thumbnails"
    """Photographs of a list beside its quality report."""
    EXPORTS = "exports"
    """What people exported for a while."""
    ACCURACY = "accuracy"
    """Templates of a run of the laboratory."""
    SOURCE = "source"
    """The folder that a list was compiled from, which is the force's own: it isn't read at all."""

    @property
    def words(self) -> str:
        """For people."""
        return {
            DataClass.UPLOADS: "uploaded lists that wait",
            DataClass.THUMBNAILS: "photographs beside quality reports",
            DataClass.EXPORTS: "exports",
            DataClass.ACCURACY: "templates of the laboratory",
            DataClass.SOURCE: "the folder that the list came from",
        }.get(self, self.value)


class CanaryKind(StrEnum):
    """What a canary stands for."""

    TEMPLATE = "template"
    """A vector in the gallery."""
    REFERENCE = "reference"
    """A watchlist's crop, in the database."""
    FRAME = "frame"
    """A sealed frame in the broker."""
    SIGHTING = "sighting"
    """A sealed probe crop in the broker, between recogniser and recorder."""
    ALERT = "alert"
    """A sealed probe crop in the database."""
    FOOTAGE = "footage"
    """A sealed segment in the footage store."""

    @property
    def data_class(self) -> DataClass:
        return {
            CanaryKind.TEMPLATE: DataClass.LIST,
            CanaryKind.REFERENCE: DataClass.LIST,
            CanaryKind.FRAME: DataClass.FRAMES,
            CanaryKind.SIGHTING: DataClass.ALERTS,
            CanaryKind.ALERT: DataClass.ALERTS,
            CanaryKind.FOOTAGE: DataClass.FOOTAGE,
        }[self]


class PositiveControl(StrEnum):
    """Whether the search right after the injection found the stored form: else its silence later proves nothing."""

    FOUND = "found"
    MISSED = "missed"
    NOT_SEARCHED = "not_searched"
    """The store can't be searched (an external service), so there is nothing to compare with."""
    PENDING = "pending"
    """No search has been made yet."""


class InjectedCanary(BaseModel):
    """One canary in one store."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    kind: CanaryKind
    deployment: str
    store: str
    """Name of the store it was put into."""
    planted_ns: int
    due_ns: int | None
    """When it must be gone or unopenable; None: when the deployment has ended."""
    key_id: str = ""
    """The key that the stored form is sealed under; empty if only removal makes it go."""
    key_fingerprint: str = ""
    clear: tuple[_Hex, ...]
    """Needles that must be nowhere, ever."""
    stored: tuple[_Hex, ...]
    """Needles of what really lies in the store."""
    control: PositiveControl = PositiveControl.PENDING
    mark: str = ""
    """Of the folder in which the control was found (`FolderStore.mark`); empty: it has none."""

    def is_due(self, now_ns: int, ended_ns: int | None) -> bool:
        """Return whether it must be gone by `now_ns`, for a deployment that ended at `ended_ns` (None: it hasn't)."""
        due = ended_ns if self.due_ns is None else self.due_ns
        return due is not None and now_ns >= due


class _Contents(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    planted: tuple[InjectedCanary, ...] = ()


def digest_of(needles: Sequence[bytes]) -> str:
    """Compute SHA-256 of needles, each with its length in front, hexadecimal."""
    sha = hashlib.sha256()
    for needle in needles:
        sha.update(len(needle).to_bytes(4, "big") + needle)
    return sha.hexdigest()


class CanaryFile:
    """The canaries of one deployment. Written as a whole: a reader sees the old or the new."""

    def __init__(self, folder: Path, deployment: str) -> None:
        self.path = folder / f"{deployment}.json"

    def read(self) -> tuple[InjectedCanary, ...]:
        """Return the injected canaries; nothing if the file isn't there.

        Raises:
            Fatal: the file can't be read, or isn't one of ours.
        """
        try:
            return _Contents.model_validate_json(self.path.read_bytes()).planted
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise Fatal(f"the canaries in {self.path} can't be read: {error.strerror}") from error
        except ValidationError as error:
            raise Fatal(
                f"{self.path} is damaged ({error.error_count()} faults): nothing can be certified for this deployment"
            ) from error

    def require(self) -> tuple[InjectedCanary, ...]:
        """Return the injected canaries. Raises Refused `erasure.no-canaries` when nothing was; Fatal as `read` does."""
        if not (injected := self.read()):
            raise Refused(
                "erasure.no-canaries",
                f"no canary was injected for {self.path.stem}, so that a search would prove nothing: "
                f"`lfr erasure inject {self.path.stem}` while it is live",
            )
        return injected

    def put(self, injected: Iterable[InjectedCanary]) -> None:
        """Add canaries, or replace those with the same id. Raises Fatal when the file can't be written."""
        known = {one.id: one for one in self.read()} | {one.id: one for one in injected}
        contents = _Contents(planted=tuple(known.values()))
        beside = self.path.with_suffix(f".{os.getpid()}.new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
                out.write(contents.model_dump_json().encode())
                out.flush()
                os.fsync(out.fileno())
            beside.replace(self.path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise Fatal(f"the canaries can't be written to {self.path}: {error.strerror}") from error
