"""`python -m apps.planner [--port PORT]`: the planner's pages alone, until interrupted."""

from __future__ import annotations

import argparse
import os
import sys

from apps.planner.launch import PORT, command

__all__ = ["main"]


def main() -> None:
    """Become the pages' process."""
    parser = argparse.ArgumentParser(description="The planner's pages, on the loopback address.")
    parser.add_argument("--port", type=int, default=PORT)
    os.execv(sys.executable, command(parser.parse_args().port))  # noqa: S606  no shell is wanted


if __name__ == "__main__":
    main()
