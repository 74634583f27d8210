"""`lfr watchlist choose`: which of several faces in a photograph is the subject's, said by a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import refuse_unwritable, today_in_england

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson
    from lfr_core.recognition.faces.types import Face, Image

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
    folder's watchlist-faces.json, for that very file; checks and enrolment take that face and their reports say so.

    Example: lfr watchlist choose lists/high-street two.jpg --picture numbered.jpg
    """
    from lfr_core.common.errors import Refused
    from lfr_core.recognition.faces.engine import build_engine
    from lfr_core.watchlists.face_choices import FaceChoice, keep_choice
    from lfr_core.watchlists.photographs import Unusable, faces_of

    refuse_unwritable(picture)
    engine = build_engine(installation.settings, installation.policy)
    try:
        sha256, image, faces = faces_of(folder, photograph, engine, installation.policy)
    except Unusable as error:
        raise Refused("watchlist.photograph", f"{photograph}: {error}") from error
    if picture is not None:
        _write_numbered(picture, image, faces)
    if face:
        if not 1 <= face <= len(faces):
            raise Refused("watchlist.no-such-face", f"{photograph} has {len(faces)} faces: give a number from 1 on")
        day = today_in_england(installation.clock).isoformat()
        choice = FaceChoice.of(photograph, faces[face - 1].detection, image, by=by.name, on=day)
        keep_choice(folder, sha256, choice)
        return Output(
            {"photograph": photograph, "face": face, "chosen_by": by.name},
            f"face {face} of {photograph} is the subject's, chosen by {by.name}; now check the list",
        )
    found = [{"face": n, "pixels_between_eyes": round(each.quality.eye_distance_px)} for n, each in enumerate(faces, 1)]
    lines = "\n".join(f"face {each['face']}: {each['pixels_between_eyes']} pixels between the eyes" for each in found)
    return Output(found, f"{len(found)} faces in {photograph}, from the left:\n{lines}\nChoose with --face NUMBER.")


def _write_numbered(file: Path, image: Image, faces: Sequence[Face]) -> None:
    """The photograph with a box and a number around each face, readable by its owner alone."""
    import cv2

    from lfr_core.common.files import open_atomic

    drawn = image.copy()
    thick = max(1, round(max(image.shape[:2]) / 400))
    for number, face in enumerate(faces, start=1):
        x1, y1, x2, y2 = (round(float(value)) for value in face.detection.box)
        cv2.rectangle(drawn, (x1, y1), (x2, y2), (0, 220, 255), thick)
        cv2.putText(drawn, str(number), (x1, max(y1 - 4, 20)), cv2.FONT_HERSHEY_SIMPLEX, thick, (0, 220, 255), thick)
    with open_atomic(file) as out:
        out.write(cv2.imencode(".jpg", drawn)[1].tobytes())
