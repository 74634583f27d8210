"""`lfr erasure certify | verify | show`: signed certificates of what was deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import Deployment, console, errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lfr_core.custody.installation import Installation
    from lfr_core.retention.erasure.certificate import SignedCertificate
    from lfr_core.retention.erasure.certificate_service import CertificateFault
    from lfr_core.retention.erasure.service import Erasure
    from lfr_core.retention.erasure.verify import Verification

__all__ = ["app"]

app = typer.Typer()

FAILED = 1
"""Exit code of a search or a certificate that doesn't hold."""


@command(app)
def certify(installation: Installation, deployment: Deployment) -> Output:
    """Search every store for the canaries and sign what that says. Exit code 1 when it says that something is left.

    Example: lfr erasure certify high-street-0412
    """
    from apps.cli.erasure.text import as_document, show_certificate

    signed = _erasure(installation).certify(deployment)
    exit_code = 0 if signed.certificate.search.passed else FAILED
    return Output(as_document(signed), lambda: show_certificate(signed), exit_code)


@command(app)
def verify(
    installation: Installation,
    deployment: Annotated[
        str | None, typer.Argument(help="Only this deployment's searches are repeated; signatures are checked of all.")
    ] = None,
    mend: Annotated[bool, typer.Option("--mend", help="Write files of certificates that are missing.")] = False,
) -> Output:
    """Check every certificate's signature and its place in the row, and repeat the searches. Exit code 1 on any fault.

    Example: lfr erasure verify
    """
    erasure = _erasure(installation)
    if mend:
        errors.print(f"{erasure.certificates.mend_files()} files written")
    key = _public_key(installation)
    faults, untyped = erasure.check(key), _count_untyped(installation, key)
    searches = {name: erasure.search(name) for name in _list_certified(installation, deployment)}
    document = {
        "public_key": key,
        "untyped_signatures": untyped,
        "faults": [{"certificate": fault.number, "what": fault.what} for fault in faults],
        "searches": {name: search.model_dump(mode="json") for name, search in searches.items()},
    }
    in_order = not faults and all(search.passed for search in searches.values())
    return Output(document, lambda: _show_verified(faults, searches, untyped), exit_code=0 if in_order else FAILED)


@command(app)
def show(
    installation: Installation,
    deployment: Annotated[
        str | None, typer.Argument(help="Id of the deployment; else the certificates of all.")
    ] = None,
    number: Annotated[int | None, typer.Option("--number", min=1, help="One certificate in full.")] = None,
) -> Output:
    """List certificates, or show one in full.

    Example: lfr erasure show --number 1
    """
    from apps.cli.erasure.text import as_document, show_certificate
    from lfr_core.common.errors import Refused
    from lfr_core.retention.erasure.certificate_service import read_certificates

    found = read_certificates(installation.engine, deployment)
    if number is None:
        return Output([as_document(one) for one in found], lambda: _show_list(found))
    numbered = [one for one in found if one.certificate.number == number]
    if not numbered:
        raise Refused("erasure.no-certificate", f"there is no certificate {number} here: `lfr erasure show`")
    return Output(as_document(numbered[0]), lambda: show_certificate(numbered[0]))


def _show_list(found: Sequence[SignedCertificate]) -> None:
    from apps.cli.erasure.text import print_table
    from lfr_core.common.clock import utc_from_ns

    print_table(
        [
            {
                "number": str(certificate.number),
                "deployment": certificate.deployment,
                "issued (UTC)": f"{utc_from_ns(certificate.issued_ns):%Y-%m-%d %H:%M:%S}",
                "search": "passed" if certificate.search.passed else "FAILED",
                "canaries": str(len(certificate.canaries)),
            }
            for certificate in (one.certificate for one in found)
        ]
    )


def _count_untyped(installation: Installation, public_key: str) -> int:
    from lfr_core.domain.signatures import SignatureForm
    from lfr_core.retention.erasure.certificate_service import read_certificates

    found = read_certificates(installation.engine)
    return sum(one.find_form(public_key) is SignatureForm.UNTYPED for one in found)


def _show_verified(faults: Sequence[CertificateFault], searches: Mapping[str, Verification], untyped: int) -> None:
    from apps.cli.erasure.text import show_search

    for fault in faults:
        console.print(f"[red]certificate {fault.number}: {fault.what}[/red]", soft_wrap=True)
    for name, search in searches.items():
        console.print(f"[bold]{name}[/bold]", highlight=False)
        show_search(search)
    if not searches:
        console.print("no deployment has a certificate yet: lfr erasure certify DEPLOYMENT")
    if untyped:
        console.print(f"{untyped} are signed by an earlier version, whose signatures don't say of what they are")
    console.print("certificates: " + ("[red]not in order[/red]" if faults else "[green]in order[/green]"))


def _erasure(installation: Installation) -> Erasure:
    from flows.build_erasure import build_erasure

    return build_erasure(installation)


def _public_key(installation: Installation) -> str:
    """Read the key beside the keystore: the one that was known before these certificates were."""
    from lfr_core.custody.audit.head_checkpoint import read_public_key

    return read_public_key(installation.settings.keystore_folder).hex()


def _list_certified(installation: Installation, deployment: str | None) -> list[str]:
    """List the deployments whose searches are repeated: those that have a certificate."""
    from lfr_core.common.errors import Poison
    from lfr_core.retention.erasure.certificate_service import read_certificates

    if deployment is not None:
        return [deployment]
    names = []
    for one in read_certificates(installation.engine):
        try:
            names.append(one.certificate.deployment)
        except Poison:
            continue  # reported among the faults
    return list(dict.fromkeys(names))
