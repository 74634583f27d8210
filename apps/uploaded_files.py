"""What a browser's session holds of uploaded files: Streamlit keeps them while the page is open, whoever is there."""

from __future__ import annotations

from streamlit.runtime.scriptrunner import get_script_run_ctx

__all__ = ["forget_uploads"]


def forget_uploads() -> None:
    """Keep none of the files that were uploaded on the page that is being drawn."""
    drawn = get_script_run_ctx(suppress_warning=True)
    if drawn is not None:
        drawn.uploaded_file_mgr.remove_session_files(drawn.session_id)
