"""A run's figures as tables for the terminal."""

from __future__ import annotations

from rich.table import Table

from apps.runs.report import RunReport

__all__ = ["alerts_table", "cameras_table"]


def cameras_table(report: RunReport) -> Table:
    """Make a table of frames by what became of them, a row a camera; outcomes that didn't happen are left out."""
    table = Table(title="Frames by camera", title_justify="left")
    table.add_column("camera")
    columns = (
        [
            name
            for name in next(iter(report.cameras.values())).as_dict()
            if name in {"captured", "recognised"} or any(counts.as_dict()[name] for counts in report.cameras.values())
        ]
        if report.cameras
        else []
    )
    for name in columns:
        table.add_column(name.replace("_", " "), justify="right")
    table.add_column("balanced")
    for camera, counts in report.cameras.items():
        values = counts.as_dict()
        table.add_row(camera, *(f"{values[name]:,}" for name in columns), "yes" if counts.balanced else "NO")
    return table


def alerts_table(report: RunReport) -> Table:
    """Make a table with one row an alert, in the order of their first sighting."""
    table = Table(title=f"{len(report.alerts)} alerts", title_justify="left")
    for name in ("subject", "camera"):
        table.add_column(name)
    for name in ("first frame", "last frame", "similarity"):
        table.add_column(name, justify="right")
    for line in report.alerts:
        table.add_row(
            line.subject, line.camera, str(line.first_sequence), str(line.last_sequence), f"{line.similarity:.2f}"
        )
    return table
