"""`lfr promises`: look whether each public promise is kept, and show what the last look came to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lfr_core.custody.installation import Installation
    from lfr_core.publication.promises.ledger import LedgerView
    from lfr_core.publication.promises.render import LedgerLine

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Check the public's promises one by one, and show how each stands.")

BROKEN = 1
"""Exit code when a promise is broken."""
_COLOURS = {"holds": "green", "broken": "bold red", "no automatic check": "dim"}


@command(app, migrated=True)
def check(installation: Installation) -> Output:
    """Look at every promise now, keep what that came to, and put it on the audit trail. Exit code 1 if one is broken.

    What a service that is away would have to answer can't be checked, and is said to be.

    Example: lfr promises check --json
    """
    import time

    import numpy as np

    from lfr_core.common.logs import configure_logs
    from lfr_core.publication.promises.build import open_ledger

    configure_logs("ERROR")  # what a check meets stands in the ledger
    random = np.random.default_rng(0)  # the same counts give the same bound
    with open_ledger(installation, random=random, pause=time.sleep) as ledger:
        view = ledger.check()
    return _ledger_output(view, exit_code=BROKEN if view.broken else 0)


@command(app, migrated=True)
def show(
    installation: Installation,
    past: Annotated[
        str | None, typer.Option("--history", help="Id of a promise: when its result changed, the newest first.")
    ] = None,
) -> Output:
    """Show every promise with what the last look came to, without looking again.

    Example: lfr promises show --history alerts.gone
    """
    from lfr_core.common.errors import Refused
    from lfr_core.publication.promises.catalogue import promises
    from lfr_core.publication.promises.ledger import history, read_ledger

    known = promises(installation.policy)
    if past is None:
        return _ledger_output(read_ledger(installation.engine, known, now_ns=installation.now_ns))
    if past not in {each.id for each in known}:
        raise Refused("promises.unknown", f"there is no promise {past}; `lfr promises show` lists them")
    changes = history(installation.engine, past)

    def text() -> None:
        for each in changes:
            console.print(
                f"{_time_text(each.at_ns)}  {each.result.value}: {each.message}", markup=False, soft_wrap=True
            )
        if not changes:
            console.print("never checked: lfr promises check")

    return Output([{"at_ns": each.at_ns, "result": each.result.value, "said": each.message} for each in changes], text)


def _ledger_output(view: LedgerView, *, exit_code: int = 0) -> Output:
    from lfr_core.publication.promises.render import render

    lines = render(view)
    staff = {each.promise.id: each.finding for each in view.entries}
    document = {
        "broken": len(view.broken),
        "promises": [
            {
                "id": line.promise,
                "sentence": line.sentence,
                "rule": line.rule,
                "status": line.status,
                "said": line.message,
                "evidence": dict(line.evidence),
                "checked_at": line.checked_at,
                "since": line.since,
                "subjects": found.subjects if (found := staff[line.promise]) else (),
                "detail": found.detail if found else "",
            }
            for line in lines
        ],
    }
    return Output(document, lambda: _show_ledger(view, lines), exit_code)


def _show_ledger(view: LedgerView, lines: Sequence[LedgerLine]) -> None:
    from rich.text import Text

    staff = {each.promise.id: each.finding for each in view.entries}
    for line in lines:
        found = staff[line.promise]
        style = _COLOURS.get(line.status, "yellow")
        console.print(Text(f"{line.status:24}", style=style), line.sentence, soft_wrap=True)
        more = (line.message, ", ".join(found.subjects) if found else "", found.detail if found else "")
        for each in filter(None, more):
            console.print(Text(f"{'':25}{each}", style="dim"), soft_wrap=True)


def _time_text(at_ns: int) -> str:
    from lfr_core.common.clock import utc_from_ns

    return f"{utc_from_ns(at_ns):%Y-%m-%d %H:%M:%S} UTC"
