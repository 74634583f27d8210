"""Write docs/images/operator.png: the operator's page during a real `lfr demo`, every face blurred.

python scripts/screenshot.py                     # a minute or two; exits with 1 if no alert came
python scripts/screenshot.py --scheme light --out light.png
"""

from __future__ import annotations

import argparse
import socket
import sys
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.console import Console

from apps.demo.run import DemoResult, DemoStage, run_demo
from lfr_core.common.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["blur_faces"]

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "operator.png"
MOST_BYTES = 400_000
SHARE_PLAYED = 0.7  # of the street, when the picture is taken: several alerts are there, the cameras still live
LEFT_WAITING = 1  # alerts not yet judged in the picture: that one is shown
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Scheme = Literal["light", "dark"]


def blur_faces(page: Page) -> None:
    """Blur every picture on the page, also those that come later: no photograph of a person is published.

    12 px on pictures 92 to 148 px wide: a face keeps its place and colours, and nothing one could know it by.
    """
    page.add_style_tag(content="img { filter: blur(12px) !important; clip-path: inset(0) !important; }")


def judge(page: Page, number: int) -> bool:
    """Answer the alert that is shown; say whether it was recorded: one whose picture has just changed isn't."""
    from playwright.sync_api import TimeoutError as NotInTime

    page.get_by_role("button", name="Same person").first.click()
    try:
        page.get_by_role("heading", name=f"{number} judged").wait_for(timeout=5000)
    except NotInTime:
        return False
    return True


def photograph(link: str, operator: str, file: Path, scheme: Scheme, seconds: float) -> int:
    """Judge alerts as they come on the page of a street `seconds` long, and picture it; how many are on it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        page = browser.new_page(viewport={"width": 1600, "height": 1000}, color_scheme=scheme)
        page.goto(f"{link}/{operator}")
        blur_faces(page)
        page.get_by_role("button", name="Start deciding").click()
        page.get_by_role("button", name="Stop deciding").wait_for()
        page.locator(".ops-camera").first.wait_for(timeout=120_000)
        end, judged = time.monotonic() + SHARE_PLAYED * seconds, 0
        while time.monotonic() < end:
            page.wait_for_timeout(500)
            waiting = page.locator(".ops-h2[role=status]").first.inner_text().split()[0]
            if waiting.isdecimal() and int(waiting) > LEFT_WAITING:
                judged += judge(page, judged + 1)
        page.mouse.move(0, 0)
        page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 0)")  # the head itself is drawn anew meanwhile
        page.wait_for_timeout(3000)  # the focus ring and the card that comes next settle
        shown = page.locator(".ops-alert").count()
        if shown:
            page.screenshot(path=str(file))
        browser.close()
    return shown


def free_port() -> int:
    """Find a loopback port nobody listens on: `lfr up` may be running on the usual one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Demonstrate and picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=PICTURE)
    parser.add_argument("--scheme", choices=["light", "dark"], default="dark")
    parser.add_argument("--seconds", type=float, default=40.0, help="length of the street")
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    settings = Settings()
    settings = settings.model_copy(update={"operator_port": free_port()})
    shown: list[Future[int]] = []
    start = time.monotonic()
    # The demonstration keeps the main thread, which its signal handlers need; it ends when the picture is taken.
    with tempfile.TemporaryDirectory(prefix="lfr-screenshot-") as home, ThreadPoolExecutor(1) as pool:

        def stage(at: DemoStage) -> None:
            shown.append(pool.submit(photograph, at.link, at.operator, options.out, options.scheme, options.seconds))

        def wait(_result: DemoResult) -> None:
            shown[0].result()

        run_demo(
            settings=settings,
            home=Path(home) / "demo",
            seconds=options.seconds,
            faces=2.5,
            with_page=True,
            console=Console(stderr=True),
            on_stage=stage,
            before_end=wait,
        )
    alerts = shown[0].result()
    if alerts == 0:
        sys.exit("no alert came while the street was played: no picture was taken")
    size = options.out.stat().st_size
    if size >= MOST_BYTES:
        sys.exit(f"{options.out} has {size:,} bytes, {MOST_BYTES:,} is the limit")
    print(f"{options.out}: {alerts} alerts, {size:,} bytes, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
