"""What a process of ours takes from the environment it was started in, and what the libraries in it are told.

Each of our packages prepares its process when it is imported (`lfr_core/__init__.py`), so before any library of its own
is: no entry point can forget it. Standard library only.

* Telemetry is switched off, for every library that has any.
* No proxy is used: everything we speak to at run time is this machine's, a camera, or a service named by its address.
* What would give libraries another server, other options or other code is left out. Settings of ours say those. A child
  gets only what is listed for children: what a library reads that nobody here has heard of reaches none.
* No dump of its memory is written, and nobody attaches to it; it is kept out of swap in whatever `lfr up` starts that
  holds faces or keys, and in what that starts (`LOCK_MEMORY`).
* Files are made for us alone (umask 077). What the public may read is opened by name (`site/atomic_publish.py`).

Downloads (models, photographs, jars) keep the person's proxies and mirrors: `download_environment`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from lfr_core.common.process_memory import forbid_core_dumps, lock_memory
from lfr_core.common.project import PROJECT
from lfr_core.common.starting import begin_start

__all__ = ["LOCK_MEMORY", "PRIVATE_UMASK", "SWITCHES", "download_environment", "own_environment", "prepare_process"]

PRIVATE_UMASK = 0o077
LOCK_MEMORY = "OPENLFR_LOCK_MEMORY"
"""Set to 1 in the environment of a process that holds faces or keys, before it starts."""

SWITCHES = {
    "ORT_DISABLE_TELEMETRY": "1",  # ONNX Runtime 1.32 reads it when a model is loaded; its function for it doesn't help
    "DO_NOT_TRACK": "1",  # Prefect's client
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
    "GX_ANALYTICS_ENABLED": "false",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    "NO_ALBUMENTATIONS_UPDATE": "1",  # insightface's
    "PYTHON_DOTENV_DISABLED": "1",  # pymilvus loads the nearest `.env` into the environment when it is imported
    "NO_PROXY": "*",  # says it also where a library asks the system for proxies (macOS)
    "no_proxy": "*",
}
"""Set in every process of ours, whatever it was started with."""

NO_HOME = "/nonexistent"
"""The home of a user who has none: libraries only ask where it would be, and what would write there is refused."""

_LEFT_OUT = re.compile(
    r"""
    .*_proxy                                        # in any case: http, https, ftp, all, no, grpc
    | (GX|STREAMLIT|ORT|OPENCV|FAUST|GRPC|OTEL|KAFKA|MILVUS|PYMILVUS)_.*
    | PG[A-Z]+                                      # libpq: host, service, options, password file
    | JAVA_TOOL_OPTIONS | JDK_JAVA_OPTIONS | _JAVA_OPTIONS | CLASSPATH
    | PYTHON(PATH|STARTUP|INSPECT|HOME|USERBASE)    # other code
    | SSLKEYLOGFILE                                 # the keys of every TLS connection, in a file
    | WEB_CONCURRENCY | FORWARDED_ALLOW_IPS         # uvicorn: more processes than one, and whose word it takes
    """,
    re.IGNORECASE | re.VERBOSE,
)
_PATHS = {"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}
_FOR_CHILDREN = re.compile(
    r"""
    (OPEN)?LFR_.*
    | PATH | HOME | USER | LOGNAME | SHELL | TERM | COLUMNS | LINES | NO_COLOR | CI
    | TMPDIR | TMP | TEMP | TZ | TZDIR | LANG | LANGUAGE | LC_[A-Z]+ | LOCPATH | CHARSET
    | (LD|DYLD)_LIBRARY_PATH | SSL_CERT_(FILE|DIR) | JAVA_HOME
    | (OMP|OPENBLAS|GOTO|MKL|BLIS|VECLIB|NUMEXPR)_.* | MALLOC_.* | LIBVA_.* | (CUDA|NVIDIA|ROCR|HIP)_.*
    | PYTHON(UTF8|IOENCODING|COERCECLOCALE|WARNINGS|HASHSEED|DONTWRITEBYTECODE|FAULTHANDLER|MALLOC|SAFEPATH|UNBUFFERED)
    | PREFECT_API_AUTH_STRING                       # of a server that the settings name: `flows.prefect_credentials`
    """,
    re.VERBOSE,
)
"""What a child may have of the environment somebody started us in; all else is left behind."""


def own_environment(env: Mapping[str, str], *, for_child: bool = False) -> dict[str, str]:
    """Return `env` without what is left out, and with the switches; `for_child`: of it only what children are given."""
    kept = {
        name: text
        for name, text in env.items()
        if not _LEFT_OUT.fullmatch(name) and (not for_child or _FOR_CHILDREN.fullmatch(name))
    }
    for name in kept.keys() & _PATHS:  # an empty part is the folder one stands in: OpenCV's import leaves one
        kept[name] = os.pathsep.join(part for part in kept[name].split(os.pathsep) if Path(part).is_absolute())
    return {name: text for name, text in kept.items() if text or name not in _PATHS} | SWITCHES


def _has_home() -> bool:
    """Return whether anybody can say where this user's home is: in a container it may be nobody's own number."""
    try:
        Path.home()
    except RuntimeError:
        return False
    return True


def prepare_process() -> None:
    """Make this process's environment our own, and its files private. Once; later calls change nothing.

    Raises:
        RuntimeError: ONNX Runtime was imported before, without its switch.
    """
    if "onnxruntime" in sys.modules and os.environ.get("ORT_DISABLE_TELEMETRY") != "1":
        raise RuntimeError("onnxruntime was imported before lfr_core, so its telemetry is on: import lfr_core first")
    own = own_environment(os.environ)
    for name in os.environ.keys() - own.keys():
        _REMOVED[name] = os.environ.pop(name)
    _REMOVED.update({name: os.environ[name] for name in _PROXY_SWITCHES if os.environ.get(name, "*") != "*"})
    os.environ.update(own)
    if not _has_home():
        os.environ["HOME"] = NO_HOME
    os.umask(PRIVATE_UMASK)
    begin_start()
    forbid_core_dumps()
    if os.environ.get(LOCK_MEMORY) == "1":
        lock_memory()
    if sys.argv[:1] == ["-m"] and sys.path[:1] == [str(Path.cwd())] != [str(PROJECT)]:
        del sys.path[0]  # `python -m` would take every library from the folder one stands in, if it is there


_REMOVED: dict[str, str] = {}
_PROXY_SWITCHES = ("NO_PROXY", "no_proxy")


def download_environment() -> dict[str, str]:
    """Return the environment for pip, npm and Maven: with the proxies and options that the person has set."""
    return {name: text for name, text in os.environ.items() if name not in _PROXY_SWITCHES} | _REMOVED
