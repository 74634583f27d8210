"""How late an alert is on the operator's page, and what a viewer costs: five operators at five pages in a real browser.

    python -m bench.pages                      # five viewers, ten alerts a second for 20 s
    python -m bench.pages --viewers 2 --rate 4 --seconds 30

A vault, records, an identity server, the staff's pages and a Chromium of this script's own; no broker and no camera.
Alerts are recorded as the recorder does it. A page shows how many wait: the n-th alert is on it once that number has
reached n. The clock begins when the alert's transaction is committed, and ends when the number has changed in the page,
by the same machine's clock; the worst viewer counts. The pages' processor time is measured twice: while nothing comes,
and while alerts do. Browser, recorder and pages share this machine's cores: on few of them latencies are worse than
where operators have machines of their own.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
from playwright.sync_api import sync_playwright
from rich.console import Console

from bench.figures import make_parser, write_figures
from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.people import Role
from lfr_core.storage.engine import open_engine
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.support.brokers import free_ports
from tests.support.identity import IdentityServer
from tests.support.page_alerts import PROBE, REFERENCE, TellingRecorder, live_demo
from tests.support.page_login import PageLogins
from tests.support.records import entry, sighting
from tests.support.staff import staff_app
from tests.support.vault_server import serving_vault

if TYPE_CHECKING:
    from playwright.sync_api import Page

LATENCY_GOAL_S = 1.0
"""p95 from recorded to on the page, at ten alerts a second, for the slowest of five viewers."""
COST_GOAL = 0.05
"""Of a core, for each viewer."""
SETTLE_S = 5.0
NAMES = ("Ann Operator", "Bob Sergeant", "Olu Operator", "Cyd Operator", "Eve Operator", "Flo Operator", "Gus Operator")
WATCH = """() => {
  window.counts = [];
  const look = () => {
    const heading = document.querySelector('h2.ops-h2');
    const found = heading && heading.textContent.match(/^(\\d+|No) alert/);
    const count = found ? (found[1] === 'No' ? 0 : Number(found[1])) : null;
    const last = window.counts.at(-1);
    if (count !== null && (!last || last[1] !== count)) window.counts.push([Date.now(), count]);
  };
  new MutationObserver(look).observe(document.body, {childList: true, subtree: true, characterData: true});
  look();
}"""
"""Puts into `counts` when, in ms since the epoch, the page says how many alerts wait."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run found."""

    viewers: int
    alerts_a_second: float
    latency_p50_s: float
    latency_p95_s: float
    """Of the slowest viewer."""
    cost_quiet: float
    """Of a core, for each viewer, while nothing comes."""
    cost_busy: float
    load_before: float
    load_after: float


