"""`publish_results` against a real Prefect server: published and shown once, superseded after, made up when killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lfr_core.common.clock import SystemClock, utc_from_ns
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.deployments.announcement import AnnouncementStore
from lfr_core.domain.actors import SystemActor
from lfr_core.publication.published import read_published_records
from lfr_core.storage.engine import open_engine, writing
from lfr_core.storage.tables.deployments import DeploymentRow
from tests.support.databases import new_sqlite
from tests.support.overwriting import make_earlier, overwriting
from tests.support.people import authenticated
from tests.support.prefect import PrefectServer
from tests.support.publishing import announcing, ended_deployment, planned
from tests.support.records import ManualClock
from tests.support.vault_server import serving_vault


def artifact(server: PrefectServer, key: str) -> str:
    found: Any = server.ask(
        "POST", "/artifacts/filter", {"artifacts": {"key": {"any_": [key]}}, "sort": "CREATED_DESC"}
    )
    return str(found[0]["data"])


RUNS = """
from itertools import count
from prefect.client.orchestration import get_client
from prefect.flow_engine import run_flow
from flows.run_register import remember_run
from flows.publish_results import publish_results
from lfr_core.common.settings import Settings
from lfr_core.storage.engine import open_engine
for number in count(1):
    given = {"deployment": input()}
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(publish_results, parameters=given)
    key = f"life:{given['deployment']}:publish-results:ended:1:{number}"
    remember_run(open_engine(Settings().records_url), key, str(run.id))
    state = run_flow(publish_results, flow_run=run, parameters=given, return_type="state")
    print("ended:", state.name, "|", state.message, flush=True)
"""


@contextmanager
def publishing_process(server: PrefectServer, settings: Settings) -> Iterator[Callable[[], str]]:
    """A process that runs the flow for `High-Street` each time it is asked; how the run ended."""
    with subprocess.Popen(
        [sys.executable, "-c", RUNS],
        env=server.environment(settings),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, lines = process.stdin, process.stdout

        def publish() -> str:
            stdin.write("High-Street\n")
            stdin.flush()
            for line in lines:
                if line.startswith("ended: "):
                    return line.removeprefix("ended: ").strip()
            raise AssertionError("the process has ended")

        yield publish
        process.kill()


@pytest.mark.slow
def test_results_are_published_and_shown_and_a_site_that_could_not_be_built_is_made_up(
    prefect_server: PrefectServer, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path / "home", public_folder=tmp_path / "web" / "public")

    settings.home.mkdir()
    engine = open_engine(new_sqlite(settings.home / "records.sqlite3"))
    ended_deployment(engine, "High-Street")
    announcing(engine)  # registers who announces
    now = utc_from_ns(SystemClock().time_ns())
    with overwriting(engine) as session:
        row = session.get_one(DeploymentRow, "High-Street")
        row.opened_at, row.ended_at = now - timedelta(hours=6), now
        make_earlier(session)

    with serving_vault(settings) as core, publishing_process(prefect_server, settings) as publish:
        trail = AuditTrail(core, SystemClock())
        unannounced = publish()
        AnnouncementStore(engine, trail, ManualClock(), lambda: "0123456789ab").publish(
            "High-Street", planned(), by=authenticated("A. Okafor")
        )
        waiting = publish()
        assert waiting.startswith("Completed | waiting for decisions: 1 alert")
        trail.prepare(SystemActor.VAULT)
        with writing(engine) as session:  # a month ago: past its deadline
            row = session.get_one(DeploymentRow, "High-Street")
            row.opened_at, row.ended_at = now - timedelta(days=30, hours=6), now - timedelta(days=30)
            trail.append(session, AuditEvent(Verb.ALTER, SystemActor.VAULT, row.id, f"deployment:{row.id}"))
        settings.public_site.parent.rename(tmp_path / "away")
        settings.public_site.parent.write_text("a file where the folder should be")
        unbuilt = publish()
        settings.public_site.parent.unlink()
        again = publish()
        records = read_published_records(engine)
        engine.dispose()

    assert "neither announced nor withheld" in unannounced
    assert unbuilt.startswith("Failed | published; the site isn't built yet")
    assert again.startswith("Superseded | published")
    assert len(records) == 1
    page = (settings.public_site / "deployments" / "High-Street.html").read_text(encoding="utf-8")
    assert "40 faces were compared with the list. There were 6 alerts: 3 right, 2 wrong, 1 not decided." in page
    assert "Nobody has explained it yet" in page
    assert "| stands | published, unexplained |" in artifact(prefect_server, "results-high-street")
