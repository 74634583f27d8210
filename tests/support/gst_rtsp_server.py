"""A real RTSP server, of GStreamer: started with the machine's own Python, which has Debian's bindings.

Serves a moving ball at /h264, /h265 and /jpeg, and on another port /secret to `viewer` with `open-sesame`
(Digest). Prints both ports.
"""

# mypy: ignore-errors
from __future__ import annotations

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

SOURCE = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=25/1"
STREAMS = {
    "/h264": "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! rtph264pay name=pay0 pt=96",
    "/h265": "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! rtph265pay name=pay0 pt=96",
    "/jpeg": "videoconvert ! video/x-raw,format=I420 ! jpegenc ! rtpjpegpay name=pay0 pt=26",
}
SERVERS = []


def main() -> None:
    Gst.init(None)
    auth = GstRtspServer.RTSPAuth.new()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    viewer = GstRtspServer.RTSPToken()
    viewer.set_string("media.factory.role", "viewer")
    auth.add_digest("viewer", "open-sesame", viewer)
    ports = [serve(STREAMS, None), serve({"/secret": STREAMS["/h264"]}, auth)]
    sys.stdout.write(" ".join(map(str, ports)) + "\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


def serve(streams: dict[str, str], auth: GstRtspServer.RTSPAuth | None) -> int:
    """The port of a server of these."""
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service("0")
    if auth is not None:
        server.set_auth(auth)
    for path, encoder in streams.items():
        factory = GstRtspServer.RTSPMediaFactory.new()
        factory.set_launch(f"( {SOURCE} ! {encoder} )")
        factory.set_shared(True)
        if auth is not None:
            factory.add_role_from_structure(_may("viewer"))
        server.get_mount_points().add_factory(path, factory)
    server.attach(None)
    SERVERS.append(server)
    return server.get_bound_port()


def _may(role: str) -> Gst.Structure:
    structure = Gst.Structure.new_empty(role)
    structure.set_value("media.factory.access", True)  # noqa: FBT003
    structure.set_value("media.factory.construct", True)  # noqa: FBT003
    return structure


main()
