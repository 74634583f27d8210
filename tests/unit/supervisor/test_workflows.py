from __future__ import annotations

import stat
from pathlib import Path

import pytest

from apps.supervisor.children import stages
from apps.supervisor.plan import plan
from apps.supervisor.process import child_environment
from flows.prefect_credentials import login_file, login_of
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import load_policy
from streams.broker import KAFKA
from streams.broker.choose import BrokerChoice

CLUSTER = BrokerChoice(KAFKA, external=True, needs_maven=False, why="a test")


def names(settings: Settings, *, with_flows: bool) -> set[str]:
    found = plan(settings, load_policy(), choice=CLUSTER, with_page=False, with_flows=with_flows)
    return {spec.name for stage in stages(found) for spec in stage}


def test_workflows_the_purge_and_the_watch_run_only_where_they_are_asked_for(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, workers=1)

    assert {"workflows", "flows", "watch", "purge"} <= names(settings, with_flows=True)
    assert not {"workflows", "flows", "watch", "purge"} & names(settings, with_flows=False)


def test_the_purge_that_needs_no_prefect_waits_for_nobody_and_never_purges_between_two_sweeps(tmp_path: Path) -> None:
    policy = load_policy()
    slow = policy.model_copy(update={"retention": policy.retention.model_copy(update={"sweep_s": 600})})
    for each, after_s in ((policy, "120"), (slow, "1200")):
        found = plan(Settings(home=tmp_path), each, choice=CLUSTER, with_page=False, with_flows=True)
        (purge,) = [spec for spec in found if spec.name == "purge"]
        assert (purge.after, purge.command[-2:]) == ((), ("--after-s", after_s))


def test_the_watch_is_ready_by_the_very_file_that_it_writes(tmp_path: Path) -> None:
    from apps.watch.process import ready_file

    settings = Settings(home=tmp_path, workers=1)
    found = plan(settings, load_policy(), choice=CLUSTER, with_page=False, with_flows=True)
    (watch,) = [spec for spec in found if spec.name == "watch"]
    file = ready_file(settings)
    file.parent.mkdir(parents=True)
    file.write_text("4711")

    assert watch.ready(4711)


def test_people_log_in_at_a_child_unless_the_settings_name_a_provider(tmp_path: Path) -> None:
    own = Settings(home=tmp_path, workers=1, identity_port=4299)
    elsewhere = Settings(home=tmp_path, workers=1, oidc_issuer="https://login.example.test")
    found = plan(own, load_policy(), choice=CLUSTER, with_page=False, with_flows=True)
    (child,) = [spec for spec in found if spec.name == "identity"]

    assert (child.ports, child.after) == ((4299,), ())
    assert child.alive is not None
    assert not child.alive(1)  # nobody answers there
    assert "identity" not in names(elsewhere, with_flows=True)
    assert "identity" not in names(own, with_flows=False)
    with_page = plan(own, load_policy(), choice=CLUSTER, with_page=True, with_flows=False)
    assert "identity" in {spec.name for spec in with_page}


def test_a_prefect_elsewhere_is_used_and_none_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "force:word")
    settings = Settings(home=tmp_path, workers=1, prefect_url="https://prefect:4200/api")
    found = plan(settings, load_policy(), choice=CLUSTER, with_page=False, with_flows=True)

    (flows,) = [spec for spec in found if spec.name == "flows"]

    assert "workflows" not in {spec.name for spec in found}
    assert flows.env["PREFECT_API_URL"] == "https://prefect:4200/api"


def test_prefect_tells_nobody_keeps_no_results_and_lives_below_the_home_folder(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, workers=1)
    found = plan(settings, load_policy(), choice=CLUSTER, with_page=False, with_flows=True)
    for spec in [spec for spec in found if spec.name in {"workflows", "flows"}]:
        given = child_environment(spec.env)
        assert (given["DO_NOT_TRACK"], given["PREFECT_SERVER_ANALYTICS_ENABLED"]) == ("1", "false")
        assert spec.env["PREFECT_RESULTS_PERSIST_BY_DEFAULT"] == "false"
        assert spec.env["PREFECT_LOGGING_TO_API_ENABLED"] == "false"
        assert spec.env["PREFECT_HOME"] == str(tmp_path / "prefect")
        assert str(tmp_path) in spec.env["PREFECT_SERVER_DATABASE_CONNECTION_URL"]
    (server,) = [spec for spec in found if spec.name == "workflows"]
    assert server.ports == (settings.prefect_port,)


def test_flows_are_ready_by_the_very_file_that_they_write(tmp_path: Path) -> None:
    from flows.serve import ready_file

    settings = Settings(home=tmp_path, workers=1)
    found = plan(settings, load_policy(), choice=CLUSTER, with_page=False, with_flows=True)
    (flows,) = [spec for spec in found if spec.name == "flows"]
    file = ready_file(settings)
    file.parent.mkdir(parents=True)
    file.write_text("4711")

    assert flows.ready(4711)
    assert "workflows" in flows.after


def test_the_login_of_prefect_is_given_to_its_server_and_to_flows_and_to_nobody_else(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, workers=1)
    found = plan(settings, load_policy(), choice=CLUSTER, with_page=True, with_flows=True)
    again = plan(settings, load_policy(), choice=CLUSTER, with_page=True, with_flows=True)
    login = login_of(settings)

    reported = {spec.name: {name for name, text in spec.env.items() if login in text} for spec in found}

    assert stat.S_IMODE(login_file(tmp_path).stat().st_mode) == 0o600
    assert len(login) > 40
    assert {name: names for name, names in reported.items() if names} == {
        "workflows": {"PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING"},
        "flows": {"PREFECT_API_AUTH_STRING"},
    }
    assert not [spec.name for spec in found if any(login in word for word in spec.command)]
    assert [spec.env for spec in again] == [spec.env for spec in found]
