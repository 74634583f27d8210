"""A component of Streamlit's with which cameras are placed on a plan: by a click, or with the keyboard.

Its script is served as a file of our own (`plan.js`): a script in the page itself would need a policy that lets those
in (`apps.http_guards`). So the folder is made known to Streamlit, which finds such folders only in packages that are
installed under their own name.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError
from streamlit.components.v2 import component
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest
from streamlit.components.v2.types import ComponentRenderer

from lfr_core.common.errors import Refused
from lfr_core.deployments.place_plan import PlacePlan, PlanMark

__all__ = ["place_cameras", "read_marks"]

_FOLDER: Final = Path(__file__).parent
_PACKAGE: Final = "openlfr"
_NAME: Final = "plan"
_MARKS: Final = TypeAdapter(dict[str, tuple[float, float]])


def place_cameras(plan: PlacePlan, cameras: Sequence[str], words: str, *, key: str) -> tuple[PlanMark, ...]:
    """Draw the plan with its cameras, and return where they stand by now. `words`: what it shows, as text.

    Raises Refused as `read_marks`.
    """
    marks = {mark.camera: (mark.x, mark.y) for mark in plan.marks}
    kept = hashlib.sha256(json.dumps([marks, list(cameras)]).encode() + plan.jpeg).hexdigest()
    data = {
        "picture": f"data:image/jpeg;base64,{base64.b64encode(plan.jpeg).decode('ascii')}",
        "words": words,
        "cameras": list(cameras),
        "marks": marks,
        "kept": kept,
    }
    given = _renderer(get_bidi_component_manager())(key=f"{key}-{kept[:12]}", data=data)
    return read_marks(given.get("marks", marks), cameras)


def read_marks(given: object, cameras: Sequence[str]) -> tuple[PlanMark, ...]:
    """Read what a browser says of where cameras stand, in the application's order.

    Raises Refused `place.bad-marks`: it is none of it.
    """
    try:
        at = _MARKS.validate_python(given)
        return tuple(PlanMark(camera=camera, x=at[camera][0], y=at[camera][1]) for camera in cameras if camera in at)
    except ValidationError as error:
        raise Refused("place.bad-marks", "where the cameras stand can't be read: place them anew") from error


@lru_cache(maxsize=4)
def _renderer(manager: BidiComponentManager) -> ComponentRenderer:
    """Make the component known, once for each run of Streamlit, and return what draws it."""
    manifest = ComponentManifest(_PACKAGE, "1", [ComponentConfig(_NAME, asset_dir=".")])
    manager.register_from_manifest(manifest, _FOLDER)
    html, css = ((_FOLDER / f"plan.{kind}").read_text(encoding="utf-8") for kind in ("html", "css"))
    return component(f"{_PACKAGE}.{_NAME}", js="plan.js", html=html, css=css)
