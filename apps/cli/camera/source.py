"""A camera's source as commands take it: no password in the command line, a live one only where it was added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation

__all__ = ["Source", "check_added"]


def _refuse_shown_password(context: typer.Context, source: str) -> str:
    """Refuse an address with a password that stands in the command line; return another as it is."""
    from streams.camera.urls import holds_password

    given = context.get_parameter_source("source")
    if given is not None and given.name == "COMMANDLINE" and holds_password(source):
        raise typer.BadParameter(
            "this address names a user or may hold a password, and every user of this machine can see a command line. "
            "Nothing was opened: "
            "take another password at the camera, and give the address in LFR_CAMERA_SOURCE (bash: `read -rs "
            "LFR_CAMERA_SOURCE; export LFR_CAMERA_SOURCE`) without --source"
        )
    return source


Source = Annotated[
    str,
    typer.Option(
        "--source",
        envvar="LFR_CAMERA_SOURCE",
        show_envvar=True,
        callback=_refuse_shown_password,
        help="RTSP or HTTP URL, device number, video file or folder of images. Set the environment variable instead "
        "where the URL holds a password: a command line can be seen by every user of the machine.",
    ),
]


def check_added(installation: Installation, source: str, deployment: str, camera: str) -> None:
    """See that a live camera of a planned deployment is run at its own address. Raises as `check_camera_address`.

    Recordings, and cameras of a trial, are `run_camera`'s to refuse.
    """
    from lfr_core.deployments.camera_addresses import check_camera_address
    from lfr_core.deployments.views import DeploymentReader
    from streams.camera.urls import parse_source

    view = DeploymentReader(installation.engine).find(deployment)
    if view is not None and view.lifecycle.takes_live_cameras and parse_source(source).kind.live:
        check_camera_address(installation.engine, deployment, camera, source)
