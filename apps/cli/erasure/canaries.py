"""`lfr erasure inject`: noise put where real data goes, to be looked for after the deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import Deployment, errors

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation
    from lfr_core.retention.erasure.canary import CanaryKind

__all__ = ["app"]

app = typer.Typer()


@command(app)
def inject(
    installation: Installation,
    deployment: Deployment,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="template, reference, frame, alert or footage; may be repeated. Default: all."),
    ] = None,
) -> Output:
    """Inject canaries: noise that is nobody's, put where real data goes, to be looked for after the deletion.

    All but template and reference need the deployment to be live. Exit code 1 when one isn't found where it was put.

    Example: lfr erasure inject high-street-0412
    """
    from apps.cli.erasure.text import print_table
    from flows.build_erasure import inject_canaries
    from lfr_core.common.logs import configure_logs
    from lfr_core.retention.erasure.canary import PositiveControl

    configure_logs("WARNING")  # what was injected stands in the table
    kinds = _parse_kinds(only)
    canaries = inject_canaries(installation, deployment, kinds, report=errors.print)
    lines = [
        {"kind": one.kind.value, "store": one.store, "control": one.control.value, "id": one.id} for one in canaries
    ]
    is_missed = any(one.control is PositiveControl.MISSED for one in canaries)
    if is_missed:
        errors.print("a canary wasn't found where it was put: certificates will say that their control failed")
    return Output(lines, lambda: print_table(lines), exit_code=1 if is_missed else 0)


def _parse_kinds(only: list[str] | None) -> list[CanaryKind]:
    from lfr_core.common.errors import Refused
    from lfr_core.retention.erasure.canary import CanaryKind

    if only is None:
        return list(CanaryKind)
    try:
        return [CanaryKind(word.casefold()) for word in only]
    except ValueError as error:
        kinds = ", ".join(kind.value for kind in CanaryKind)
        raise Refused("erasure.bad-kind", f"{', '.join(only)}: a canary is one of {kinds}") from error
