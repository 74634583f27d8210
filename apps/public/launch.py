"""How the public page is started; no Streamlit is imported here."""

from __future__ import annotations

import sys

from lfr_core.common.settings import Settings
from lfr_core.custody.audit.head_checkpoint import KEY_FILE

__all__ = ["command"]


def command(settings: Settings, *, drafts: bool = False) -> list[str]:
    """Return the command of the page on `settings.public_port`, loopback only: a proxy stands before it in public.

    It is told the folder and where the key lies that must have signed it; no setting and no secret. `drafts`: whether
    a site that nobody signed is shown, as there is while the policy names no force.
    """
    hosts = [f"--host={host}" for host in settings.page_hosts]
    options = [f"--port={settings.public_port}", *hosts, "--folder", str(settings.public_site.absolute())]
    options += ["--key-file", str((settings.keystore_folder / KEY_FILE).absolute())]
    return [sys.executable, "-m", "apps.public", *options, *(["--drafts"] if drafts else [])]
