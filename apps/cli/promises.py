"""`lfr promises`: look whether each public promise is kept, and show what the last look came to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.common import AsJson, console, guard, load_settings, policy_of, print_json

if TYPE_CHECKING:
    from lfr_core.publication.promises.ledger import LedgerView

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Check the public's promises one by one, and show how each stands.")

BROKEN = 1
"""Exit code when a promise is broken."""
_COLOURS = {"holds": "green", "broken": "bold red", "no automatic check": "dim"}


@app.command()
def check(as_json: AsJson = False) -> None:
    """Look at every promise now, keep what that came to, and put it on the audit trail. Exit code 1 if one is broken.

    What a service that is away would have to answer can't be checked, and is said to be.

    Example: lfr promises check --json
    """
    with guard():
        import time

        import numpy as np

        from lfr_core.common.logs import configure_logs
        from lfr_core.custody.installation import Installation
        from lfr_core.publication.promises.assembly import open_ledger
        from lfr_core.storage.migrate import upgrade

        settings = load_settings()
        configure_logs("ERROR")  # what a check meets stands in the ledger
        upgrade(settings.records_url)
        random = np.random.default_rng(0)  # the same counts give the same bound
        with Installation(settings) as here, open_ledger(here, random=random, pause=time.sleep) as ledger:
            view = ledger.check()
        _show(view, as_json=as_json)
        if view.broken:
            raise typer.Exit(BROKEN)


@app.command()
def show(
    past: Annotated[
        str | None, typer.Option("--history", help="Id of a promise: when its result changed, the newest first.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show every promise with what the last look came to, without looking again.

    Example: lfr promises show --history alerts.gone
    """
    with guard():
        import time

        from lfr_core.common.errors import Refused
        from lfr_core.publication.promises.catalogue import promises
        from lfr_core.publication.promises.ledger import history, read_ledger
        from lfr_core.storage.engine import open_engine
        from lfr_core.storage.migrate import upgrade

        settings = load_settings()
        known = promises(policy_of(settings))
        if past is not None and past not in {each.id for each in known}:
            raise Refused("promises.unknown", f"there is no promise {past}; `lfr promises show` lists them")
        upgrade(settings.records_url)
        engine = open_engine(settings.records_url)
        try:
            if past is None:
                _show(read_ledger(engine, known, now_ns=time.time_ns()), as_json=as_json)
                return
            changes = history(engine, past)
        finally:
            engine.dispose()
        lines = [{"at_ns": each.at_ns, "result": each.result.value, "said": each.said} for each in changes]
        if as_json:
            print_json(lines)
            return
        for each in changes:
            console.print(f"{_moment(each.at_ns)}  {each.result.value}: {each.said}", markup=False, soft_wrap=True)
        if not changes:
            console.print("never checked: lfr promises check")


def _show(view: LedgerView, *, as_json: bool) -> None:
    from lfr_core.publication.promises.render import render

    lines = render(view)
    staff = {each.promise.id: each.finding for each in view.entries}
    if as_json:
        print_json(
            {
                "broken": len(view.broken),
                "promises": [
                    {
                        "id": line.promise,
                        "sentence": line.sentence,
                        "rule": line.rule,
                        "status": line.status,
                        "said": line.said,
                        "evidence": dict(line.evidence),
                        "checked_at": line.checked_at,
                        "since": line.since,
                        "subjects": found.subjects if (found := staff[line.promise]) else (),
                        "detail": found.detail if found else "",
                    }
                    for line in lines
                ],
            }
        )
        return
    from rich.text import Text

    for line in lines:
        found = staff[line.promise]
        console.print(
            Text(f"{line.status:24}", style=_COLOURS.get(line.status, "yellow")), line.sentence, soft_wrap=True
        )
        more = (line.said, ", ".join(found.subjects) if found else "", found.detail if found else "")
        for each in filter(None, more):
            console.print(Text(f"{'':25}{each}", style="dim"), soft_wrap=True)


def _moment(at_ns: int) -> str:
    from lfr_core.common.clock import utc_from_ns

    return f"{utc_from_ns(at_ns):%Y-%m-%d %H:%M:%S} UTC"
