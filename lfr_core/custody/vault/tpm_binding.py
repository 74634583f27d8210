"""Which TPM the settings name, and the two acts that bind a keystore to it and end that: both are on the trail."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from lfr_core.common.errors import Fatal, LfrError, Refused, Retryable
from lfr_core.common.logs import get_logger
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.keystore_files import read_newest, read_tpm_binding
from lfr_core.custody.vault.tpm import COUNT_BYTES, TpmTools
from lfr_core.custody.vault.tpm_secrets import FIRST_PLACE, TpmSecrets
from lfr_core.domain.actors import SystemActor

__all__ = ["MACHINES_TPM", "bind_or_release", "find_way", "open_tpm", "say_copy", "say_unopened", "say_unusable"]

MACHINES_TPM: Final = "device:/dev/tpmrm0"
"""The machine's own, through the kernel's resource manager."""
_RELEASE: Final = "release"


def find_way(setting: str) -> str:
    """Return the way to the TPM that `LFR_TPM` names; empty: none."""
    if setting in {"", "off"}:
        return ""
    named = setting.removeprefix(_RELEASE).removeprefix(":") if setting.startswith(_RELEASE) else setting
    return MACHINES_TPM if named in {"", "auto"} else named


def say_unusable(way: str) -> str:
    """Say why a TPM can't be used; empty: it can. Waits for it, a few seconds at most."""
    if shutil.which("tpm2_nvread") is None:
        return "tpm2-tools isn't installed"
    kind, _, device = way.partition(":")
    if kind == "device" and not Path(device).exists():
        return f"there is no {device}"
    try:
        TpmTools(way, patience_s=0.0).read(FIRST_PLACE, COUNT_BYTES)
    except LfrError as error:
        return str(error)
    return ""


def say_unopened(way: str, folder: Path) -> str:
    """Say why the keystore in `folder`, which is bound, doesn't open with that TPM; empty: it does. Changes nothing."""
    return say_unusable(way) or str(_try_opening(way, folder) or "")


def say_copy(setting: str, folder: Path) -> str:
    """Say where the keystore in `folder` is one that its TPM opens no more; empty: it isn't, or nobody knows here.

    Whoever asks may not be let at the TPM, or be where it isn't named.
    """
    way = find_way(setting)
    fault = _try_opening(way, folder) if way and read_tpm_binding(folder) is not None else None
    return str(fault) if isinstance(fault, Fatal) else ""


def _try_opening(way: str, folder: Path) -> LfrError | None:
    fault: LfrError | None = None
    for _ in range(2):  # a vault that runs may just have turned
        content = read_newest(folder)
        if content is None or content.tpm is None:
            return None
        try:
            TpmSecrets(TpmTools(way, patience_s=0.0)).open(content.tpm, content.installation)
        except LfrError as error:
            fault = error
        else:
            return None
    return fault


def open_tpm(setting: str, folder: Path) -> TpmSecrets | None:
    """Return what opens the keystore in `folder`, or what it is to be bound to; None: no TPM is named, or usable.

    One that is bound already opens with its TPM only: without it the vault refuses.

    Raises:
        Fatal: the keystore's file can't be read.
    """
    way = find_way(setting)
    if not way:
        return None
    if setting == "auto" and read_tpm_binding(folder) is None:
        why = say_unusable(way)
        if why:
            get_logger().warning("vault.no-tpm", reason=why)
            return None
    return TpmSecrets(TpmTools(way), is_ending=setting.startswith(_RELEASE))


def bind_or_release(core: VaultCore, tpm: TpmSecrets | None, *, setting: str) -> None:
    """Bind the keystore to the TPM that the settings name, or end that, if it isn't so yet.

    Raises:
        Fatal: the keystore is a copy of before it was bound. Retryable: the TPM or the records are away.
        Refused: `vault.tpm`, unless the setting is `auto`; `vault.keystore`.
    """
    if tpm is None:
        return
    if setting.startswith(_RELEASE):
        _release(core, tpm)
    elif core.keystore.tpm is None:
        try:
            tpm.begin(core.keystore.installation)
        except (Refused, Retryable) as error:
            if setting != "auto":
                raise
            get_logger().warning("vault.no-tpm", reason=str(error))
            return
        _record(core, "keystore.tpm-bound", tpm)
        with core.keystore_lock:
            core.keystore.bind(tpm)
        tpm.complete()


def _release(core: VaultCore, tpm: TpmSecrets) -> None:
    """End it in an order that may be cut off anywhere: the next start goes on, or begins again."""
    if core.keystore.tpm is None:
        tpm.give_back(core.keystore.installation)
        return
    _record(core, "keystore.tpm-released", tpm)
    tpm.end(is_written=False)
    with core.keystore_lock:
        core.keystore.bind(None)
    tpm.end(is_written=True)


def _record(core: VaultCore, rule: str, tpm: TpmSecrets) -> None:
    facts: dict[str, int | str] = {"generation": core.keystore.generation, "turn": tpm.binding.count}
    get_logger().warning(rule, **facts)
    core.audit.record(AuditEvent(Verb.ALTER, SystemActor.VAULT, "", "keystore", rule, facts))
