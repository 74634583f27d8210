"""`lfr camera run | probe`: sending a camera's frames, and trying a source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.camera.source import Source, check_added
from apps.cli.command import Output, command
from apps.cli.common import console, errors
from lfr_core.domain.actors import ProcessIdentity

if TYPE_CHECKING:
    import threading

    from lfr_core.custody.installation import Installation
    from streams.camera import network
    from streams.camera.job import CameraJob, CameraProgress, CameraReport

__all__ = ["app"]

app = typer.Typer()
FACE_PER_EYE_DISTANCE = 2.2
"""A face is about 140 mm wide, its eyes are about 63 mm apart."""

Transport = Annotated[
    str,
    typer.Option(envvar="LFR_CAMERA_TRANSPORT", help="How an RTSP camera sends its pictures: tcp, udp or http."),
]


@command(app, identity=ProcessIdentity.CAMERA)
def run(
    installation: Installation,
    source: Source,
    deployment: Annotated[str, typer.Option(help="The deployment that the frames belong to.")],
    name: Annotated[str, typer.Option(help="The camera's name, e.g. north-gate.")],
    as_fast_as_possible: Annotated[
        bool,
        typer.Option("--as-fast-as-possible", help="For recordings: wait for the workers instead of dropping frames."),
    ] = False,
    loop: Annotated[bool, typer.Option("--loop", help="Play a recording again and again.")] = False,
    fps: Annotated[float | None, typer.Option(help="Play a recording at this rate instead of its own.")] = None,
    transport: Transport = "tcp",
) -> Output:
    """Send a camera's frames to the workers until it ends or you press Ctrl-C.

    Live cameras keep the newest frame and drop the older, and connect again by themselves. An operational deployment
    takes live cameras only, each at the address at which a planner or operator added it (`lfr camera add`).

    Example: `lfr camera run --source rtsp://10.0.0.7/stream1 --deployment op-elm --name north-gate`
    """
    from dataclasses import asdict

    from lfr_core.common.hardening import harden_process
    from lfr_core.common.logs import configure_logs
    from streams.camera.job import CameraJob
    from streams.camera.rate_limit import silence_kafka_logs

    configure_logs(installation.settings.log_level)
    harden_process()
    silence_kafka_logs()
    check_added(installation, source, deployment, name)
    job = CameraJob(
        source,
        deployment,
        name,
        as_fast_as_possible=as_fast_as_possible,
        loop=loop,
        fps=fps,
        transport=_transport(transport),
        decoder=installation.settings.camera_decoder,
        ca_file=installation.settings.camera_ca_file,
    )
    report = _send(installation, job, _stop_on_signals())
    return Output(asdict(report), lambda: _show_report(name, report))


def _transport(text: str) -> network.Transport:
    from lfr_core.common.errors import Poison
    from streams.camera.network import Transport

    try:
        return Transport(text.lower())
    except ValueError:
        raise Poison(f"{text!r} is no way in which pictures are sent here: give tcp, udp or http") from None


def _stop_on_signals() -> threading.Event:
    """Return an event that the first signal to end sets; the second one ends the process without waiting."""
    import signal
    import threading

    stop = threading.Event()

    def end(*_: object) -> None:
        if stop.is_set():  # asked twice: don't wait for the broker any more
            raise KeyboardInterrupt
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return stop


def _send(installation: Installation, job: CameraJob, stop: threading.Event) -> CameraReport:
    """Send the camera's frames until it ends or `stop` is set, and keep them as footage while the gate is open."""
    import uuid
    from contextlib import ExitStack, closing

    import numpy as np

    from lfr_core.custody.vault.frames import VaultSealer
    from lfr_core.deployments.views import DeploymentReader
    from streams.broker.connection import connect_as
    from streams.broker.traits import read_traits
    from streams.broker.users import User
    from streams.camera.canary_sealer import CanarySealer
    from streams.camera.footage import FootageWriter, GatedFootage
    from streams.camera.session import run_camera

    settings, policy, engine = installation.settings, installation.policy, installation.engine
    name, session = job.camera, str(uuid.uuid4())
    with errors.status(f"{name}: connecting") as line, ExitStack() as stack:
        sealing = VaultSealer(installation.vault, installation.clock, job.deployment, name)
        sealer = CanarySealer(sealing, installation.vault, np.random.default_rng())
        footage = None  # a recording that is read fast is footage already
        if not job.as_fast_as_possible:
            # a connection of its own: keys of footage never hold up those of frames
            vault = stack.enter_context(closing(installation.open_vault()))
            writer = FootageWriter(
                deployment=job.deployment,
                camera=name,
                session=session,
                engine=engine,
                folder=settings.footage_store,
                vault=vault,
                policy=policy.footage,
                clock=installation.clock,
            )
            footage = GatedFootage(stack.enter_context(writer), sealer)
        return run_camera(
            job,
            connection=connect_as(User.CAMERA, settings),
            policy=policy,
            directory=DeploymentReader(engine),
            sealer=sealer,
            clock=installation.clock,
            traits=read_traits(settings),
            stop=stop,
            session=session,
            progress=lambda progress: line.update(_progress_line(name, progress)),
            footage=footage,
        )


