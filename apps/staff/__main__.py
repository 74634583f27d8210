"""The staff's app as the supervisor starts it."""

from __future__ import annotations

from lfr_core.common.starting import wait_to_begin
from lfr_core.custody.installation import Installation
from lfr_core.custody.program import run_program
from lfr_core.domain.actors import ProcessIdentity

__all__ = ["main"]


def main() -> int:
    """Serve it until it is asked to stop. Returns an exit code where it can't."""
    return run_program(_serve, identity=ProcessIdentity.PAGES, event="page_ends")


def _serve(_installation: Installation) -> None:
    from apps.staff.server import serve_staff_app

    wait_to_begin()
    serve_staff_app()  # Streamlit's script can be given nothing: it opens what `apps.staff.process` keeps


if __name__ == "__main__":
    raise SystemExit(main())
