"""How the public page is started; no Streamlit is imported here."""

from __future__ import annotations

import sys
from contextlib import suppress

from lfr_core.common.errors import Refused
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.head_checkpoint import read_public_key

__all__ = ["command"]


def command(settings: Settings) -> list[str]:
    """Return the command of the page on `settings.public_port`, loopback only: a proxy stands before it in public.

    It is told the folder and, once the vault has made it, the key that signs; no setting and no secret.
    """
    hosts = [f"--host={host}" for host in settings.page_hosts]
    options = [f"--port={settings.public_port}", *hosts, "--folder", str(settings.public_site.absolute())]
    with suppress(Refused):
        options += ["--key", read_public_key(settings.keystore_folder).hex()]
    return [sys.executable, "-m", "apps.public", *options]
