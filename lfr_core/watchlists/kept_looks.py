"""What was found in the photographs of a list that is being compiled, kept so that a killed compile goes on.

One file for each deployment, below the home folder's `tmp`: sealed under the list's key, removed when the compile comes
to its end, whatever that is, and by the sweep once nobody has touched it for the hours of temporary files. What a kill
cut off, or doesn't open, is left away and looked at anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import IO, Final, Protocol

import numpy as np

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.vault.sealing import binding, open_sealed, seal
from lfr_core.domain.policy import Policy
from lfr_core.domain.watchlists import RefusalReason
from lfr_core.recognition.faces.types import FaceEngine, Quality
from lfr_core.recognition.gallery.checks import gallery_name
from lfr_core.watchlists.face_choices import FaceChoice
from lfr_core.watchlists.photographs import Photograph, Unusable, look_at_bytes, read_photograph

__all__ = ["CROPS_DROPPED", "NOTHING_KEPT", "KeptLooks", "SealedLooks", "keep_looks", "look_once", "nothing_kept"]

_FORM: Final = 3
"""Rises when a photograph is looked at otherwise, so that what was found before isn't taken."""
_LENGTHS: Final = struct.Struct(">II")  # of the words, of the template
_SIZE: Final = struct.Struct(">I")
_MOST_BYTES: Final = 1_000_000
"""Of one photograph's: a template and a crop of 256 x 256."""
Look = Photograph | Unusable


class KeptLooks(Protocol):
    """What was found, by a name made of all that it depends on. For several threads."""

    def find(self, name: str) -> Look | None: ...

    def keep(self, name: str, look: Look) -> Look:
        """Keep it, and return it as `find` would, its crop read where it is asked for."""
        ...


class NothingKept:
    """Keeps nothing on the disk; crops stay in the memory."""

    def find(self, name: str) -> Look | None:
        return None

    def keep(self, name: str, look: Look) -> Look:
        return look


NOTHING_KEPT: Final = NothingKept()


class CropsDropped(NothingKept):
    """Keeps nothing, crops neither: of a check, which leaves nothing behind, and whose memory thousands would fill."""

    def keep(self, name: str, look: Look) -> Look:
        return look if isinstance(look, Unusable) else replace(look, read_crop=_no_crop)


CROPS_DROPPED: Final = CropsDropped()


def _no_crop() -> bytes:
    raise LookupError("a check keeps no crops: give the deployment that they are for")


def nothing_kept(_deployment: str) -> AbstractContextManager[KeptLooks]:
    """Open what keeps nothing."""
    return nullcontext(NOTHING_KEPT)


class SealedLooks:
    """Appends each look to a file, sealed under the list's key, and reads what an earlier compile left there.

    Crops stay in the file until somebody asks for them: the memory of a long list is that of its templates.
    """

    def __init__(self, file: IO[bytes], key: bytes, deployment: str) -> None:
        """`file`: open for reading and writing."""
        self._file, self._key = file, key
        self._bound = binding("looks", _FORM, deployment)
        self._lock = threading.Lock()
        self._places: dict[str, tuple[int, int]] = {}
        """Where in the file the sealed look of a name begins, and how many bytes it has."""
        self._end = 0
        while (place := self._next_place()) is not None:
            try:
                name, _ = _unpacked(self._opened(*place))
            except Refused:  # cut off, or of another key
                break
            self._places[name] = place
            self._end = sum(place)
        file.seek(self._end)
        file.truncate()

    def __len__(self) -> int:
        return len(self._places)

    def find(self, name: str) -> Look | None:
        place = self._places.get(name)
        return None if place is None else self._look_at(*place)

    def keep(self, name: str, look: Look) -> Look:
        """Append it. Raises Retryable where it can't be written."""
        sealed = seal(self._key, _packed(name, look), self._bound)
        try:
            with self._lock:
                self._file.seek(self._end)
                self._file.write(_SIZE.pack(len(sealed)) + sealed)
                self._file.flush()
                place = self._end + _SIZE.size, len(sealed)
                self._end = sum(place)
        except OSError as error:
            raise Retryable(
                f"what was found in the list's photographs can't be kept: {error.strerror}. Make free space"
            ) from error
        self._places[name] = place
        return look if isinstance(look, Unusable) else replace(look, read_crop=partial(self._crop_at, *place))

    def _look_at(self, at: int, size: int) -> Look:
        _, look = _unpacked(self._opened(at, size))
        return look if isinstance(look, Unusable) else replace(look, read_crop=partial(self._crop_at, at, size))

    def _crop_at(self, at: int, size: int) -> bytes:
        _, look = _unpacked(self._opened(at, size))
        assert isinstance(look, Photograph)
        return look.crop_jpeg

    def _opened(self, at: int, size: int) -> bytes:
        with self._lock:
            self._file.seek(at)
            sealed = self._file.read(size)
        return open_sealed(self._key, sealed, self._bound)

    def _next_place(self) -> tuple[int, int] | None:
        self._file.seek(self._end)
        size = self._file.read(_SIZE.size)
        if len(size) < _SIZE.size or (length := _SIZE.unpack(size)[0]) >= _MOST_BYTES:
            return None
        return self._end + _SIZE.size, length


