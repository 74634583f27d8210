"""Install what OpenLFR needs below this folder: `python3 scripts/setup.py --for demo`.

Standard library only. Looks at the machine first (disk, memory, ports, write access), says what it will
install, from which kind of registry and how big, then does it. Each step leaves a stamp, so that a second
run takes a fraction of a second and an interrupted one goes on where it stopped. Registries, mirrors and
proxies are those that pip, uv, npm and Maven are set to use.
"""

import sys

if not (3, 11) <= sys.version_info[:2] < (3, 15):
    sys.exit(
        f"OpenLFR needs Python 3.11 to 3.14, and this is Python {sys.version.split()[0]} ({sys.executable}).\n"
        "Install one, or name one that is there: make PYTHON=/path/to/python3.12 demo"
    )
if sys.platform == "win32":
    sys.exit("OpenLFR runs on Linux and macOS. On Windows, use the Windows Subsystem for Linux.")

import argparse
import fcntl
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from preflight import DEFAULT_PORTS, Needs, PreflightFinding, environment_of, inspect
from steps import InstallStep, plan

ROOT = Path(__file__).resolve().parents[1]
PORTS = {"up": tuple(DEFAULT_PORTS), "demo": ("LFR_OPERATOR_PORT",)}
"""What must be free for what comes next; a demonstration finds free ports for the rest by itself."""
PURPOSES = ("setup", "demo", "demo-headless", "up", "test", "check", "mutants", "fuzz")


class SetupError(Exception):
    """A step failed; the message says what to do."""


@contextmanager
def one_at_a_time(tools: Path) -> Iterator[None]:
    """Hold the lock of the tools folder, so that two setups don't write over each other."""
    tools.mkdir(parents=True, exist_ok=True)
    with (tools / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another setup is running in this folder; waiting for it to end ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def say(text: str = "") -> None:
    """Progress goes to standard error: a command's own output stays clean."""
    print(text, file=sys.stderr, flush=True)


def run_step(step: InstallStep, number: int, of: int, env: dict[str, str]) -> None:
    """Run the step's commands; their output is its progress. Raises SetupError, saying how to go on."""
    say(f"[{number}/{of}] {step.title} ({step.size_text}, {step.origin})")
    began = time.monotonic()
    for command in step.commands():
        try:
            code = subprocess.run(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, check=False).returncode
        except OSError as error:
            raise SetupError(f"{step.title}: {command[0]} can't be started: {error.strerror}") from error
        if code != 0:
            raise SetupError(
                f"{step.title} failed (exit code {code}); what went wrong is said above.\n"
                f"{step.advice}\nThen run the same command again: what is done is kept."
            )
    step.leave_stamp()
    say(f"[{number}/{of}] done in {time.monotonic() - began:.0f} s")


def announce(steps: list[InstallStep]) -> None:
    """Say what will be installed before anything is downloaded."""
    say("OpenLFR will install, below this folder only:")
    for step in steps:
        say(f"  {step.title:<34} about {step.size_text:>7}   from {step.origin}")


def report(findings: list[PreflightFinding]) -> bool:
    """Print what stands in the way (and what only might). Whether to go on."""
    for finding in findings:
        say(f"{'error' if finding.fatal else 'note'}: {finding.text}\n       {finding.advice}")
    return not any(finding.fatal for finding in findings)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description="Install what OpenLFR needs, below this folder.")
    parser.add_argument("--for", dest="purpose", choices=PURPOSES, default="setup", help="what comes next")
    parser.add_argument("--dry-run", action="store_true", help="look and say, but install nothing")
    options = parser.parse_args(arguments)

    env = environment_of(ROOT, dict(os.environ))
    every, skipped = plan(ROOT, env, options.purpose)
    todo = [step for step in every if not step.is_done()]
    needs = Needs(
        disk_mb=sum(step.disk_mb for step in todo),
        package_cache_mb=sum(step.package_cache_mb for step in todo),
        installs=bool(todo),
        serves=options.purpose in {"demo", "demo-headless", "up"},
        ports=PORTS.get(options.purpose, ()),
    )
    if not report(inspect(ROOT, env, needs)):
        say("Nothing was downloaded or changed.")
        return 1
    if not todo:
        if options.purpose == "setup":
            say("Everything is installed. Next: make demo, or make test.")
        return 0
    announce(todo)
    for sentence in skipped:
        say(f"note: {sentence}")
    if options.dry_run:
        return 0
    try:
        with one_at_a_time(ROOT / ".tools"):
            todo = [step for step in todo if not step.is_done()]  # another setup may have done it meanwhile
            for number, step in enumerate(todo, start=1):
                try:
                    run_step(step, number, len(todo), env)
                except SetupError as error:
                    if not step.optional:
                        raise
                    say(f"note: {error}\nGoing on without: {step.title}.")
    except SetupError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("stopped; run the same command again to go on where it stopped")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
