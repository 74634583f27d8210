from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from apps.supervisor.plan import plan
from lfr_core.common.project import PROJECT
from lfr_core.common.settings import Settings
from lfr_core.common.starting import STARTING, collect_seldom, leave_out, load_when_used
from lfr_core.domain.policy import load_policy
from streams.broker import KAFKA
from streams.broker.choose import BrokerChoice

TELL = f"""
import gc, json, os, sys
import lfr_core.common.liveness as liveness
from pathlib import Path
before, frozen = gc.get_threshold(), gc.get_freeze_count()  # Python 3.12 freezes some objects of its own
file = liveness.LivenessFile(Path(sys.argv[1]))
file.say_ready()
print(json.dumps([before[0], gc.get_threshold()[0], gc.get_freeze_count() > frozen, {STARTING!r} in os.environ]))
"""


@pytest.mark.parametrize("starting", [True, False])
def test_the_collector_is_asked_as_usual_once_a_process_is_ready(tmp_path: object, *, starting: bool) -> None:
    env = {name: text for name, text in os.environ.items() if name != STARTING} | ({STARTING: "1"} if starting else {})
    told = subprocess.check_output([sys.executable, "-c", TELL, f"{tmp_path}/ready"], env=env, cwd=PROJECT)

    before, after, frozen, handed_on = json.loads(told)
    assert (before > after, frozen, handed_on) == (starting, starting, False)


def test_every_child_that_is_told_that_it_starts_says_when_it_has(tmp_path: object) -> None:
    external = BrokerChoice(KAFKA, external=True, needs_maven=False, why="a test")
    children = plan(Settings(home=f"{tmp_path}"), load_policy(), choice=external, with_flows=True)
    told = {spec.command[2] for spec in children if spec.env.get(STARTING)}
    ends = {
        "lfr_core.recognition.lite_server": "lfr_core/recognition/lite_server.py",
        "apps.vault": "apps/vault/process.py",
        "apps.staff": "apps/staff/server.py",
        "flows.prefect_server": "flows/prefect_server.py",
        "streams.worker": "streams/worker.py",
        "apps.watch": "apps/watch/process.py",
        "flows.serve": "flows/serve.py",
        "flows.purge": "flows/purge.py",
        "apps.identity": "",  # becomes another program
    }
    assert told == ends.keys()
    for file in filter(None, ends.values()):
        text = (PROJECT / file).read_text(encoding="utf-8")
        assert any(word in text for word in ("end_start()", "say_ready", "kept_fresh")), file


def test_what_is_left_out_can_be_imported_afterwards() -> None:
    sys.modules.pop("colorsys", None)
    with leave_out("colorsys"), pytest.raises(ImportError):
        import colorsys
    import colorsys

    with leave_out("colorsys"):
        assert sys.modules["colorsys"] is colorsys


def test_no_process_loads_a_library_for_colours_with_the_logs() -> None:
    code = "import lfr_core.custody.identity.fetching, lfr_core.common.logs, sys; sys.exit('rich' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PROJECT)


def test_a_module_that_nobody_calls_is_not_loaded_and_whoever_does_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "apackage"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "dear.py").write_text("VALUE = 17")
    (tmp_path / "asks.py").write_text("from apackage import dear\ndef value():\n    return dear.VALUE\n")
    monkeypatch.syspath_prepend(tmp_path)

    with load_when_used("apackage", "dear"):
        asks = importlib.import_module("asks")

    assert "apackage.dear" not in sys.modules
    assert asks.value() == 17
    assert sys.modules["apackage"].dear is sys.modules["apackage.dear"]
    with load_when_used("apackage", "dear"):
        assert importlib.import_module("apackage.dear") is sys.modules["apackage"].dear
    for name in ("asks", "apackage.dear", "apackage"):
        del sys.modules[name]


def test_the_collector_is_asked_as_usual_again_after_a_large_import() -> None:
    usual, asked = gc.get_threshold(), []
    with suppress(ImportError), collect_seldom():
        asked.append(gc.get_threshold())
        raise ImportError
    assert asked[0] > usual == gc.get_threshold()


def test_checks_of_data_load_no_statistics_and_leave_them_to_others() -> None:
    code = """
import sys
import pandas as pd
from lfr_core.common.quality.rules import Kind, Rule
from lfr_core.common.quality.suites import SuiteRunner
rule = Rule("a-day", Kind.NOT_EMPTY, ("day",), "a day is missing")
(result,) = SuiteRunner().run("a suite", [rule], pd.DataFrame({"row": [1, 2], "day": ["x", None]}))
assert not result.success and result.looked_at == 2
assert "scipy.stats" not in sys.modules
from scipy import stats
assert stats.norm.cdf(0) == 0.5 and stats is sys.modules["scipy.stats"]
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PROJECT)
