"""`lfr erasure`: plant canaries, certify what was deleted, verify it, show certificates and epochs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.common import AsJson, console, errors, guard, load_settings, print_json

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from lfr_core.common.settings import Settings
    from lfr_core.retention.erasure.canary import CanaryKind
    from lfr_core.retention.erasure.service import Erasure

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, help="Prove what was deleted: canaries, certificates, and when a face was gone."
)

FAILED = 1
"""Exit code of a search or a certificate that doesn't hold."""

Deployment = Annotated[str, typer.Argument(help="Id of the deployment.")]


@app.command()
def plant(
    deployment: Deployment,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="template, reference, frame, alert or footage; may be repeated. Default: all."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Plant canaries: noise that is nobody's, put where real data goes, to be looked for after the deletion.

    All but template and reference need the deployment to be live. Exit code 1 when one isn't found where it was put.

    Example: lfr erasure plant high-street-0412
    """
    with guard():
        from apps.erasing_text import print_table
        from flows.erasing import inject_canaries
        from lfr_core.common.logs import configure_logs
        from lfr_core.custody.installation import Installation
        from lfr_core.retention.erasure.canary import Control

        settings = load_settings()
        configure_logs("WARNING")  # what was planted stands in the table
        kinds = _kinds(only)
        with Installation(settings) as installation:
            planted = inject_canaries(installation, deployment, kinds, report=errors.print)
        lines = [
            {"kind": one.kind.value, "store": one.store, "control": one.control.value, "id": one.id} for one in planted
        ]
        if as_json:
            print_json(lines)
        else:
            print_table(lines)
        if any(one.control is Control.MISSED for one in planted):
            errors.print("a canary wasn't found where it was put: certificates will say that their control failed")
            raise typer.Exit(FAILED)


@app.command()
def certify(deployment: Deployment, as_json: AsJson = False) -> None:
    """Search every store for the canaries and sign what that says. Exit code 1 when it says that something is left.

    Example: lfr erasure certify high-street-0412
    """
    with guard():
        from apps.erasing_text import show_certificate

        with _erasure() as erasure:
            signed = erasure.certify(deployment)
        show_certificate(signed, as_json=as_json)
        if not signed.certificate.search.passed:
            raise typer.Exit(FAILED)


@app.command()
def verify(
    deployment: Annotated[
        str | None, typer.Argument(help="Only this deployment's searches are repeated; signatures are checked of all.")
    ] = None,
    mend: Annotated[bool, typer.Option("--mend", help="Write files of certificates that are missing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check every certificate's signature and its place in the row, and repeat the searches. Exit code 1 on any fault.

    Example: lfr erasure verify
    """
    with guard():
        from apps.erasing_text import show_search

        with _erasure() as erasure:
            if mend:
                errors.print(f"{erasure.desk().mend_files()} files written")
            key = _public_key(erasure)
            faults = erasure.check(key)
            searches = {name: erasure.search(name) for name in _certified(erasure, deployment)}
        if as_json:
            print_json(
                {
                    "public_key": key,
                    "faults": [{"certificate": fault.number, "what": fault.what} for fault in faults],
                    "searches": {name: search.model_dump(mode="json") for name, search in searches.items()},
                }
            )
        else:
            for fault in faults:
                console.print(f"[red]certificate {fault.number}: {fault.what}[/red]", soft_wrap=True)
            for name, search in searches.items():
                console.print(f"[bold]{name}[/bold]", highlight=False)
                show_search(search)
            if not searches:
                console.print("no deployment has a certificate yet: lfr erasure certify DEPLOYMENT")
            console.print("certificates: " + ("[red]not in order[/red]" if faults else "[green]in order[/green]"))
        if faults or not all(search.passed for search in searches.values()):
            raise typer.Exit(FAILED)


@app.command()
def show(
    deployment: Annotated[
        str | None, typer.Argument(help="Id of the deployment; else the certificates of all.")
    ] = None,
    number: Annotated[int | None, typer.Option("--number", min=1, help="One certificate in full.")] = None,
    as_json: AsJson = False,
) -> None:
    """List certificates, or show one in full.

    Example: lfr erasure show --number 1
    """
    with guard():
        from apps.erasing_text import document, print_table, show_certificate
        from lfr_core.common.clock import utc_from_ns
        from lfr_core.common.errors import Refused
        from lfr_core.retention.erasure.certificate_service import certificates_of

        with _records(load_settings()) as engine:
            found = certificates_of(engine, deployment)
        if number is not None:
            found = tuple(one for one in found if one.certificate.number == number)
            if not found:
                raise Refused("erasure.no-certificate", f"there is no certificate {number} here: `lfr erasure show`")
            show_certificate(found[0], as_json=as_json)
            return
        if as_json:
            print_json([document(one) for one in found])
            return
        print_table(
            [
                {
                    "number": str(said.number),
                    "deployment": said.deployment,
                    "issued (UTC)": f"{utc_from_ns(said.issued_ns):%Y-%m-%d %H:%M:%S}",
                    "search": "passed" if said.search.passed else "FAILED",
                    "canaries": str(len(said.canaries)),
                }
                for said in (one.certificate for one in found)
            ]
        )


@app.command()
def epochs(
    deployment: Deployment,
    at: Annotated[
        str | None, typer.Option("--at", help="A time in England, as 14:32:07, or a date and time in ISO form.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV for publication.")] = False,
    as_json: AsJson = False,
) -> None:
    """When were the faces of a stretch of seconds forgotten? Start, end, key's fingerprint, destroyed at; nothing else.

    Example: lfr erasure epochs high-street-0412 --at 14:32:07
    """
    with guard():
        from apps.erasing_text import epoch_line, epoch_row, print_csv
        from lfr_core.retention.erasure.destruction_log import ended_ns, epochs
        from lfr_core.retention.erasure.lookup import epochs_at

        with _records(load_settings()) as engine:
            ended_ns(engine, deployment)  # an unknown one is told
            found = epochs(engine, deployment)
        if at is not None:
            found = epochs_at(found, at)
        rows = [epoch_row(one) for one in found]
        if as_json:
            print_json(rows)
        elif as_csv:
            print_csv(rows)
        elif rows:
            for row in rows:
                console.print(epoch_line(row), soft_wrap=True, highlight=False)
        else:
            console.print("no epoch: no camera sealed a frame then, so nothing had to be forgotten")


def _kinds(only: list[str] | None) -> list[CanaryKind]:
    from lfr_core.common.errors import Refused
    from lfr_core.retention.erasure.canary import CanaryKind

    if only is None:
        return list(CanaryKind)
    try:
        return [CanaryKind(word.casefold()) for word in only]
    except ValueError as error:
        kinds = ", ".join(kind.value for kind in CanaryKind)
        raise Refused("erasure.bad-kind", f"{', '.join(only)}: a canary is one of {kinds}") from error


@contextmanager
def _records(settings: Settings) -> Iterator[Engine]:
    from lfr_core.storage.engine import open_engine

    engine = open_engine(settings.records_url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _erasure() -> Iterator[Erasure]:
    from flows.erasing import build_erasure
    from lfr_core.custody.installation import Installation

    with Installation() as installation:
        yield build_erasure(installation)


def _public_key(erasure: Erasure) -> str:
    """The installation's, from the file beside the keystore: the one that was known before these certificates were."""
    from lfr_core.custody.audit.head_checkpoint import read_public_key

    return read_public_key(erasure.settings.keystore_folder).hex()


def _certified(erasure: Erasure, deployment: str | None) -> list[str]:
    """Deployments whose searches are repeated: those that have a certificate."""
    from lfr_core.common.errors import Poison
    from lfr_core.retention.erasure.certificate_service import certificates_of

    if deployment is not None:
        return [deployment]
    names = []
    for one in certificates_of(erasure.engine):
        try:
            names.append(one.certificate.deployment)
        except Poison:
            continue  # told among the faults
    return list(dict.fromkeys(names))
