"""`lfr up | down | status | doctor`: the running system as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.common import AsJson, console, errors, guard, load_settings, policy_of, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from apps.supervisor import ChildReport
    from lfr_core.common.settings import Settings

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


@app.command()
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
    with guard():
        if detach:
            _up_detached(load_settings(), with_page=page)
        else:
            _up(load_settings(), with_page=page)


def _up(settings: Settings, *, with_page: bool) -> None:
    import time

    from rich.live import Live

    from apps.supervisor.signals import StopAsked, stop_on_signals
    from apps.supervisor.system import running_system

    policy = policy_of(settings)
    try:
        with stop_on_signals(), Live(console=errors, refresh_per_second=4, transient=not errors.is_terminal) as live:

            def show(reports: Sequence[ChildReport]) -> None:
                live.update(_table(reports))

            def say(text: str) -> None:
                live.console.print(text, style="yellow", markup=False, highlight=False, soft_wrap=True)

            with running_system(
                settings, policy, with_page=with_page, with_flows=True, on_change=show, say=say
            ) as running:
                running.wait_ready(READY_S)
                _greet(settings, with_page=with_page)
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
            time.sleep(0.2)
    if process.poll() is not None:
        raise Fatal(f"it didn't start: {tail(log, 2) or 'no word'} (log: {log})")
    _greet(settings, with_page=with_page)


def _all_ready(settings: Settings, pid: int) -> bool:
    from apps.supervisor import ChildState, read_state

    state = read_state(settings.home)
    ours = state is not None and state.pid == pid and state.is_alive()
    return ours and state is not None and all(child.state is ChildState.READY for child in state.children)


def _greet(settings: Settings, *, with_page: bool) -> None:
    from streams.broker.traits import traits_of

    banner = traits_of(settings).banner
    if banner:
        errors.print(banner, style="yellow")
    where = f": http://127.0.0.1:{settings.operator_port}" if with_page else ""
    errors.print(f"[green]ready[/green]{where}")


@app.command()
def down() -> None:
    """Stop the platform in order, from another terminal. Does nothing if it doesn't run.

    Example: `lfr down`
    """
    with guard():
        import os
        import signal
        import time

        from apps.supervisor.state import is_held, process_created, read_state
        from lfr_core.common.errors import Fatal

        settings = load_settings()
        state = read_state(settings.home)
        if not is_held(settings.home) or state is None or not state.is_alive():
            errors.print("nothing runs")
            return
        os.kill(state.pid, signal.SIGTERM)
        with errors.status("stopping"):
            deadline = time.monotonic() + 90.0  # the children's own deadlines, one stage after another, are below it
            while is_held(settings.home) or process_created(state.pid) is not None:
                if time.monotonic() > deadline:
                    raise Fatal(f"process {state.pid} doesn't end; `kill -9 {state.pid}` ends it and its children")
                time.sleep(0.1)
        errors.print("stopped")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show every part of the running platform, checked against the machine. Exit code 1 if one doesn't run.

    Example: `lfr status --json`
    """
    with guard():
        from apps.supervisor import ChildState, read_state
        from apps.supervisor.state import is_held
        from streams.broker.traits import traits_of

        settings = load_settings()
        state = read_state(settings.home)
        runs = is_held(settings.home) and state is not None and state.is_alive()
        traits = traits_of(settings)
        children = state.children if state is not None and runs else ()
        real = [child.model_copy(update={"state": child.really()}) for child in children]
        good = runs and all(child.state is ChildState.READY for child in real)
        if as_json:
            print_json(
                {
                    "running": runs,
                    "ready": good,
                    "supervisor": state.pid if state is not None and runs else None,
                    "started_ns": state.started_ns if state is not None and runs else None,
                    "broker": {"kind": traits.kind.value, "servers": settings.kafka_bootstrap, "banner": traits.banner},
                    "children": [child.model_dump(mode="json", exclude={"pid_created"}) for child in real],
                }
            )
        elif runs:
            console.print(_table(real))
            if traits.banner:
                errors.print(traits.banner, style="yellow")
        else:
            errors.print(f"nothing runs in {settings.home}; `lfr up` starts it", highlight=False, soft_wrap=True)
        raise typer.Exit(0 if good else 1)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Look at everything the platform needs and say how to mend what is wrong. Exit code 1 if something fails.

    Example: `lfr doctor`
    """
    with guard():
        from dataclasses import asdict

        from apps.doctor import Level, examine

        with errors.status("looking"):
            checks = examine(load_settings())
        if as_json:
            print_json([asdict(check) for check in checks])
        else:
            from rich.table import Table
            from rich.text import Text

            table = Table("check", "", "finding", "how to mend", box=None, pad_edge=False)
            for check in checks:
                level = Text(check.level.value, style=_COLOURS.get(check.level.value, "yellow"))
                table.add_row(check.name, level, Text(check.says), Text(check.mend))
            console.print(table)
        raise typer.Exit(1 if any(check.level is Level.FAIL for check in checks) else 0)


def _table(reports: Sequence[ChildReport]) -> Table:
    """The children for people: name, state, process, since when (local time), restarts, what is wrong."""
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
