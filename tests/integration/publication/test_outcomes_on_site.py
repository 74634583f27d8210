"""What the public is told came of engagements: each once, whatever was established about its alert."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.alerts.decisions import DecisionService
from lfr_core.common.clock import utc_from_ns
from lfr_core.domain.alerts import EngagementOutcome
from lfr_core.domain.policy import ForcePolicy, load_policy
from lfr_core.publication.published import Publisher
from lfr_core.publication.record import Outcomes
from lfr_core.publication.record_figures import gather_figures
from lfr_core.publication.site.build import render_site_files
from lfr_core.publication.site.data import gather_site_data
from lfr_core.storage.engine import open_engine
from tests.support.people import authenticated
from tests.support.publishing import announcing, ended_deployment, planned
from tests.support.record_publisher import compared
from tests.support.records import NOW_NS, alerts_of
from tests.support.vault_core import site_vault
from tests.support.vaults import trail_of

FORCE = ForcePolicy(
    name="Norfolk Constabulary", enquiries="ask@here", complaints="complain@here", appeals="appeal@here",
    data_protection="dpo@here", public_site="",
)  # fmt: skip
POLICY = load_policy().model_copy(update={"force": FORCE})
NOW = utc_from_ns(NOW_NS) + timedelta(days=1)


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


def test_what_came_of_alerts_that_were_not_confirmed_is_told_as_well(engine: Engine, tmp_path: Path) -> None:
    """One page would say "2 people were arrested", and below it 1."""
    clock = ended_deployment(engine, "dep")
    announcing(engine, clock).publish("dep", planned(), by=authenticated("A. Okafor"))
    results = DecisionService(engine, trail_of(engine), clock)
    for one in alerts_of(engine, "dep"):
        if one.engaged and one.decision.review is not None:
            results.record_outcome(one.id, EngagementOutcome.ARREST, authenticated("C. Officer"))
    publisher = Publisher(engine, trail_of(engine), clock, POLICY.publication, compared(engine))
    figures = gather_figures(engine, "dep", force=FORCE.name)
    record = publisher.publish("dep", figures, by=authenticated("A. Okafor")).record
    data = gather_site_data(engine, POLICY, documents_folder=Path("none"), now=NOW)
    page = render_site_files(data, POLICY, signer=site_vault(tmp_path, engine, POLICY, NOW)[0])[
        "deployments/dep.html"
    ].decode()

    assert isinstance(record.outcomes, Outcomes)
    told = [int(each) for each in re.findall(r"arrests: (\d+);", page)]
    assert told == [record.outcomes.arrest, record.outcomes.after_other_alerts_arrest]
    assert f"{sum(told)} people were arrested." in page
    assert min(told) > 0


def test_a_correction_is_told_on_the_page_with_its_reason_and_what_was_told_before(
    engine: Engine, tmp_path: Path
) -> None:
    """It stood among the downloads alone, and the figures of before in a file."""
    clock = ended_deployment(engine, "dep")
    announcing(engine, clock).publish("dep", planned(), by=authenticated("A. Okafor"))
    publisher = Publisher(engine, trail_of(engine), clock, POLICY.publication, compared(engine))
    figures, by = gather_figures(engine, "dep", force=FORCE.name), authenticated("A. Okafor")
    publisher.publish("dep", figures, by=by)

    def page(folder: Path) -> str:
        data = gather_site_data(engine, POLICY, documents_folder=Path("none"), now=NOW)
        vault, _ = site_vault(folder, engine, POLICY, NOW)
        return render_site_files(data, POLICY, signer=vault)["deployments/dep.html"].decode()

    before = page(tmp_path / "before")
    (lead,) = re.findall(r'<p class="lead">(.+?)</p>', before)
    clock.now_ns += 60 * 10**9
    cameras = replace(figures.cameras, faces_compared=figures.cameras.faces_compared - 1)
    publisher.correct("dep", replace(figures, cameras=cameras), reason="One was counted twice.", by=by)
    after = page(tmp_path / "after")

    assert "Corrected" not in before
    assert "One was counted twice.</span><br>Before that it was told: " + lead in after
    assert lead not in re.findall(r'<p class="lead">(.+?)</p>', after)
