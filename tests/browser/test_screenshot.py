"""`scripts/screenshot.py` publishes no photograph of a person."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def detail(png: bytes) -> float:
    """How much changes from a pixel to the next: standard deviation of the Laplacian."""
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    return float(cv2.Laplacian(image, cv2.CV_64F).std())


@pytest.mark.slow
def test_a_picture_is_blurred_also_when_it_comes_after_the_filter(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    monkeypatch.delitem(sys.modules, "screenshot", raising=False)
    from screenshot import blur_faces  # type: ignore[import-not-found]  # scripts are no package

    noise = np.random.default_rng(1).integers(0, 255, (168, 148, 3), np.uint8)
    uri = "data:image/png;base64," + base64.b64encode(cv2.imencode(".png", noise)[1].tobytes()).decode()
    page = browser.new_page()
    page.set_content(f'<img id="early" src="{uri}">')
    sharp = detail(page.locator("#early").screenshot())

    blur_faces(page)
    page.evaluate("uri => document.body.append(Object.assign(new Image(), {id: 'late', src: uri}))", uri)
    page.locator("#late").wait_for()
    blurred = [detail(page.locator(which).screenshot()) for which in ("#early", "#late")]
    page.close()

    assert max(blurred) < sharp / 20
