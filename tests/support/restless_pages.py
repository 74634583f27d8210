"""The staff's app while somebody else moves each deployment on all the time: its pages are drawn anew without end.

With `--slow` what is drawn waits for half a second before it is sent, as on a machine that has no time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import streamlit
import streamlit.runtime.runtime

__all__ = ["MOVED_ON_S"]

MOVED_ON_S = 0.4
"""So often all is drawn anew; what refreshes by itself does it a few times as often."""
SENT_EVERY_S = 0.5
"""With `--slow`."""

_fragment = streamlit.fragment


def _hurried(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    if "run_every" in options:
        options["run_every"] = MOVED_ON_S / 4
    return _fragment(function, **options)


def _moved_on(_one: object) -> str:
    return str(int(time.monotonic() / MOVED_ON_S))


if __name__ == "__main__":
    if "--slow" in sys.argv:
        streamlit.runtime.runtime.MESSAGE_FLUSH_INTERVAL_SECS = SENT_EVERY_S  # type: ignore[attr-defined]
    streamlit.fragment = _hurried  # type: ignore[assignment]  # before any page is imported
    from apps.planner import act_keys

    act_keys.overview_key = _moved_on  # type: ignore[assignment]  # whatever it is asked about
    from apps.staff.__main__ import main

    raise SystemExit(main())