def _show_report(name: str, report: CameraReport) -> None:
    console.print(
        f"{name}: {report.captured} captured = {report.not_sampled} not sampled "
        f"+ {report.dropped_at_camera} dropped + {report.sent} sent",
        highlight=False,
    )
    for count, words in (
        (report.undecodable, "frames could not be decoded"),
        (report.damaged, "frames were damaged on their way, and nobody looked at them"),
        (report.too_large, "frames were too large"),
        (report.delivery_failed, "frames were not confirmed by the broker"),
        (report.unanswered, "frames got no answer from a worker in time"),
        (report.reconnects, "times the camera was connected again"),
    ):
        if count:
            console.print(f"  {count} {words}", highlight=False)


def _progress_line(name: str, progress: CameraProgress) -> str:
    """Say in one line how it goes."""
    counts = progress.report
    age = "–" if progress.outcome_age_s is None else f"{progress.outcome_age_s * 1000:.0f} ms"
    return (
        f"{name}: {_describe_trouble(progress)}{counts.captured} captured · "
        f"{counts.sent} sent · {counts.dropped_at_camera} dropped · {progress.looks_per_second:.1f} looks/s · "
        f"{progress.in_flight} in flight · outcome after {age}"
    )


def _describe_trouble(progress: CameraProgress) -> str:
    """Say what is the matter with its pictures, if anything is."""
    words = {
        "no-key-frame": "no whole picture yet",
        "damaged": "damaged pictures",
        "behind": "behind",
        "dark": "dark or covered",
        "still": "the picture stands still",
        "moved": "it shows another place than at its start",
    }
    matter = words.get(progress.picture.value) if progress.connected else "no picture"
    return f"[red]{matter}[/red] · " if matter else ""


@command(app)
def probe(installation: Installation, source: Source, transport: Transport = "tcp") -> Output:
    """Open a source, take one picture, say what it is and which faces can be found in it.

    Sends nothing; exits with 1 or more if it can't be opened.

    Example: `lfr camera probe --source rtsp://10.0.0.7/stream1`
    """
    from lfr_core.recognition.faces.frame_shapes import smallest_eye_distance_px
    from lfr_core.recognition.faces.pack.manifest import read_manifest
    from streams.camera.jpeg import JPEG_QUALITY, jpeg_size
    from streams.camera.open_source import open_source
    from streams.camera.probe import take_picture
    from streams.camera.upright import looks_halved
    from streams.camera.urls import parse_source

    settings, policy, images = installation.settings, installation.policy, installation.policy.images
    opened = open_source(
        parse_source(source),
        images,
        transport=_transport(transport),
        decoder=settings.camera_decoder,
        ca_file=settings.camera_ca_file,
        clock=installation.clock,
    )
    info = opened.info
    taken = take_picture(opened, lambda text: errors.print(f"{info.shown}: {text}", highlight=False, markup=False))
    picture = taken.jpeg
    width, height = jpeg_size(picture)
    manifest = read_manifest(settings.pack_folder) if settings.pack_folder.is_dir() else None
    twice = not settings.pack_folder.is_dir() or (manifest is not None and manifest.openlfr is not None)
    eyes_px = smallest_eye_distance_px(width, height, policy.faces, parts=twice)
    fits = len(picture) <= images.max_frame_bytes
    found = {
        "source": info.shown,
        "live": info.live,
        "width_px": width,
        "height_px": height,
        "looks_halved": looks_halved(width, height),
        "frames_per_second": info.fps,
        "codec": info.codec,
        "passthrough": info.passthrough,
        "jpeg_bytes": len(picture),
        "jpeg_quality": None if info.passthrough else JPEG_QUALITY,
        "max_frame_bytes": images.max_frame_bytes,
        "fits": fits,
        "frames": info.frames,
        "clock_age_s": None if taken.clock_age_s is None else round(taken.clock_age_s, 2),
        "smallest_eye_distance_px": round(eyes_px, 1),
        "smallest_face_share_of_width": round(FACE_PER_EYE_DISTANCE * eyes_px / width, 4),
    }
    if not fits:
        errors.print("its pictures are larger than policy.images.max_frame_bytes: lower its quality or resolution")
    return Output(found, lambda: _show_source(found, policy.live.frame_max_age_s), exit_code=0 if fits else 1)


def _show_source(found: dict[str, object], max_age_s: float) -> None:
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
    if found["looks_halved"]:
        console.print(
            "  that is half the width of 16:9: if people look narrow in it, let the camera or recorder send the whole "
            "width (not 1080N or 720N), or nobody is recognised",
            style="yellow",
        )
    console.print(
        f"  faces are found from {found['smallest_eye_distance_px']:g} px between the eyes: a face's width is then "
        f"{100 * float(str(found['smallest_face_share_of_width'])):.1f} % of the picture's",
        highlight=False,
    )
    console.print(f"  {how}; the first has {found['jpeg_bytes']:,} bytes", highlight=False)
    if found["clock_age_s"] is not None:
        age_s = float(str(found["clock_age_s"]))
        console.print(f"  by the camera's own clock its pictures are {age_s:.2f} s old when they come", highlight=False)
        if not -1 < age_s < max_age_s:
            console.print(
                "  its clock is wrong, or it holds its pictures back: let both ask the same time server",
                style="yellow",
            )
