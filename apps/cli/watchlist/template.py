"""`lfr watchlist template`: a file to start a watchlist from, and what its columns mean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apps.cli.command import command
from apps.cli.common import console, print_plain, write_new

__all__ = ["app"]

app = typer.Typer()


@command(app)
def template(folder: Annotated[Path, typer.Argument(help="Folder with photographs and watchlist.csv.")]) -> None:
    """Write a watchlist.csv to start from, and explain the categories.

    Example: lfr watchlist template lists/high-street
    """
    from lfr_core.domain.categories import EXPLAINED
    from lfr_core.watchlists.csv_file import COLUMNS, FILE_NAME, FURTHER_COLUMNS
    from lfr_core.watchlists.start_workbook import COLUMN_WORDS

    file = folder / FILE_NAME
    write_new(file, ",".join((*COLUMNS, *FURTHER_COLUMNS)) + "\n", rule="watchlist.exists")
    console.print(f"{file} written: one row a photograph, several rows a subject.", markup=False, soft_wrap=True)
    for column, words in COLUMN_WORDS.items():
        console.print(f"[bold]{column}[/bold]: {words}", soft_wrap=True)
    console.print("The categories:")
    for category, words in EXPLAINED.items():
        console.print(f"  [bold]{category.value}[/bold]  {words}", soft_wrap=True)
    print_plain(f"Then: lfr watchlist check {folder}")
