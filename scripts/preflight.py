"""Look at the machine before anything is downloaded. Standard library only; reads, changes nothing."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DEFAULT_PORTS", "Needs", "PreflightFinding", "environment_of", "inspect"]

MB = 1024 * 1024

DEFAULT_PORTS = {
    "LFR_KAFKA_PORT": 9392,
    "LFR_KAFKA_CONTROLLER_PORT": 9393,
    "LFR_MILVUS_PORT": 19530,
    "LFR_OPERATOR_PORT": 8501,
    "LFR_PUBLIC_PORT": 8502,
    "LFR_PREFECT_PORT": 4210,
    "LFR_IDENTITY_PORT": 4220,
}
"""The loopback ports of lfr_core.common.settings.Settings; a test keeps the two alike."""

HIGHEST_PORT = 65_535
SPARE_DISK_MB = 500  # a running demonstration or test run writes about this much below var/ and the temp folder
MIN_MEMORY_MB = 2_600  # `lfr up` idle with one worker: 1,870; then open pages 200 each, and a flow's run 300
COMFORTABLE_MEMORY_MB = 4_000  # with a browser beside it


@dataclass(frozen=True)
class Needs:
    """What is about to happen. Sizes in MB of 1024 * 1024 bytes."""

    disk_mb: int
    package_cache_mb: int
    """What uv's cache holds besides; free where it shares a file system with the project (hard links)."""
    installs: bool
    serves: bool
    """Whether the whole system starts next, so that it must fit in memory."""
    ports: tuple[str, ...] = ()
    """The settings of ports that must be free for it."""


@dataclass(frozen=True)
class PreflightFinding:
    """Something that stands in the way (`fatal`) or might, and what to do about it."""

    fatal: bool
    text: str
    advice: str


def environment_of(root: Path, env: dict[str, str]) -> dict[str, str]:
    """Return the environment the installers run in: the user's own, with what keeps everything below `root`.

    `.env`, or the file that LFR_ENV_FILE names, adds LFR_ settings that the environment doesn't have, as
    lfr_core.common.settings_file reads them. An activated virtual environment of another project is not ours, so
    VIRTUAL_ENV goes.
    """
    made = dict(env)
    dotenv = Path(env.get("LFR_ENV_FILE", root / ".env"))
    if dotenv.is_file():
        for line in dotenv.read_text(encoding="utf-8").splitlines():
            name, equals, value = line.strip().removeprefix("export ").partition("=")
            if equals and name.strip().startswith("LFR_"):
                made.setdefault(name.strip(), value.strip().strip("'\""))
    made.pop("VIRTUAL_ENV", None)
    made.setdefault("UV_PYTHON_DOWNLOADS", "never")  # a bare machine brings its own Python
    made.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    if _device(package_cache(made)) != _device(root):
        made.setdefault("UV_LINK_MODE", "copy")  # hard links can't cross file systems; uv would warn, then copy
    return made


def package_cache(env: Mapping[str, str]) -> Path:
    """Where uv keeps what it downloaded."""
    if "UV_CACHE_DIR" in env:
        return Path(env["UV_CACHE_DIR"])
    return Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "uv"


def inspect(root: Path, env: Mapping[str, str], needs: Needs) -> list[PreflightFinding]:
    """Everything that stands in the way, so that a person can mend it all at once."""
    findings: list[PreflightFinding] = []
    if needs.installs:
        findings += check_python() + check_write_access(root) + check_disk(root, env, needs)
    if needs.installs or needs.serves:
        findings += check_memory(available_memory_mb(), needs)
    return findings + check_ports(env, needs.ports)


def check_python() -> list[PreflightFinding]:
    """Whether this Python can make virtual environments (Debian packages that apart)."""
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if not missing:
        return []
    return [
        PreflightFinding(
            fatal=True,
            text=f"this Python lacks the standard module {' and '.join(missing)}",
            advice="On Debian and Ubuntu: apt-get install python3-venv",
        )
    ]


