"""Apache Kafka's jars: resolved by Maven into the cache, each compared with our own list before it is run.

`python -m streams.broker.jars` fetches what is missing and verifies; `--write` writes the list anew after a
reviewed change of `infra/kafka/pom.xml`.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from lfr_core.common.downloads import run_downloader
from lfr_core.common.errors import Fatal, Retryable

__all__ = [
    "KAFKA_FOLDER",
    "MIN_JAVA",
    "check_jars",
    "ensure_jars",
    "find_jar_faults",
    "has_jars",
    "java_major",
    "libs_folder",
    "read_list",
]

KAFKA_FOLDER = Path(__file__).resolve().parents[2] / "infra" / "kafka"
MIN_JAVA = 17
"""Apache Kafka 4 brokers need Java 17."""

_MAVEN_DEADLINE_S = 600.0  # 43 MB; a slow line is the reason


def libs_folder(cache: Path) -> Path:
    """Return where the jars lie under `Settings().cache`."""
    return cache / "kafka" / "libs"


def read_list(path: Path = KAFKA_FOLDER / "jars.sha256") -> dict[str, str]:
    """Read jar name to sha256 (hexadecimal), from lines as `sha256sum` writes them.

    Raises:
        Fatal: the list is missing or a line isn't one.
    """
    try:
        lines = [line.split() for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
        if any(len(parts) != 2 or not re.fullmatch("[0-9a-f]{64}", parts[0]) for parts in lines):
            raise Fatal(f"{path} holds a line that isn't `sha256  name`; restore it from the repository")
        return {name: digest for digest, name in lines}
    except (OSError, UnicodeDecodeError) as error:
        raise Fatal(f"the list of Kafka's jars can't be read: {error}; restore {path} from the repository") from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def has_jars(libs: Path) -> bool:
    """Return whether any jar lies there (`check_jars` says whether they are the right ones)."""
    try:
        return libs.is_dir() and any(libs.glob("*.jar"))
    except PermissionError:  # another user's cache: there are none for this one
        return False


def find_jar_faults(libs: Path, expected: Mapping[str, str]) -> list[str]:
    """Say what is wrong with the jars in `libs`: missing, unknown or changed ones, each in words. Empty: all right."""
    found = {path.name: path for path in libs.iterdir()} if libs.is_dir() else {}
    return [
        *(f"{name} is missing" for name in sorted(expected.keys() - found.keys())),
        *(f"{name} is unknown" for name in sorted(found.keys() - expected.keys())),
        *(
            f"{name} isn't the file we pinned"
            for name in sorted(expected.keys() & found.keys())
            if _digest(found[name]) != expected[name]
        ),
    ]


def check_jars(libs: Path, expected: Mapping[str, str] | None = None) -> None:
    """Compare the jars in `libs` with the list.

    Raises:
        Fatal: a jar is missing, unknown or changed; nothing of the folder may be run.
    """
    faults = find_jar_faults(libs, read_list() if expected is None else expected)
    if faults:
        more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""  # three name the trouble
        raise Fatal(
            f"Kafka's jars in {libs} are refused: {'; '.join(faults[:3])}{more}. "
            "Delete that folder and run `make setup` (or `python -m streams.broker.jars`)."
        )


def java_major(java: str | None = None) -> int | None:
    """Return the major version of the Java on the path (17, 21, ...), or None if there is none that starts."""
    program = java or shutil.which("java")
    if program is None:
        return None
    try:
        answer = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', answer.stderr + answer.stdout)
    return int(found.group(1)) if found else None


def ensure_jars(cache: Path, say: Callable[[str], None] = lambda _: None) -> Path:
    """Return the folder of verified jars; Maven resolves them first if there are none.

    Raises:
        Retryable: Maven couldn't get them (no line, registry away).
        Fatal: there is no Maven, or a jar isn't the one we pinned.
    """
    libs = libs_folder(cache)
    if not has_jars(libs):
        _resolve(libs, say)
    check_jars(libs)
    return libs


def _resolve(libs: Path, say: Callable[[str], None]) -> None:
    """Let Maven copy the pinned jars beside `libs`, then move them there in one step."""
    maven = shutil.which("mvn")
    if maven is None:
        raise Fatal("Apache Kafka's jars aren't here and Maven isn't either: install Maven, or set LFR_BROKER=tansu")
    say("resolving Apache Kafka's jars with Maven (43 MB)")
    part = libs.with_name("libs.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    command = [
        *(maven, "-q", "-B", "-f", str(KAFKA_FOLDER / "pom.xml")),
        *("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={part}"),
    ]
    late = f"Maven didn't finish within {_MAVEN_DEADLINE_S:.0f} s: check the network, then again"
    done = run_downloader(command, limit_s=_MAVEN_DEADLINE_S, late=late)
    if done.returncode != 0:
        reason = next((line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line), "no reason given")
        raise Retryable(
            f"Maven couldn't fetch the broker's programs: {reason.strip()[:400]}. Check the network, then again"
        )
    shutil.rmtree(libs, ignore_errors=True)
    part.rename(libs)


def _main(arguments: list[str]) -> int:
    from lfr_core.common.settings import Settings

    libs = libs_folder(Settings().cache)
    if "--write" in arguments:
        _resolve(libs, print)
        lines = (f"{_digest(path)}  {path.name}\n" for path in libs.glob("*.jar"))
        (KAFKA_FOLDER / "jars.sha256").write_text("".join(sorted(lines, key=lambda line: line[66:])), encoding="ascii")
        return 0
    try:
        folder = ensure_jars(Settings().cache, print)
    except (Fatal, Retryable) as error:
        sys.stderr.write(f"error {error}\n")
        return error.exit_code
    sys.stdout.write(f"{len(list(folder.iterdir()))} jars verified in {folder}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
