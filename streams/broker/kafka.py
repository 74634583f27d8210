"""Apache Kafka as one process on loopback: its configuration, its storage, its command.

Run as a program (`python -m streams.broker.kafka --folder ...`) it verifies the jars, formats the storage the first
time, and then *becomes* the broker by exec, so that whoever started it owns the broker's own process. Started
again on the same folder, after SIGTERM or SIGKILL, it goes on with the data that is there.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from lfr_core.common.errors import Fatal, LfrError
from lfr_core.custody.vault.files import remove_private, write_private
from streams.broker.class_archive import archive_options, kept_archive, read_options
from streams.broker.connection import SCRAM
from streams.broker.jars import KAFKA_FOLDER, MIN_JAVA, check_jars, java_major
from streams.broker.properties import property_value
from streams.broker.users import BROKER_LOGIN, BrokerLogin, User, make_logins

__all__ = ["KafkaNode", "broker_command", "java_command", "prepare"]

_FORMAT_DEADLINE_S = 60.0
_JVM = (
    # 220 MB resident instead of 320 MB, and up as quickly (docs/facts.md#brokers)
    *("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
    "-XX:+ExitOnOutOfMemoryError",  # a broker without memory hangs; one that died is restarted
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
)


@dataclass(frozen=True, slots=True)
class KafkaNode:
    """Where a one-node Kafka keeps its data and listens (127.0.0.1 only)."""

    folder: Path
    """Its own folder: configuration, cluster id, log segments."""
    port: int
    controller_port: int
    libs: Path
    """The folder of jars."""
    logins: Path
    """The folder of its users' logins, made at the first start (`streams.broker.users`)."""

    @property
    def config(self) -> Path:
        return self.folder / "server.properties"

    @property
    def log_dir(self) -> Path:
        """The segments: where the bytes of every record are."""
        return self.folder / "data"


def broker_command(node: KafkaNode) -> tuple[str, ...]:
    """Return the command that runs `node`, with this Python."""
    return (
        *(sys.executable, "-m", "streams.broker.kafka"),
        *("--folder", str(node.folder), "--libs", str(node.libs), "--logins", str(node.logins)),
        *("--port", str(node.port), "--controller-port", str(node.controller_port)),
    )


def java_command(node: KafkaNode, java: str) -> tuple[str, ...]:
    """Return what `broker_command` turns into."""
    archive = archive_options(kept_archive(node.libs, Path(java), _JVM))
    return (java, *_JVM, *archive, "-cp", f"{node.libs}/*", "kafka.Kafka", str(node.config))


def prepare(node: KafkaNode) -> str:
    """Verify the jars, write the configuration, format the storage once. Gives the Java to use.

    Raises:
        Fatal: no Java 17, a jar isn't ours, the folder can't be written or the storage can't be formatted.
    """
    java = shutil.which("java")
    major = java_major(java) if java else None
    if java is None or major is None or major < MIN_JAVA:
        raise Fatal(f"Apache Kafka needs Java {MIN_JAVA} or later; found {major}. Install it, or set LFR_BROKER=tansu")
    check_jars(node.libs)
    if ":" in str(node.libs):
        raise Fatal(f"Java can't be given jars in {node.libs}: it takes ':' for the end of a folder. Set LFR_CACHE")
    template = Template((KAFKA_FOLDER / "server.properties").read_text(encoding="ascii"))
    logins = make_logins(node.logins)
    values = {
        "port": node.port,
        "controller_port": node.controller_port,
        "log_dir": property_value(_log_dirs(node)),
        "broker_password": logins[BROKER_LOGIN].password,
        "administration": User.ADMINISTRATION.value,
    }
    try:
        node.folder.mkdir(parents=True, exist_ok=True)
        write_private(node.config, template.substitute(values).encode("ascii"))  # with the broker's own password
        _format_once(node, java, logins)
    except OSError as error:
        raise Fatal(f"the broker's folder {node.folder} can't be written: {error}") from error
    return java


