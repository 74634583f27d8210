"""`lfr camera discover`: which cameras of a network answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lfr_core.custody.installation import Installation
    from streams.camera.discovery import FoundCamera

__all__ = ["app"]

app = typer.Typer()


@command(app)
def discover(
    installation: Installation,  # noqa: ARG001  every command has it
    network: Annotated[str, typer.Option(help="The cameras' network, as 10.0.0.0/24; no other is asked.")],
    seconds: Annotated[float, typer.Option(min=0.5, max=30, help="How long to wait for answers.")] = 4.0,
) -> Output:
    """Ask one network which cameras (ONVIF) are in it. No camera is opened, and no password is sent.

    Only a network in which this machine has an address can be asked. Exit code 1: no camera answered.

    Example: `lfr camera discover --network 10.0.0.0/24`
    """
    from dataclasses import asdict

    from streams.camera.discovery import find_cameras

    found = find_cameras(network, seconds=seconds)
    return Output([asdict(each) for each in found], lambda: _show(found, network), exit_code=0 if found else 1)


def _show(found: Sequence[FoundCamera], network: str) -> None:
    from rich.markup import escape
    from rich.table import Table

    if not found:
        console.print(
            f"no camera answered in {network}: ONVIF, or its discovery, may be switched off in a camera's settings",
            highlight=False,
            markup=False,
        )
        return
    table = Table("address", "calls itself", "model", "ONVIF service")
    for each in found:
        table.add_row(each.address, escape(each.name), escape(each.hardware), escape(" ".join(each.services)))
    console.print(table)
    console.print(
        "The address of its pictures (rtsp://...) is in its manual; try it with: lfr camera probe --source ...",
        highlight=False,
    )
