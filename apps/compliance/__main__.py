"""`python -m apps.compliance [--port PORT]`: compliance's page alone, until interrupted."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from apps.screens import streamlit_command

__all__ = ["main"]

_PORT = 8503


def main() -> None:
    """Become the page's process."""
    parser = argparse.ArgumentParser(description="Compliance's page, on the loopback address.")
    parser.add_argument("--port", type=int, default=_PORT)
    command = streamlit_command(Path(__file__).with_name("app.py"), parser.parse_args().port)
    os.execv(sys.executable, command)  # noqa: S606  no shell is wanted


if __name__ == "__main__":
    main()