def _log_dirs(node: KafkaNode) -> str:
    """Return `log.dirs`: a comma would end a folder's name there, and then the broker's own folder is meant."""
    try:
        folder = os.fsencode(node.log_dir).decode()
    except UnicodeDecodeError as error:
        raise Fatal(f"the name of {node.log_dir!r} isn't UTF-8, and Java couldn't use it: set LFR_HOME") from error
    return node.log_dir.name if "," in folder else folder


def _environment() -> dict[str, str]:
    """Make Java's environment: it takes the names of files for what the locale says, and ours are UTF-8."""
    return {**os.environ, "LC_ALL": "C.UTF-8"}


def _format_once(node: KafkaNode, java: str, logins: Mapping[str, BrokerLogin]) -> None:
    """Format the storage unless it was; a format that was cut off is repeated, never over another cluster's data.

    The logins are part of the format. What a version without them has left is destroyed: none of it is signed, so
    nobody would take it.

    Raises:
        Fatal: the logins aren't those that it was formatted with.
    """
    done, identity = node.folder / "formatted-with-logins", node.folder / "cluster.id"
    fingerprint = hashlib.sha256(repr([(name, each.password) for name, each in logins.items()]).encode()).hexdigest()
    if done.exists():
        if done.read_text(encoding="ascii").strip() != fingerprint:
            raise Fatal(
                f"the logins in {node.logins} aren't those of the broker in {node.folder}: restore them, or move that "
                "folder away; the broker then begins anew, and what nobody has read yet is lost"
            )
        return
    if (node.folder / "formatted").exists():
        shutil.rmtree(node.log_dir, ignore_errors=True)
        (node.folder / "formatted").unlink()
    if not identity.exists():
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        identity.write_text(text.replace("-", "A"), encoding="ascii")  # Kafka refuses an id that looks like an option
    arguments = [
        *("-cp", f"{node.libs}/*", "kafka.tools.StorageTool", "format"),
        *("--ignore-formatted", "-t", identity.read_text(encoding="ascii").strip(), "-c", str(node.config)),
    ]
    for each in logins.values():
        arguments += ["--add-scram", f"{SCRAM}=[name={each.name},password={each.password}]"]
    _run_format(node, java, arguments)
    done.write_text(fingerprint, encoding="ascii")


def _run_format(node: KafkaNode, java: str, arguments: Sequence[str]) -> None:
    """Run Java with its arguments in a file: everybody on the machine may read a process's own. Raises Fatal."""
    file = node.folder / "format.arguments"
    write_private(file, "\n".join(_java_argument(each) for each in arguments).encode())
    try:
        subprocess.run(
            [java, *_JVM, *read_options(kept_archive(node.libs, Path(java), _JVM)), f"@{file.name}"],
            cwd=node.folder,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=_FORMAT_DEADLINE_S,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        reason = (error.stderr or error.stdout).strip()[-400:]
        raise Fatal(f"the broker's storage {node.log_dir} can't be formatted: {reason}") from error
    except subprocess.TimeoutExpired as error:
        raise Fatal(f"formatting the broker's storage took more than {_FORMAT_DEADLINE_S:.0f} s") from error
    finally:
        remove_private(file)


def _java_argument(text: str) -> str:
    """Return an argument as Java reads it in a file of arguments."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def main(arguments: list[str] | None = None) -> int:
    """Become the broker. Returns only when it can't (an exit code)."""
    parser = argparse.ArgumentParser(prog="python -m streams.broker.kafka", description="One Apache Kafka node.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--libs", type=Path, required=True)
    parser.add_argument("--logins", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--controller-port", type=int, required=True)
    options = parser.parse_args(arguments)
    folder, libs, logins = (each.resolve() for each in (options.folder, options.libs, options.logins))
    node = KafkaNode(folder, options.port, options.controller_port, libs, logins)
    try:
        java = prepare(node)
    except LfrError as error:
        sys.stderr.write(f"error {error}\n")
        return error.exit_code
    os.chdir(node.folder)  # crash reports of the JVM land in its own folder
    command = java_command(node, java)
    return os.execve(command[0], command, _environment())  # noqa: S606  no shell is wanted


if __name__ == "__main__":
    raise SystemExit(main())
