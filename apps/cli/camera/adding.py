"""`lfr camera add`: at which address a camera of a deployment is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.camera.source import Source
from apps.cli.command import Output, command

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson

__all__ = ["app"]

app = typer.Typer()


@command(app, migrated=True)
def add(
    installation: Installation,
    by: AuthenticatedPerson,
    source: Source,
    deployment: Annotated[str, typer.Option(help="The deployment that it films for.")],
    name: Annotated[str, typer.Option(help="The camera's name in the application, e.g. north-gate.")],
) -> Output:
    """Say at which address a camera is, or give it another: it is run there and nowhere else. On the audit trail.

    The trail has a digest of the address, never address or password. `lfr camera run` asks for it, on each machine.

    Example: `lfr camera add --source rtsp://10.0.0.7/stream1 --deployment op-elm --name north-gate`
    """
    from lfr_core.common.errors import Refused
    from lfr_core.deployments.camera_sources import CameraSources, camera_folder
    from streams.camera.urls import parse_source

    parsed = parse_source(source)
    if not parsed.kind.live:
        raise Refused("camera.no-camera", "give the camera's own address: a recording isn't added, only played")
    sources = CameraSources(installation.engine, installation.trail, camera_folder(installation.settings.home))
    sources.keep(deployment, name, source, by=by)
    return Output({"camera": name, "source": parsed.shown}, f"camera {name} is at {parsed.shown}")
