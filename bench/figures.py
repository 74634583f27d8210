"""What the benches share: the arguments that each takes, and the file of its figures."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

__all__ = ["make_parser", "write_figures"]


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """Make a parser that shows the bench's docstring as it is written, and takes `--json FILE`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    return parser


def write_figures(file: Path | None, figures: object) -> None:
    """Write the figures as JSON into the file that `--json` names, if it names one."""
    if file is not None:
        file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
