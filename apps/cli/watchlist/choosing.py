"""`lfr watchlist choose`: which of several faces in a photograph is the subject's, said by a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import refuse_unwritable

if TYPE_CHECKING:
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson

__all__ = ["app"]

app = typer.Typer()


@command(app)
def choose(
    installation: Installation,
    by: AuthenticatedPerson,
    folder: Annotated[Path, typer.Argument(help="Folder with photographs and the list.")],
    photograph: Annotated[str, typer.Argument(help="A photograph of it with several faces, as the list names it.")],
    face: Annotated[int, typer.Option(help="Number of the subject's face, from the left; 0: only look.")] = 0,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE.jpg", help="Write the photograph there, its faces numbered.")
    ] = None,
) -> Output:
    """Choose the subject's face where a photograph shows several. A person looks; nothing chooses by itself.

    Without --face the faces are numbered from the left. The choice, with who made it and when, is kept in the
    folder's watchlist-faces.json, for that very file, and on the audit trail; checks and enrolment take that face and
    their reports say so.

    Example: lfr watchlist choose lists/high-street two.jpg --picture numbered.jpg
    """
    from lfr_core.common.files import open_atomic
    from lfr_core.recognition.faces.engine import build_engine
    from lfr_core.watchlists.choosing import FaceChooser, find_faces

    chooser = FaceChooser(installation.engine, installation.trail, installation.clock)
    chooser.check(by=by)
    refuse_unwritable(picture)
    engine = build_engine(installation.settings, installation.policy)
    shown = find_faces(folder, photograph, engine, installation.policy)
    if picture is not None:
        with open_atomic(picture) as out:
            out.write(shown.numbered_jpeg())
    if face:
        chooser.choose(folder, shown, face, by=by)
        return Output(
            {"photograph": photograph, "face": face, "chosen_by": by.name},
            f"face {face} of {photograph} is the subject's, chosen by {by.name}; now check the list",
        )
    found = [
        {"face": n, "pixels_between_eyes": round(each.quality.eye_distance_px)} for n, each in enumerate(shown.faces, 1)
    ]
    lines = "\n".join(f"face {each['face']}: {each['pixels_between_eyes']} pixels between the eyes" for each in found)
    return Output(found, f"{len(found)} faces in {photograph}, from the left:\n{lines}\nChoose with --face NUMBER.")