def check_write_access(root: Path) -> list[PreflightFinding]:
    """Whether files can be made below `root`, found out by making one."""
    try:
        with tempfile.TemporaryFile(dir=root):
            return []
    except OSError as error:
        return [
            PreflightFinding(
                fatal=True,
                text=f"nothing can be written below {root}: {error.strerror}",
                advice="Clone into a folder of your own, or mend its permissions.",
            )
        ]


def check_disk(root: Path, env: Mapping[str, str], needs: Needs) -> list[PreflightFinding]:
    """Whether the file systems of the project and of uv's cache have free space."""
    cache = _nearest(package_cache(env))
    together = _device(cache) == _device(root)
    wanted = {root: needs.disk_mb + SPARE_DISK_MB}
    if not together:
        wanted[cache] = needs.package_cache_mb
    findings = []
    for folder, megabytes in wanted.items():
        free = shutil.disk_usage(folder).free // MB
        if free < megabytes:
            findings.append(
                PreflightFinding(
                    fatal=True,
                    text=f"{megabytes:,} MB are needed below {folder} and {free:,} MB are free",
                    advice="Free some space, or clone to a larger disk (uv's cache moves with UV_CACHE_DIR).",
                )
            )
    return findings


def check_memory(available_mb: int | None, needs: Needs) -> list[PreflightFinding]:
    """Whether the servers fit in memory; None (not known on this system) passes."""
    if available_mb is None or available_mb >= COMFORTABLE_MEMORY_MB:
        return []
    text = f"{available_mb:,} MB of memory are available; the whole system needs {MIN_MEMORY_MB:,} MB"
    if available_mb < MIN_MEMORY_MB:
        return [PreflightFinding(fatal=needs.serves, text=text, advice="Close some programs, or use a larger machine.")]
    return [PreflightFinding(fatal=False, text=text, advice="It will fit, but a browser beside it may make it slow.")]


def check_ports(env: Mapping[str, str], names: Iterable[str]) -> list[PreflightFinding]:
    """Whether the ports that the settings `names` give are free on the loopback address."""
    elsewhere = set()
    if env.get("LFR_KAFKA_SERVERS"):  # somebody else's broker: none is started here
        elsewhere |= {"LFR_KAFKA_PORT", "LFR_KAFKA_CONTROLLER_PORT"}
    if env.get("LFR_MILVUS_URI"):
        elsewhere.add("LFR_MILVUS_PORT")
    findings = []
    for name in names:
        if name in elsewhere:
            continue
        text = env.get(name, str(DEFAULT_PORTS[name]))
        if not (text.isdigit() and 0 < int(text) <= HIGHEST_PORT):
            findings.append(
                PreflightFinding(fatal=True, text=f"{name}={text} is no port", advice="Set a number from 1 to 65535.")
            )
        elif not _port_is_free(int(text)):
            findings.append(
                PreflightFinding(
                    fatal=True,
                    text=f"port {text} is taken",
                    advice=f"If OpenLFR itself runs, stop it with make down; else set {name} to a free port.",
                )
            )
    return findings


def available_memory_mb() -> int | None:
    """Memory that could be used now: the machine's, or the container's limit if that is lower."""
    meminfo = Path("/proc/meminfo")
    if not meminfo.is_file():
        return None
    lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines() if ":" in line)
    available = int(lines.get("MemAvailable", "0 kB").split()[0]) // 1024 or None
    limit = Path("/sys/fs/cgroup/memory.max")
    if available is not None and limit.is_file():
        text = limit.read_text().strip()
        if text.isdigit():
            available = min(available, int(text) // MB)
    return available


def _port_is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free for a server
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _nearest(folder: Path) -> Path:
    """`folder`, or the nearest parent that exists."""
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return folder


def _device(folder: Path) -> int:
    return _nearest(folder).stat().st_dev
