"""Whether other users of the machine may look into what a running system writes, and closing it to them."""

from __future__ import annotations

import stat
from pathlib import Path

from lfr_core.common.errors import Fatal
from lfr_core.common.settings import Settings

__all__ = ["close_to_others", "open_to_others"]

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def open_to_others(settings: Settings) -> tuple[Path, ...]:
    """Find what anybody but its owner may enter, read or write: the home folder, what is in it, keystore and footage.

    The public site is meant to be read by others and isn't looked at. Within a folder that is closed nothing is.
    """
    home, public = settings.home.resolve(), settings.public_site.absolute()
    public = public.parent.resolve() / public.name
    inside = [path for path in sorted(home.iterdir()) if not path.is_symlink()] if home.is_dir() else []
    if public.parent == home:
        inside = [path for path in inside if path.name != public.name and not path.name.startswith(f".{public.name}.")]
    named = (settings.keystore_folder.resolve(), settings.footage_store.resolve())  # a link to one is that folder
    ours = dict.fromkeys((home, *inside, *named))
    return tuple(path for path in ours if path.exists() and path.stat().st_mode & _OTHERS)


def close_to_others(settings: Settings) -> tuple[Path, ...]:
    """Close it to everybody but its owner; what was changed. Files made from now on are closed by the umask.

    Raises:
        Fatal: the home folder is one that all users share (as /tmp), or isn't ours to close.
    """
    home = settings.home
    if home.is_dir() and home.stat().st_mode & stat.S_ISVTX:
        raise Fatal(f"the home folder {home} is shared by all users of this machine: set LFR_HOME to one of its own")
    found = open_to_others(settings)
    for path in found:
        try:
            path.chmod(path.stat().st_mode & ~_OTHERS & 0o7777)
        except OSError as error:
            raise Fatal(
                f"others may look into {path}, and it can't be closed to them: {error.strerror}. "
                "Make it this user's own, or move it away"
            ) from error
    return found
