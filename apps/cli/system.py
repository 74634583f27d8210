"""`lfr up | down | status | doctor`: the running system as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import console, errors
from apps.cli.start_progress import StartProgress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from apps.doctor import Check
    from apps.supervisor import ChildReport
    from lfr_core.common.settings import Settings
    from lfr_core.custody.installation import Installation

__all__ = ["app"]

app = typer.Typer()

READY_S = 180.0
"""How long everything together may take to be ready on a slow machine."""
_COLOURS = {
    "ready": "green",
    "ok": "green",
    "failed": "bold red",
    "fail": "bold red",
    "unresponsive": "bold red",
    "stopped": "dim",
}


@command(app)
def up(
    detach: Annotated[
        bool, typer.Option("--detach", help="Return when everything is ready, and leave it running.")
    ] = False,
    page: Annotated[bool, typer.Option("--page/--no-page", help="The operator's page too.")] = True,
) -> None:
    """Start the platform and keep it running: broker, gallery, workers, workflows, the operator's page.

    In the foreground Ctrl-C stops everything in order; with `--detach`, `lfr down` does.

    Example: `lfr up --detach`
    """
    from lfr_core.common.settings import load_settings

    if detach:  # what opens an installation takes a second to import, which this process has no need of
        _up_detached(load_settings(), with_page=page)
    else:
        from lfr_core.custody.installation import Installation
        from lfr_core.domain.actors import ProcessIdentity

        with Installation(identity=ProcessIdentity.COMMANDS) as installation:
            _up(installation, with_page=page)


def _up(installation: Installation, *, with_page: bool) -> None:
    import time

    from rich.live import Live

    from apps.supervisor.signals import StopAsked, stop_on_signals
    from apps.supervisor.system import running_system

    settings, policy = installation.settings, installation.policy
    try:
        with stop_on_signals(), Live(console=errors, refresh_per_second=4, transient=not errors.is_terminal) as live:

            def say(text: str) -> None:
                live.console.print(text, style="yellow", markup=False, highlight=False, soft_wrap=True)

            progress = StartProgress(say)

            def show(reports: Sequence[ChildReport]) -> None:
                if errors.is_terminal:
                    live.update(_children_table(reports))
                else:
                    progress.tell(reports)
                progress.tell_pages(reports, _pages_at(settings))

            with running_system(
                settings, policy, installation.clock, with_page=with_page, with_flows=True, on_change=show, say=say
            ) as running:
                running.wait_ready(READY_S)
                _print_ready(settings, with_page=with_page)
                while running.broken is None:
                    time.sleep(0.5)
                running.check()
    except StopAsked:
        errors.print("stopped")


def _up_detached(settings: Settings, *, with_page: bool) -> None:
    import subprocess
    import sys
    import time

    from apps.supervisor.plan import settings_env
    from apps.supervisor.process import child_environment, tail
    from apps.supervisor.state import make_home, refuse_running
    from lfr_core.common.errors import Fatal

    refuse_running(settings.home)
    make_home(settings.home)
    log = settings.home / "log" / "supervisor.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "apps.supervisor", *([] if with_page else ["--no-page"])]
    progress = StartProgress(lambda text: errors.print(text, markup=False, highlight=False))
    with log.open("wb") as output, errors.status("starting"):
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=child_environment(settings_env(settings), downloads=True),  # it may have Maven fetch the broker
            cwd=settings.home,
            start_new_session=True,
        )
        deadline = time.monotonic() + READY_S + 30.0
        while process.poll() is None and not _all_ready(settings, process.pid):
            if time.monotonic() > deadline:
                raise Fatal(f"it isn't ready yet: `lfr status` shows how far it is, `lfr down` stops it (log: {log})")
            children = _children_of(settings, process.pid)
            progress.tell(children)
            progress.tell_pages(children, _pages_at(settings))
            time.sleep(0.2)
    if process.poll() is not None:
        raise Fatal(f"it didn't start: {tail(log, 2) or 'no word'} (log: {log})")
    _print_ready(settings, with_page=with_page)


def _children_of(settings: Settings, pid: int) -> Sequence[ChildReport]:
    """Return what the system that runs as `pid` says of its parts; none before it says anything."""
    from apps.supervisor import read_state

    state = read_state(settings.home)
    return state.children if state is not None and state.pid == pid and state.is_alive() else ()


def _all_ready(settings: Settings, pid: int) -> bool:
    from apps.supervisor.cameras import is_camera

    children = [child for child in _children_of(settings, pid) if not is_camera(child.name)]
    return bool(children) and all(child.state.value == "ready" for child in children)


def _print_ready(settings: Settings, *, with_page: bool) -> None:
    from lfr_core.common.disk_room import say_too_little_room
    from streams.broker.traits import read_traits

    banner = read_traits(settings).banner
    if banner:
        errors.print(banner, style="yellow")
    if no_room := say_too_little_room(settings.home, settings.footage_store):
        errors.print(no_room, style="red", highlight=False, soft_wrap=True, markup=False)
    where = f": {_pages_at(settings)}" if with_page else ""
    errors.print(f"[green]ready[/green]{where}")


def _pages_at(settings: Settings) -> str:
    return f"http://127.0.0.1:{settings.operator_port}"


@command(app)
def down(installation: Installation) -> None:
    """Stop the platform in order, from another terminal. Does nothing if it doesn't run.

    Example: `lfr down`
    """
    import os
    import signal
    import time

    from apps.supervisor.state import is_held, process_created, read_state
    from lfr_core.common.errors import Fatal

    settings = installation.settings
    state = read_state(settings.home)
    if not is_held(settings.home) or state is None or not state.is_alive():
        errors.print("nothing runs")
        return
    os.kill(state.pid, signal.SIGTERM)
    os.kill(state.pid, signal.SIGCONT)  # one that was stopped would hear nothing
    with errors.status("stopping"):
        deadline = time.monotonic() + 90.0  # the children's own deadlines, one stage after another, are below it
        while is_held(settings.home) or process_created(state.pid) is not None:
            if time.monotonic() > deadline:
                raise Fatal(f"process {state.pid} doesn't end; `kill -9 {state.pid}` ends it and its children")
            time.sleep(0.1)
    errors.print("stopped")


@command(app)
def status(installation: Installation) -> Output:
    """Show every part of the running platform, checked against the machine.

    Exit code 1 if one doesn't run or keeps what it shouldn't, what is due can't be deleted, or the disk is nearly full.

    Example: `lfr status --json`
    """
    from apps.supervisor import ChildState, read_state
    from apps.supervisor.state import is_held
    from flows.retention_lag import expected_since_ns, purge_trouble
    from lfr_core.common.disk_room import say_too_little_room
    from lfr_core.custody.vault.tpm_fault import read_tpm_fault
    from streams.broker.traits import read_traits

    settings = installation.settings
    found, traits = read_state(settings.home), read_traits(settings)
    state = found if found is not None and is_held(settings.home) and found.is_alive() else None
    policy, now_ns = installation.policy.retention, installation.now_ns
    expected_ns = expected_since_ns(policy, now_ns=now_ns, started_ns=state.started_ns) if state else None
    trouble = purge_trouble(settings.home, expected_since_ns=expected_ns)
    no_room, chip = say_too_little_room(settings.home, settings.footage_store), read_tpm_fault(settings.keystore_folder)
    children = [child.model_copy(update={"state": child.check_state()}) for child in (state.children if state else ())]
    stuck, compared = (state.trouble, state.compared) if state else ("", ())
    is_ready = state is not None and not stuck and all(child.state is ChildState.READY for child in children)
    document = {
        "running": state is not None,
        "ready": is_ready,
        "supervisor": state.pid if state else None,
        "started_ns": state.started_ns if state else None,
        "broker": {"kind": traits.kind.value, "servers": settings.kafka_bootstrap, "banner": traits.banner},
        "children": [child.model_dump(mode="json", exclude={"pid_created"}) for child in children],
        "purge_trouble": trouble,
        "supervisor_trouble": stuck,
        "disk_trouble": no_room,
        "tpm_trouble": chip,
        "compared": [each.model_dump() for each in compared],
    }

    def text() -> None:
        for said in filter(None, (f"deletion: {trouble}" if trouble else "", no_room, chip)):
            errors.print(said, style="red", highlight=False, soft_wrap=True, markup=False)
        if state is None:
            errors.print(f"nothing runs in {settings.home}; `lfr up` starts it", highlight=False, soft_wrap=True)
            return
        console.print(_children_table(children))
        for said in filter(None, (stuck, *(each.sentence for each in compared))):
            errors.print(said, style="red", highlight=False, soft_wrap=True, markup=False)
        if traits.banner:
            errors.print(traits.banner, style="yellow")

    is_well = is_ready and not (trouble or no_room or chip or compared)
    return Output(document, text, exit_code=0 if is_well else 1)


@command(app)
def doctor(installation: Installation) -> Output:
    """Look at everything the platform needs and say how to mend what is wrong. Exit code 1 if something fails.

    Example: `lfr doctor`
    """
    from dataclasses import asdict

    from apps.doctor import Level, examine

    with errors.status("looking"):
        checks = examine(installation.settings)
    fails = any(check.level is Level.FAIL for check in checks)
    return Output([asdict(check) for check in checks], lambda: _show_checks(checks), exit_code=1 if fails else 0)


def _show_checks(checks: Sequence[Check]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("check", "", "finding", "how to mend", box=None, pad_edge=False)
    for check in checks:
        level = Text(check.level.value, style=_COLOURS.get(check.level.value, "yellow"))
        table.add_row(check.name, level, Text(check.says), Text(check.mend))
    console.print(table)


def _children_table(reports: Sequence[ChildReport]) -> Table:
    """Lay the children out for people: name, state, process, since when (local time), restarts, what is wrong."""
    from datetime import UTC, datetime

    from rich.table import Table
    from rich.text import Text

    table = Table("part", "state", "process", "since", "restarts", "", box=None, pad_edge=False)
    for each in reports:
        since = datetime.fromtimestamp(each.since_ns // 1_000_000_000, tz=UTC).astimezone()
        table.add_row(
            each.name,
            Text(each.state.value, style=_COLOURS.get(each.state.value, "yellow")),
            str(each.pid or ""),
            f"{since:%H:%M:%S}",
            str(each.restarts),
            Text(each.why),
        )
    return table
