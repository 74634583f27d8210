"""What reaches our processes and the libraries in them: no telemetry, no proxy, no other server, no other code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from apps.supervisor.process import child_environment
from lfr_core.common.environment import SWITCHES, own_environment
from tests.support.outside import RecordingProxy, hostile_folder, persons_environment
from tests.support.tiers import leave_to_long

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("lfr_core", "streams", "flows", "apps")


def run(code: str, env: dict[str, str], *, cwd: Path = ROOT) -> str:
    done = subprocess.run([sys.executable, "-c", code], env=env, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_any_package_prepares_the_process(package: str, tmp_path: Path) -> None:
    env = persons_environment(tmp_path, "http://192.0.2.1:3128")
    tell = (
        f"import {package}, ctypes, json, os, resource, sys\n"
        "dumps = [ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), *resource.getrlimit(resource.RLIMIT_CORE)[:1]]\n"
        "print(json.dumps([dict(os.environ), os.umask(0), dumps, list(sys.modules)]))"
    )

    found, umask, dumps, modules = json.loads(run(tell, env))

    assert {name: found.get(name) for name in SWITCHES} == SWITCHES
    assert [name for name in found if name.lower().endswith("_proxy") and name.lower() != "no_proxy"] == []
    assert not {"PGHOST", "STREAMLIT_SERVER_ADDRESS", "OPENCV_FFMPEG_CAPTURE_OPTIONS", "JAVA_TOOL_OPTIONS"} & set(found)
    assert umask == 0o077
    assert dumps == [0, 0]  # PR_GET_DUMPABLE: nobody attaches; no core file
    assert {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names) <= {
        *(package, "lfr_core", "__main__", "sitecustomize"),
        *(name for name in modules if name.startswith(("_", "google", "mpl_toolkits"))),  # what .pth files name
    }


def test_onnx_runtime_imported_first_without_its_switch_is_refused(tmp_path: Path) -> None:
    env = persons_environment(tmp_path, "http://192.0.2.1:3128")
    code = "import sys, types; sys.modules['onnxruntime'] = types.ModuleType('onnxruntime'); import lfr_core"

    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "import lfr_core first" in done.stderr


def test_downloads_keep_the_proxies_and_options_of_the_person(tmp_path: Path) -> None:
    env = persons_environment(tmp_path, "http://192.0.2.1:3128") | {"no_proxy": "mirror.example", "PIP_INDEX_URL": "i"}
    tell = "from lfr_core.common.environment import download_environment as d; import json; print(json.dumps(d()))"

    found = json.loads(run(tell, env))

    kept = ("http_proxy", "HTTPS_PROXY", "no_proxy", "PIP_INDEX_URL", "JAVA_TOOL_OPTIONS", "HOME")
    assert {name: found.get(name) for name in kept} == {name: env[name] for name in kept}
    assert "NO_PROXY" not in found


def test_a_child_gets_its_settings_and_nothing_of_the_persons_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = {
        **dict.fromkeys(("PREFECT_API_URL", "PREFECT_API_KEY", "XDG_CONFIG_HOME", "PGSERVICE", "http_proxy"), "x"),
        **dict.fromkeys(("PYTHONPATH", "STREAMLIT_SERVER_ADDRESS", "GX_CLOUD_ACCESS_TOKEN", "SSLKEYLOGFILE"), "x"),
        **dict.fromkeys(("LFR_DATABASE_URL", "LFR_ENV_FILE", "KAFKA_OPTS", "GRPC_TRACE", "_JAVA_OPTIONS"), "x"),
        **dict.fromkeys(("WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS"), "x"),
        **dict.fromkeys(("NEWLIBRARY_SERVER_URL", "SENTRY_DSN", "AWS_SECRET_ACCESS_KEY"), "x"),  # unheard of
    }
    for name, text in theirs.items():
        monkeypatch.setenv(name, text)

    given = child_environment({"LFR_HOME": "/h", "PREFECT_API_URL": "ours"})

    assert {name for name in theirs if given.get(name) == "x"} == set()
    assert (given["LFR_HOME"], given["PREFECT_API_URL"], given["LFR_ENV_FILE"]) == ("/h", "ours", "")
    assert given["PATH"] == os.environ["PATH"]
    machine = {"TZ": "Europe/London", "JAVA_HOME": "/j", "CUDA_VISIBLE_DEVICES": "1", "OPENBLAS_NUM_THREADS": "1"}
    assert machine.items() <= own_environment(machine, for_child=True).items()
    assert own_environment({"LANG": "cy_GB.UTF-8"})["LANG"] == "cy_GB.UTF-8"


@pytest.mark.parametrize(
    ("theirs", "ours"), [("/opt/lib:", "/opt/lib"), (":/a::/b:lib", "/a:/b"), ("", None), (":", None), ("lib", None)]
)
def test_no_library_is_loaded_from_the_folder_one_stands_in(theirs: str, ours: str | None) -> None:
    assert own_environment({"LD_LIBRARY_PATH": theirs}, for_child=True).get("LD_LIBRARY_PATH") == ours


class _Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


def test_loopback_is_never_asked_through_a_proxy(tmp_path: Path) -> None:
    code = (
        "import sys; from apps.supervisor.probes import http_ok; import httpx, urllib.request as u; url = sys.argv[1]\n"
        "assert http_ok(url)(0); assert httpx.get(url).status_code == 200; assert u.urlopen(url).status == 200"
    )
    with RecordingProxy() as proxy, ThreadingHTTPServer(("127.0.0.1", 0), _Health) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/api/health"
        done = subprocess.run(
            [sys.executable, "-c", code, url],
            env=persons_environment(tmp_path, proxy.url),
            capture_output=True,
            text=True,
            check=False,
        )
        server.shutdown()

    assert done.returncode == 0, done.stderr
    assert proxy.asked == []


def test_faust_takes_its_broker_and_its_listener_from_our_settings_alone(tmp_path: Path) -> None:
    code = (
        "from lfr_core.domain.policy import load_policy; from lfr_core.common.settings import Settings\n"
        "from streams.app import make_app; from streams.broker.traits import read_traits\n"
        "from streams.broker.connection import BrokerConnection; from streams.broker.users import User\n"
        "s = Settings(); c = BrokerConnection(s.kafka_bootstrap, User.RECORD)\n"
        "a = make_app('g', '0', settings=s, policy=load_policy(None), traits=read_traits(s), connection=c)\n"
        "print(a.conf.broker, a.conf.web_host)"
    )

    reported = run(code, persons_environment(tmp_path, "http://192.0.2.1:3128"))

    assert "127.0.0.1:9392" in reported
    assert "192.0.2.1" not in reported
    assert "0.0.0.0" not in reported


@pytest.mark.parametrize(
    "program",
    leave_to_long(
        [("-m", "apps.cli", "--help"), ("-m", "streams.worker", "--help")], but=[("-m", "apps.cli", "--help")]
    ),
)
def test_a_program_takes_no_code_from_the_folder_one_stands_in(program: tuple[str, ...], tmp_path: Path) -> None:
    folder = hostile_folder(tmp_path / "theirs")
    (folder / "apps.py").unlink()  # `python -m` looks there for the program itself, before anything of ours runs

    done = subprocess.run([sys.executable, *program], cwd=folder, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_lfr_takes_neither_settings_nor_code_from_the_folder_one_stands_in(tmp_path: Path) -> None:
    """`lfr doctor` opens the database and asks broker, gallery and workflows: it imports what all of them need."""
    lfr, home, person = str(Path(sys.executable).with_name("lfr")), tmp_path / "home", tmp_path / "person"
    person.mkdir()
    with RecordingProxy() as proxy:
        done = subprocess.run(
            [lfr, "doctor", "--json"],
            cwd=hostile_folder(tmp_path / "theirs"),
            env=persons_environment(person, proxy.url) | {"LFR_HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )
    reported = {check["name"]: check["says"] for check in json.loads(done.stdout)}

    assert "LFR_DATABASE_URL" not in reported["settings"]
    assert "LFR_HOME" in reported["settings"]
    assert not [says for says in reported.values() if "nowhere" in says or "192.0.2.1" in says]
    assert (proxy.asked, list(person.iterdir())) == ([], [])
    assert [path for path in (home, *home.rglob("*")) if path.stat().st_mode & 0o077] == []
