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

    file = folder / FILE_NAME
    write_new(file, ",".join((*COLUMNS, *FURTHER_COLUMNS)) + "\n", rule="watchlist.exists")
    console.print(f"{file} written: one row a photograph, several rows a subject.", markup=False, soft_wrap=True)
    console.print("[bold]subject[/bold] is your reference, not a name. [bold]category[/bold] is one of:")
    for category, words in EXPLAINED.items():
        console.print(f"  [bold]{category.value}[/bold]  {words}", soft_wrap=True)
    console.print("[bold]legal_reference[/bold] and [bold]approved_by[/bold]: on what ground, and who agreed.")
    console.print("[bold]expires_on[/bold]: the last day of use, as 2027-03-31.")
    console.print("[bold]photograph[/bold]: a file in this folder, with one face: JPEG, PNG, HEIC, TIFF, WebP ...")
    console.print("[bold]image_source[/bold] and [bold]image_date[/bold]: whence it comes, and the day it was taken.")
    console.print("[bold]age[/bold]: whole years. Under 18: [bold]minor_rationale[/bold], and who else approved in")
    console.print("[bold]second_approver[/bold]. [bold]checked_on[/bold]: the day somebody last checked the ground.")
    print_plain(f"Then: lfr watchlist check {folder}")