@contextmanager
def keep_looks(folder: Path, deployment: str, key: bytes) -> Iterator[SealedLooks]:
    """Keep looks in a file of `folder` until the end of the block, and after it only where a service is away.

    key: of the deployment's list.

    Raises:
        Retryable: the file can't be written, or the list is being compiled already.
    """
    file = folder / f"{gallery_name(deployment)}.looks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        opened = file.open("r+b" if file.exists() else "x+b")
    except OSError as error:
        raise Retryable(f"{file} can't be written: {error.strerror}. Mend its owner or mode") from error
    with opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)  # until it is closed, or its process is gone
        except OSError as error:
            raise Retryable(f"the list of {deployment} is being compiled already: wait until that has ended") from error
        try:
            yield SealedLooks(opened, key, deployment)
        except Retryable:
            raise
        except Exception:
            _remove(file)
            raise
        _remove(file)


def look_once(
    folder: Path,
    photograph: str,
    engine: FaceEngine,
    policy: Policy,
    choices: Mapping[str, FaceChoice],
    kept: KeptLooks,
) -> Photograph:
    """Return the face of one photograph: as it was found before, where nothing has changed since, or by looking at it.

    Raises:
        Unusable: with the reason.
        Retryable: what was found can't be kept.
    """
    data = read_photograph(folder, photograph)
    sha256 = hashlib.sha256(data).hexdigest()
    choice = choices.get(sha256)
    asked = policy.model_dump_json(include={"faces", "images"})
    depends_on = "\n".join((sha256, engine.contract_id, asked, repr(choice)))
    name = hashlib.sha256(depends_on.encode()).hexdigest()
    look = kept.find(name)
    if look is None:
        try:
            look = look_at_bytes(data, sha256, engine, policy, choice)
        except Unusable as unusable:
            look = unusable
        look = kept.keep(name, look)
    if isinstance(look, Unusable):
        raise Unusable(look.reason, str(look))
    return look


def _remove(file: Path) -> None:
    with suppress(OSError):  # the sweep does
        file.unlink()


def _packed(name: str, look: Look) -> bytes:
    if isinstance(look, Unusable):
        words, template, crop = {"of": name, "reason": look.reason.value, "why": str(look)}, b"", b""
    else:
        quality = {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in asdict(look.quality).items()
        }
        words = {"of": name, "sha256": look.sha256, "quality": quality, "notes": look.notes}  # type: ignore[dict-item]
        template, crop = np.asarray(look.template, np.float32).tobytes(), look.crop_jpeg
    head = json.dumps(words).encode()
    return _LENGTHS.pack(len(head), len(template)) + head + template + crop


def _unpacked(plain: bytes) -> tuple[str, Look]:
    head, template = _LENGTHS.unpack_from(plain)
    at = _LENGTHS.size
    words = json.loads(plain[at : at + head])
    if "reason" in words:
        return words["of"], Unusable(RefusalReason(words["reason"]), words["why"])
    at += head
    crop = plain[at + template :]
    return words["of"], Photograph(
        sha256=words["sha256"],
        template=np.frombuffer(plain[at : at + template], np.float32),
        read_crop=lambda: crop,
        quality=Quality(**words["quality"]),
        notes=tuple(words["notes"]),
    )