@contextmanager
def pages(viewers: int) -> Iterator[tuple[Sequence[Page], TellingRecorder, psutil.Process]]:
    """Operators at their pages, signed on to one live deployment; what records alerts of it; the pages' process."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lfr-pages-")))
        port, page_port, *back = free_ports(4)
        server = IdentityServer(
            Settings(home=folder / "identity", identity_port=port, operator_port=page_port, login_ports=tuple(back))
        )
        server.settings.home.mkdir()
        server.start()
        stack.callback(server.stop)
        settings = server.settings_at(folder / "home")
        vault = stack.enter_context(serving_vault(settings))
        engine = open_engine(settings.records_url)
        stack.callback(engine.dispose)
        logins = PageLogins(server, settings, engine, AuditTrail(vault, SystemClock()))
        logins.add(("Dee Compliance", Role.COMPLIANCE), *((name, Role.OPERATOR) for name in NAMES[:viewers]))
        live_demo(engine, vault, "dep", (entry(crop=REFERENCE),))
        address = stack.enter_context(staff_app(settings))
        browser = stack.enter_context(sync_playwright()).chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        stack.callback(browser.close)
        found = []
        for name in NAMES[:viewers]:
            context = browser.new_context(viewport={"width": 1366, "height": 768})
            logins.log_in(context, name)
            page = context.new_page()
            page.goto(address)
            page.get_by_role("button", name="Start deciding").click(timeout=60_000)
            page.get_by_role("status").filter(has_text="No alert waits").wait_for(timeout=60_000)
            page.evaluate(WATCH)
            found.append(page)
        yield found, TellingRecorder(engine, vault), _process_at(settings.operator_port)


def _process_at(port: int) -> psutil.Process:
    """Find the process that serves the pages: a child of this one that listens there."""
    for child in psutil.Process().children(recursive=True):
        if any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in child.net_connections()):
            return child
    raise RuntimeError(f"no child of this process listens at {port}")


def processor_s(process: psutil.Process) -> float:
    """Processor seconds that it has used, user and system."""
    times = process.cpu_times()
    return times.user + times.system


def send_alerts(recorder: TellingRecorder, rate: float, seconds: float) -> list[float]:
    """Record alerts of one camera each; when each was committed, seconds since the epoch."""
    committed: list[float] = []
    began = time.monotonic()
    for n in range(round(rate * seconds)):
        time.sleep(max(0.0, began + n / rate - time.monotonic()))
        recorder.record_sightings([sighting(0.0, camera=f"camera {n}", probe=PROBE)])
        committed.append(time.time())
    return committed


def latencies(committed: Sequence[float], counts: Sequence[tuple[float, int]]) -> list[float]:
    """Seconds from each commit to when the page first said that as many wait; one that it never said is endless."""
    return [
        next((at_ms / 1e3 - at for at_ms, count in counts if count >= n), float("inf"))
        for n, at in enumerate(committed, start=1)
    ]


def measure(viewers: int, rate: float, seconds: float) -> Measured:
    """Run once."""
    before = os.getloadavg()[0]
    with pages(viewers) as (shown, recorder, process):
        shown[0].wait_for_timeout(SETTLE_S * 1e3)
        began, used = time.monotonic(), processor_s(process)
        shown[0].wait_for_timeout(seconds * 1e3)
        quiet = (processor_s(process) - used) / (time.monotonic() - began) / viewers
        began, used = time.monotonic(), processor_s(process)
        committed = send_alerts(recorder, rate, seconds)
        took = time.monotonic() - began
        busy = (processor_s(process) - used) / took / viewers
        shown[0].wait_for_timeout(SETTLE_S * 1e3)
        found = [latencies(committed, page.evaluate("window.counts")) for page in shown]
    slowest = max(found, key=lambda each: float(np.percentile(each, 95)))
    p50, p95 = (float(each) for each in np.percentile(slowest, [50, 95]))
    return Measured(viewers, len(committed) / took, p50, p95, quiet, busy, before, os.getloadavg()[0])


def main() -> None:
    """Measure and say."""
    parser = make_parser(__doc__)
    parser.add_argument("--viewers", type=int, default=5, choices=range(1, len(NAMES) + 1))
    parser.add_argument("--rate", type=float, default=10.0, help="alerts a second")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each of the two phases")
    given = parser.parse_args()
    found = measure(given.viewers, given.rate, given.seconds)
    write_figures(given.json, asdict(found))
    late, dear = found.latency_p95_s >= LATENCY_GOAL_S, max(found.cost_quiet, found.cost_busy) >= COST_GOAL
    Console().print(
        f"{found.viewers} viewers, {found.alerts_a_second:.1f} alerts a second recorded\n"
        f"recorded to page, slowest viewer: median {found.latency_p50_s:.2f} s, p95 {found.latency_p95_s:.2f} s; "
        f"goal under {LATENCY_GOAL_S:g} s: {'MISSED' if late else 'met'}\n"
        f"the pages' process, of a core a viewer: {found.cost_quiet:.1%} while nothing comes, {found.cost_busy:.1%} "
        f"while alerts come; goal under {COST_GOAL:.0%}: {'MISSED' if dear else 'met'}\n"
        f"load before {found.load_before:.1f}, after {found.load_after:.1f}, on {os.cpu_count()} cores",
        highlight=False,
    )


if __name__ == "__main__":
    main()
