"""`lfr camera list | refused`: how a deployment's cameras are doing, and who sends what can't be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lfr_core.alerts.read import CameraHealth
    from lfr_core.custody.installation import Installation

__all__ = ["app"]

app = typer.Typer()


@command(app, "list")
def list_cameras(
    installation: Installation,
    deployment: Annotated[str, typer.Option(help="The deployment whose cameras to list.")],
) -> Output:
    """Show how a deployment's cameras are doing, and what became of their frames.

    Example: `lfr camera list --deployment op-elm`
    """
    from lfr_core.alerts.read import cameras, limits_of
    from lfr_core.common.errors import Refused
    from lfr_core.deployments.views import DeploymentReader

    policy, engine = installation.policy, installation.engine
    view = DeploymentReader(engine).find(deployment)
    if view is None:
        raise Refused(
            "camera.unknown-deployment",
            f"there is no deployment {deployment!r}; see `lfr deployment list`",
        )
    limits = limits_of(policy, live_only=view.live_only)
    found = cameras(engine, deployment, now_ns=installation.now_ns, limits=limits)
    return Output([_as_dict(camera) for camera in found], lambda: _show_cameras(found, deployment))


@command(app)
def refused(installation: Installation) -> Output:
    """Show under which names records came in the last 24 hours that were refused, how many, why. Exit code 1: any did.

    Example: `lfr camera refused`
    """
    from dataclasses import asdict

    from lfr_core.alerts.read import refused_records

    found = refused_records(installation.engine, now_ns=installation.now_ns)
    lines = [
        f"{each.camera or '(many other names)'}: {each.count:,} records refused, {each.unauthentic:,} of them sent by "
        f"nobody of this installation; the last: {each.reason}"
        for each in found
    ]
    text = "\n".join(lines) or "no record of the last 24 hours was refused"
    return Output([asdict(each) for each in found], text, exit_code=1 if found else 0)


def _as_dict(camera: CameraHealth) -> dict[str, object]:
    from dataclasses import asdict

    return {
        "camera": camera.camera,
        "health": camera.standing.health.value,
        "since_ns": camera.standing.since_ns,
        "frames_per_second": camera.frames_per_second,
        "looks_per_second": camera.looks_per_second,
        "latency_ms": asdict(camera.latency),
        "sessions": camera.sessions,
        "counts": camera.counts.as_dict(),
    }


def _show_cameras(found: Sequence[CameraHealth], deployment: str) -> None:
    from rich.table import Table

    if not found:
        console.print(f"no camera has sent anything for {deployment} yet")
        return
    table = Table("camera", "health", "frames/s", "looks/s", "p95 ms", "captured", "recognised", "dropped", "lost")
    for camera in found:
        counts = camera.counts
        p95 = camera.latency.p95_ms
        table.add_row(
            camera.camera,
            camera.standing.health.value,
            f"{camera.frames_per_second:.1f}",
            f"{camera.looks_per_second:.1f}",
            "–" if p95 is None else f"{p95:.0f}",
            str(counts.captured),
            str(counts.recognised),
            str(counts.dropped_at_camera + counts.dropped_stale),
            str(counts.lost),
        )
    console.print(table)
