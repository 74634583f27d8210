"""A real RTSP server, of GStreamer: started with the machine's own Python, which has Debian's bindings.

Serves a moving ball at /h264, /h265 and /jpeg; at /long-... with seconds between key frames, the first of them
missing, at /lossy-... without each 90th packet, at /frozen the same picture again and again, at /busy one that moves
everywhere; and on another port /secret to `viewer` with `open-sesame` (Digest). Prints both ports. With a port, a codec
and a size: that at /camera of that port, as one camera.
"""

# mypy: ignore-errors
from __future__ import annotations

import itertools
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

LOSE_EACH = 90
LOSE_BEFORE = 40
"""All but the first two, without which the server wouldn't begin to play: with them the first key frame goes."""
H264 = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max={gop} ! rtph264pay name=pay0 pt=96 mtu={mtu}"
H265 = "x265enc tune=zerolatency speed-preset=ultrafast key-int-max={gop} ! rtph265pay name=pay0 pt=96 mtu={mtu}"
JPEG = "videoconvert ! video/x-raw,format=I420 ! jpegenc ! rtpjpegpay name=pay0 pt=26"
CAPS = "video/x-raw,width={width},height={height},framerate=25/1"
FROZEN = f"videotestsrc num-buffers=1 pattern=smpte75 ! {CAPS.format(width=320, height=240)} ! imagefreeze is-live=true"
SERVERS = []


def ball(width: int = 320, height: int = 240) -> str:
    return f"videotestsrc is-live=true pattern=ball ! {CAPS.format(width=width, height=height)}"


def snow() -> str:
    """Pictures of many packets each."""
    return f"videotestsrc is-live=true pattern=zone-plate kx2=20 ky2=20 kt=5 ! {CAPS.format(width=320, height=240)}"


def streams() -> dict[str, str]:
    codecs = {"h264": H264, "h265": H265}
    found = {f"/{name}": f"{ball()} ! {codec.format(gop=25, mtu=1400)}" for name, codec in codecs.items()}
    found |= {f"/long-{name}": f"{ball()} ! {codec.format(gop=125, mtu=1400)}" for name, codec in codecs.items()}
    found |= {f"/lossy-{name}": f"{snow()} ! {codec.format(gop=10, mtu=400)}" for name, codec in codecs.items()}
    found["/frozen"] = f"{FROZEN} ! {H264.format(gop=25, mtu=1400)}"
    found["/busy"] = f"{snow()} ! {H264.format(gop=25, mtu=1400)}"
    found["/jpeg"] = f"{ball()} ! {JPEG}"
    return found


def main() -> None:
    Gst.init(None)
    if sys.argv[1:]:
        port, codec, width, height = sys.argv[1:]
        encoder = (H265 if codec == "h265" else H264).format(gop=25, mtu=1400)
        ports = [serve({"/camera": f"{ball(int(width), int(height))} ! {encoder}"}, None, port)]
    else:
        auth = GstRtspServer.RTSPAuth.new()
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        viewer = GstRtspServer.RTSPToken()
        viewer.set_string("media.factory.role", "viewer")
        auth.add_digest("viewer", "open-sesame", viewer)
        ports = [serve(streams(), None), serve({"/secret": streams()["/h264"]}, auth)]
    sys.stdout.write(" ".join(map(str, ports)) + "\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


def serve(streams: dict[str, str], auth: GstRtspServer.RTSPAuth | None, port: str = "0") -> int:
    """The port of a server of these."""
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(port)
    if auth is not None:
        server.set_auth(auth)
    for path, launch in streams.items():
        factory = GstRtspServer.RTSPMediaFactory.new()
        factory.set_launch(f"( {launch} )")
        factory.set_shared(True)
        if path.startswith("/lossy"):
            factory.connect("media-configure", lose_packets, lambda number: number % LOSE_EACH == 0)
        elif path.startswith("/long"):
            factory.connect("media-configure", lose_packets, lambda number: 2 < number < LOSE_BEFORE)
        if auth is not None:
            factory.add_role_from_structure(_may("viewer"))
        server.get_mount_points().add_factory(path, factory)
    server.attach(None)
    SERVERS.append(server)
    return server.get_bound_port()


def lose_packets(_factory: GstRtspServer.RTSPMediaFactory, media: GstRtspServer.RTSPMedia, is_lost) -> None:
    """Take packets away after they were numbered, as a network does."""
    count = itertools.count(1)

    def one(_pad: Gst.Pad, _info: Gst.PadProbeInfo) -> Gst.PadProbeReturn:
        return Gst.PadProbeReturn.DROP if is_lost(next(count)) else Gst.PadProbeReturn.OK

    pad = media.get_element().get_by_name("pay0").get_static_pad("src")
    pad.add_probe(Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST, one)


def _may(role: str) -> Gst.Structure:
    structure = Gst.Structure.new_empty(role)
    structure.set_value("media.factory.access", True)  # noqa: FBT003
    structure.set_value("media.factory.construct", True)  # noqa: FBT003
    return structure


main()
