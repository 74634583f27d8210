"""A proxy that notes what it is asked for, and an environment in which everything leads to it or elsewhere."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from pathlib import Path
from typing import Self

__all__ = ["STRACE", "RecordingProxy", "foreign_hosts", "hostile_folder", "persons_environment"]

STRACE = shutil.which("strace")
_LIBRARIES = ("apps", "cv2", "milvus_lite", "onnxruntime", "prefect", "pydantic", "sqlmodel", "streamlit", "typer")


class RecordingProxy:
    """Refuses every request with 403, and keeps its first line."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                self.asked.append(connection.recv(400).partition(b"\r\n")[0].decode(errors="replace"))
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def persons_environment(home: Path, proxy: str) -> dict[str, str]:
    """Ours without CI, with the empty `home`, all proxies, and other servers and options for every library."""
    kept = {name: text for name, text in os.environ.items() if name != "CI" and not name.startswith(("DO_NOT", "ORT_"))}
    proxies = {f"{scheme}_proxy": proxy for scheme in ("http", "https", "all", "grpc")}
    for name in ("no_proxy", "NO_PROXY"):
        kept.pop(name, None)
    return (
        kept
        | proxies
        | {name.upper(): url for name, url in proxies.items()}
        | {
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "BROKER_URL": "kafka://192.0.2.1:9092",
            "WEB_HOST": "0.0.0.0",
            "PGHOST": "192.0.2.1",
            "PREFECT_API_URL": "http://192.0.2.1/api",
            "STREAMLIT_SERVER_ADDRESS": "0.0.0.0",
            "OPENCV_FFMPEG_CAPTURE_OPTIONS": f"http_proxy;{proxy}",
            "JAVA_TOOL_OPTIONS": "-XX:NoSuchOption",
            "PYTHON_DOTENV_DISABLED": "",
        }
    )


def hostile_folder(folder: Path) -> Path:
    """A folder to stand in that somebody else has filled: settings for us and our libraries, code in their names."""
    (folder / ".streamlit").mkdir(parents=True)
    (folder / ".streamlit" / "config.toml").write_text("[server]\nport = 1\n")
    (folder / ".streamlit" / "secrets.toml").write_text("not = [toml")
    (folder / ".env").write_text(
        "LFR_DATABASE_URL=sqlite:////nowhere/stolen.sqlite3\nPREFECT_HOME=/nowhere\nHTTP_PROXY=http://192.0.2.1:1\n"
    )
    (folder / "prefect.toml").write_text('[api]\nurl = "http://192.0.2.1/api"\n[server.api]\nport = "many"\n')
    (folder / "pyproject.toml").write_text('[tool.prefect.api]\nurl = "http://192.0.2.1/api"\n')
    for name in _LIBRARIES:
        (folder / f"{name}.py").write_text(f"raise SystemExit('{name} was taken from the folder one stands in')\n")
    return folder


def foreign_hosts(trace: Path) -> list[str]:
    """The connections of an strace (`connect`) that leave this machine, questions to a name server among them."""
    lines = [line for line in trace.read_text(errors="replace").splitlines() if "connect(" in line and "_port=" in line]
    own = ('inet_addr("127.', 'inet_pton(AF_INET6, "::1"', "::ffff:127.")
    return [line for line in lines if not any(each in line for each in own)]
