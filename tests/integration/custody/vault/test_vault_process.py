"""The vault's process: kept keys outlive it, and no key leaves it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Fatal
from lfr_core.common.settings import Settings
from lfr_core.custody.vault import client
from lfr_core.custody.vault.client import VaultClient
from lfr_core.custody.vault.port import KeyKind, Vault
from lfr_core.custody.vault.reachability import VaultReachability
from lfr_core.domain.actors import SystemActor
from lfr_core.storage.engine import open_engine
from tests.support.each_process import EachProcess
from tests.support.records import ManualClock, add_deployment
from tests.support.served_vault import Served
from tests.support.vault_server import VaultProcess, serving_vault

FAR_NS = 10**15


@pytest.fixture(params=["core", "client"])
def vault(request: pytest.FixtureRequest, served: Served) -> Vault:
    """The contract below holds for both implementations of the port."""
    return served.core if request.param == "core" else served.client


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VaultProcess]:
    """One for what leaves it as it was: a start takes 2 s of an idle core."""
    vault = VaultProcess(tmp_path_factory.mktemp("home"))
    try:
        vault.wait_ready().close()
        yield vault
    finally:
        vault.end()


def _add_deployment(vault: VaultProcess) -> None:
    engine = open_engine(vault.settings.records_url)
    add_deployment(engine, "d")
    engine.dispose()


@pytest.mark.parametrize("how", [pytest.param(signal.SIGTERM, marks=pytest.mark.slow), signal.SIGKILL])
@pytest.mark.slow
def test_kept_keys_survive_the_process_and_its_socket_is_taken_over(tmp_path: Path, how: signal.Signals) -> None:
    first = VaultProcess(tmp_path)
    client = first.wait_ready()
    _add_deployment(first)
    made = client.make_key(KeyKind.WATCHLIST, "d", "d", time.time_ns() + FAR_NS, actor=SystemActor.ENROLMENT)
    code = first.end(how)

    second = VaultProcess(tmp_path)
    try:
        second.wait_ready().close()
        assert client.open_kept(made.info.id, actor=SystemActor.ENROLMENT, purpose="test") == made
        assert code == (0 if how is signal.SIGTERM else -signal.SIGKILL)
    finally:
        client.close()
        second.end()


@pytest.mark.root
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is locked")
@pytest.mark.slow
def test_keys_are_locked_out_of_swap_and_what_nobody_touches_takes_no_memory(process: VaultProcess) -> None:
    lines = Path(f"/proc/{process.process.pid}/status").read_text(encoding="ascii").splitlines()
    kilobytes = {
        name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines) if "kB" in rest
    }

    assert 0 < kilobytes["VmRSS"] < kilobytes["VmLck"] / 2


@pytest.mark.slow
def test_a_keystore_of_another_installation_is_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with serving_vault(Settings(home=tmp_path / name)):
            pass

    wrong = VaultProcess(tmp_path / "one", LFR_VAULT_FOLDER=str(tmp_path / "two" / "vault"))
    output, _ = wrong.process.communicate(timeout=30)

    assert wrong.process.returncode == Fatal.exit_code
    assert "nothing was read or done by them" in output


@pytest.mark.slow
def test_no_key_is_ever_in_the_log_of_the_process(tmp_path: Path) -> None:
    running = VaultProcess(tmp_path, LFR_LOG_LEVEL="DEBUG")
    client = running.wait_ready()
    _add_deployment(running)
    made = client.make_key(KeyKind.WATCHLIST, "d", "d", time.time_ns() + FAR_NS, actor=SystemActor.ENROLMENT)
    client.open_kept(made.info.id, actor=SystemActor.ENROLMENT, purpose="test")
    client.close()
    running.process.send_signal(signal.SIGTERM)
    output, _ = running.process.communicate(timeout=20)

    assert "vault.serving" in output
    assert not any(form in output for form in (made.key.hex(), "Okafor", made.info.id))


def test_a_vault_that_hangs_is_seen_as_away_since_then_and_answers_again(
    process: VaultProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped process takes connections and never answers: the worst of ways to be away."""
    clock, exchange = ManualClock(), VaultClient._exchange
    asked: list[bytes] = []

    def ask(self: VaultClient, body: bytes) -> bytes:
        asked.append(body)
        return exchange(self, body)

    monkeypatch.setattr(client, "time", clock)
    monkeypatch.setattr(VaultClient, "_exchange", ask)
    asking = EachProcess.of(process.settings, timeout_s=1.0)
    reach = VaultReachability(asking, SystemClock())
    try:
        assert reach.check().answers
        os.kill(process.process.pid, signal.SIGSTOP)
        while psutil.Process(process.process.pid).status() != psutil.STATUS_STOPPED:
            time.sleep(0.01)
        asked.clear()
        hung = reach.check()
        again = [reach.check() for _ in range(8)]  # as a page with eight alerts would

        assert (hung.answers, hung.fault) == (False, "it does not answer")
        assert {state.since_ns for state in again} == {hung.since_ns}
        assert len(asked) == 1  # a hanging vault is waited for once, not for each

        clock.advance(2.0)
        os.kill(process.process.pid, signal.SIGCONT)
        deadline = time.monotonic() + 20
        while not reach.check().answers and time.monotonic() < deadline:
            time.sleep(0.1)
        assert reach.check().answers
    finally:
        with suppress(ProcessLookupError):
            os.kill(process.process.pid, signal.SIGCONT)
        asking.close()
