"""`lfr camera`: send a camera's frames, try a source, see how cameras are doing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.common import AsJson, console, errors, guard, load_settings, policy_of, print_json

if TYPE_CHECKING:
    from streams.camera import CameraProgress

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Cameras: send frames, try a source, see how they are doing.")

SourceOption = Annotated[
    str,
    typer.Option(
        "--source",
        envvar="LFR_CAMERA_SOURCE",
        show_envvar=True,
        help="RTSP or HTTP URL, device number, video file or folder of images. Set the environment variable instead "
        "where the URL holds a password: a command line can be seen by every user of the machine.",
    ),
]


@app.command("run")
def run_command(
    source: SourceOption,
    deployment: Annotated[str, typer.Option(help="The deployment that the frames belong to.")],
    name: Annotated[str, typer.Option(help="The camera's name, e.g. north-gate.")],
    as_fast_as_possible: Annotated[
        bool,
        typer.Option("--as-fast-as-possible", help="For recordings: wait for the workers instead of dropping frames."),
    ] = False,
    loop: Annotated[bool, typer.Option("--loop", help="Play a recording again and again.")] = False,
    fps: Annotated[float | None, typer.Option(help="Play a recording at this rate instead of its own.")] = None,
    as_json: AsJson = False,
) -> None:
    """Send a camera's frames to the workers until it ends or you press Ctrl-C.

    Live cameras keep the newest frame and drop the older, and connect again by themselves. An operational deployment
    takes live cameras only.

    Example: `lfr camera run --source rtsp://10.0.0.7/stream1 --deployment op-elm --name north-gate`
    """
    import signal
    import threading
    import uuid
    from contextlib import ExitStack
    from dataclasses import asdict

    with guard():
        from lfr_core.common.clock import SystemClock
        from lfr_core.common.hardening import forbid_core_dumps
        from lfr_core.common.logs import configure_logs
        from lfr_core.custody.vault.client import vault_client
        from lfr_core.custody.vault.frames import VaultSealer
        from lfr_core.deployments.views import DeploymentReader
        from lfr_core.storage.engine import open_engine
        from streams.broker.traits import traits_of
        from streams.camera import CameraJob, run_camera
        from streams.camera.footage import FootageWriter, GatedFootage
        from streams.camera.rate_limit import silence_kafka_logs

        settings = load_settings()
        policy = policy_of(settings)
        configure_logs(settings.log_level)
        forbid_core_dumps()
        silence_kafka_logs()
        job = CameraJob(source, deployment, name, as_fast_as_possible=as_fast_as_possible, loop=loop, fps=fps)
        stop = threading.Event()

        def end(*_: object) -> None:
            if stop.is_set():  # asked twice: don't wait for the broker any more
                raise KeyboardInterrupt
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        with errors.status(f"{name}: connecting") as line:
            engine, session = open_engine(settings.records_url), str(uuid.uuid4())
            sealer = VaultSealer(vault_client(settings), SystemClock(), deployment, name)
            with ExitStack() as stack:
                kept = None  # a recording that is read fast is footage already
                if not as_fast_as_possible:
                    writer = FootageWriter(
                        deployment=deployment,
                        camera=name,
                        session=session,
                        engine=engine,
                        folder=settings.footage_store,
                        vault=vault_client(settings),
                        policy=policy.footage,
                    )
                    kept = GatedFootage(stack.enter_context(writer), sealer)
                report = run_camera(
                    job,
                    servers=settings.kafka_bootstrap,
                    policy=policy,
                    directory=DeploymentReader(engine),
                    sealer=sealer,
                    traits=traits_of(settings),
                    stop=stop,
                    session=session,
                    progress=lambda progress: line.update(_line(name, progress)),
                    footage=kept,
                )
        if as_json:
            print_json(asdict(report))
            return
        console.print(
            f"{name}: {report.captured} captured = {report.not_sampled} not sampled "
            f"+ {report.dropped_at_camera} dropped + {report.sent} sent",
            highlight=False,
        )
        for count, words in (
            (report.undecodable, "frames could not be decoded"),
            (report.too_large, "frames were too large"),
            (report.delivery_failed, "frames were not confirmed by the broker"),
            (report.unanswered, "frames got no answer from a worker in time"),
            (report.reconnects, "times the camera was connected again"),
        ):
            if count:
                console.print(f"  {count} {words}", highlight=False)


def _line(name: str, progress: CameraProgress) -> str:
    """One line on how it goes."""
    counts = progress.report
    age = "–" if progress.outcome_age_s is None else f"{progress.outcome_age_s * 1000:.0f} ms"
    return (
        f"{name}: {'' if progress.connected else '[red]no picture[/red] · '}{counts.captured} captured · "
        f"{counts.sent} sent · {counts.dropped_at_camera} dropped · {progress.looks_per_second:.1f} looks/s · "
        f"{progress.in_flight} in flight · outcome after {age}"
    )


@app.command("probe")
def probe_command(source: SourceOption, as_json: AsJson = False) -> None:
    """Open a source, take one picture and say what it is. Sends nothing; exits with 1 or more if it can't be opened.

    Example: `lfr camera probe --source rtsp://10.0.0.7/stream1`
    """
    with guard():
        from lfr_core.common.errors import Poison
        from streams.camera.folder import open_source
        from streams.camera.jpeg import JPEG_QUALITY, jpeg_size
        from streams.camera.urls import parse_source

        policy = policy_of(load_settings())
        opened = open_source(parse_source(source), policy.images)
        try:
            info = opened.info
            if opened.grab() is None:
                raise Poison(f"{info.shown} holds no frame that can be read")
            picture = opened.jpeg()
            width, height = jpeg_size(picture)
        finally:
            opened.close()
        limit = policy.images.max_frame_bytes
        found = {
            "source": info.shown,
            "live": info.live,
            "width_px": width,
            "height_px": height,
            "frames_per_second": info.fps,
            "codec": info.codec,
            "passthrough": info.passthrough,
            "jpeg_bytes": len(picture),
            "jpeg_quality": None if info.passthrough else JPEG_QUALITY,
            "max_frame_bytes": limit,
            "fits": len(picture) <= limit,
            "frames": info.frames,
        }
        if as_json:
            print_json(found)
        else:
            _say(found)
        if not found["fits"]:
            errors.print("its pictures are larger than policy.images.max_frame_bytes: lower its quality or resolution")
            raise typer.Exit(1)


def _say(found: dict[str, object]) -> None:
    """The findings of `probe`, for people."""
    kind = "a live camera" if found["live"] else "a recording"
    how = (
        "its own JPEGs are sent as they are"
        if found["passthrough"]
        else f"pictures are encoded as JPEG of quality {found['jpeg_quality']}"
    )
    console.print(f"{found['source']}: {kind}", highlight=False, markup=False)
    console.print(
        f"  {found['width_px']} x {found['height_px']} px, {found['frames_per_second']:g} frames/s, {found['codec']}",
        highlight=False,
    )
    console.print(f"  {how}; the first has {found['jpeg_bytes']:,} bytes", highlight=False)


@app.command("list")
def list_command(
    deployment: Annotated[str, typer.Option(help="The deployment whose cameras to list.")], as_json: AsJson = False
) -> None:
    """Show how a deployment's cameras are doing, and what became of their frames.

    Example: `lfr camera list --deployment op-elm`
    """
    import time
    from dataclasses import asdict

    with guard():
        from lfr_core.alerts.read import cameras, limits_of
        from lfr_core.common.errors import Refused
        from lfr_core.deployments.views import DeploymentReader
        from lfr_core.storage.engine import open_engine

        settings = load_settings()
        policy = policy_of(settings)
        engine = open_engine(settings.records_url)
        view = DeploymentReader(engine).find(deployment)
        if view is None:
            raise Refused(
                "camera.unknown-deployment",
                f"there is no deployment {deployment!r}; see `lfr deployment list`",
            )
        limits = limits_of(policy, live_only=view.live_only)
        found = cameras(engine, deployment, now_ns=time.time_ns(), limits=limits)
        if as_json:
            print_json(
                [
                    {
                        "camera": camera.camera,
                        "health": camera.standing.health.value,
                        "since_ns": camera.standing.since_ns,
                        "frames_per_second": camera.frames_per_second,
                        "looks_per_second": camera.looks_per_second,
                        "latency_ms": asdict(camera.latency),
                        "sessions": camera.sessions,
                        "counts": camera.counts.as_dict(),
                    }
                    for camera in found
                ]
            )
            return
        if not found:
            console.print(f"no camera has sent anything for {deployment} yet")
            return
        from rich.table import Table

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


@app.command("refused")
def refused_command(as_json: AsJson = False) -> None:
    """Show who sent records that nobody could read in the last 24 hours, how many, and why. Exit code 1: somebody did.

    Example: `lfr camera refused`
    """
    import time
    from dataclasses import asdict

    with guard():
        from lfr_core.alerts.read import refused_records
        from lfr_core.storage.engine import open_engine

        found = refused_records(open_engine(load_settings().records_url), now_ns=time.time_ns())
        if as_json:
            print_json([asdict(each) for each in found])
        elif not found:
            console.print("every record of the last 24 hours could be read")
        for each in () if as_json else found:
            name = each.camera or "(many other names)"
            console.print(
                f"{name}: {each.count:,} records could not be read; the last: {each.reason}",
                highlight=False, markup=False, soft_wrap=True,
            )  # fmt: skip
    if found:
        raise typer.Exit(1)
