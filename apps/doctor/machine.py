"""Checks of the machine: Java, Maven, disk, memory, write access, ports, clocks."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from apps.doctor.checks import Check, fail, ok, warn
from apps.supervisor.ports import is_taken, owner_of
from lfr_core.common.disk_room import MEND, measure_rooms
from lfr_core.common.network_disk import say_on_network
from lfr_core.common.private_files import open_to_others
from lfr_core.common.settings_file import ENV_FILE, read_settings_file, settings_file
from streams.broker.jars import MIN_JAVA, java_major

if TYPE_CHECKING:
    from lfr_core.common.settings import Settings

__all__ = [
    "camera_decoder",
    "clock",
    "clock_after_boot",
    "disk",
    "home_on_network",
    "java",
    "maven",
    "memory",
    "ports",
    "privacy",
    "security_chip",
    "settings_sources",
    "write_access",
]

_GIB = 1 << 30
_MEMORY_FAIL, _MEMORY_WARN = 1 * _GIB, 2 * _GIB  # measured: broker 0.3, gallery 0.2, a worker 0.5, page 0.3 GiB
_TPM_MEND = "docs/runbooks/tpm-away.md"
_SLEW_S = 30.0  # NTP's slow corrections since the boot stay below; a set clock does not


def java(*, needed: bool) -> Check:
    """Check that Java is there. `needed`: the settings' broker is a Kafka of our own."""
    major = java_major()
    if major is not None and major >= MIN_JAVA:
        return ok("java", f"Java {major}")
    says = "no Java" if major is None else f"Java {major}, older than {MIN_JAVA}"
    mend = f"install Java {MIN_JAVA} or later (Debian: openjdk-17-jre-headless) for Apache Kafka"
    return fail("java", says, mend) if needed else warn("java", f"{says}: not needed by these settings", mend)


def maven(*, jars: bool) -> Check:
    """Check that Maven is there. `jars`: Kafka's jars are here already."""
    if shutil.which("mvn"):
        return ok("maven", "there")
    if jars:
        return ok("maven", "not there, and not needed: the jars are here")
    return warn("maven", "not there", "install Maven to get Apache Kafka's jars")


def disk(settings: Settings) -> Check:
    """Check that there is room in the home folder and where footage is kept."""
    rooms = measure_rooms(settings.home, settings.footage_store)
    says = ", ".join(room.words for room in rooms)
    if any(room.is_too_little for room in rooms):
        return fail("disk", says, MEND)
    return ok("disk", says) if all(room.is_enough for room in rooms) else warn("disk", says, MEND)


def home_on_network(settings: Settings) -> Check:
    """Check that the home folder lies on a disk of this machine."""
    if says := say_on_network(settings.home):
        return fail("home folder", says, "set LFR_HOME to a disk of this machine")
    return ok("home folder", "on a disk of this machine")


def memory() -> Check:
    available = psutil.virtual_memory().available
    says = f"{available / _GIB:.1f} GiB available"
    mend = "stop something, or start fewer workers (LFR_WORKERS)"
    if available < _MEMORY_FAIL:
        return fail("memory", says, mend)
    return warn("memory", says, mend) if available < _MEMORY_WARN else ok("memory", says)


def security_chip(settings: Settings, folder: Path = Path("/dev")) -> Check:
    """Say whether a TPM holds a part of what opens the keystore, and what follows where none does."""
    from lfr_core.custody.vault.keystore_files import read_tpm_binding
    from lfr_core.custody.vault.tpm_binding import find_way, say_unopened, say_unusable
    from lfr_core.custody.vault.tpm_fault import read_tpm_fault

    way = find_way(settings.tpm)
    if read_tpm_binding(settings.keystore_folder) is not None:
        if not way:
            return fail("security chip", "the keystore opens with a TPM only, and LFR_TPM names none", _TPM_MEND)
        why = say_unopened(way, settings.keystore_folder) or read_tpm_fault(settings.keystore_folder)
        if why:
            return fail("security chip", why, _TPM_MEND)
        says = "used (TPM): a copy of the keystore opens nothing once keys were destroyed"
        if way.startswith(("swtpm", "mssim")):
            return warn(
                "security chip", f"{says}; but this one is software, and its memory is a file", "for tests alone"
            )
        return ok("security chip", says)
    without = "a whole home folder that is put back is recognised by a witness only, and has the keys of then"
    if way:
        why = say_unusable(way)
        if not why:
            return ok("security chip", "there (TPM), and the vault uses it from its next start")
        refuses = "" if settings.tpm == "auto" else "the vault refuses to start: "
        return (warn if settings.tpm == "auto" else fail)("security chip", f"{refuses}{why}; {without}", _TPM_MEND)
    is_there = any((folder / name).exists() for name in ("tpmrm0", "tpm0"))
    said = "there (TPM), and not used (LFR_TPM)" if is_there else "none (TPM)"
    return ok("security chip", f"{said}: {without}")


def camera_decoder(settings: Settings) -> Check:
    """Say what decodes cameras' pictures, and what else could."""
    from streams.camera.hardware import SOFTWARE, decoders_here, known_decoders

    here = decoders_here()
    others = f"devices here: {', '.join(here) or 'none'} (known: {', '.join(known_decoders())})"
    if settings.camera_decoder == SOFTWARE:
        return ok("camera decoder", f"software; {others}")
    if settings.camera_decoder in here:
        return ok("camera decoder", f"{settings.camera_decoder}; {others}")
    return fail(
        "camera decoder",
        f"{settings.camera_decoder} isn't on this machine; {others}",
        f"install its driver, or set LFR_CAMERA_DECODER to {SOFTWARE}: no camera is opened as it is",
    )


def write_access(settings: Settings) -> Check:
    for folder, setting in ((settings.home, "LFR_HOME"), (settings.cache, "LFR_CACHE")):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(b"x")
        except OSError as error:
            return fail("write access", f"{folder}: {error.strerror}", f"mend its rights, or set {setting}")
    return ok("write access", f"{settings.home} and {settings.cache}")


def settings_sources() -> Check:
    """Show where each setting that is given comes from; values aren't shown, an address may hold a password."""
    file = settings_file()
    in_file = read_settings_file(file).keys() if file is not None else set()
    in_environment = {name for name in os.environ if name.startswith("LFR_")} - {ENV_FILE}
    sources = [f"{', '.join(sorted(in_environment))} from the environment"] if in_environment else []
    if in_file - in_environment:
        sources.append(f"{', '.join(sorted(in_file - in_environment))} from {file}")
    return ok("settings", "; ".join([*sources, "the rest by default" if sources else "all by default"]))


def privacy(settings: Settings) -> Check:
    """Check whether other users of the machine can look into what the system wrote."""
    found = open_to_others(settings)
    if not found:
        return ok("privacy", f"{settings.home} is closed to other users")
    says = f"{', '.join(str(path) for path in found[:3])}{' and more' if found[3:] else ''}: open to other users"
    return warn("privacy", says, "the next `lfr up` closes them")


def ports(settings: Settings, *, running: bool, own_broker: bool) -> Check:
    """Check whether the ports `lfr up` wants are free; `running`: our own children hold them now."""
    wanted = {settings.operator_port: "LFR_OPERATOR_PORT", settings.public_port: "LFR_PUBLIC_PORT"}
    if own_broker:
        wanted |= {
            settings.kafka_port: "LFR_KAFKA_PORT",
            settings.kafka_controller_port: "LFR_KAFKA_CONTROLLER_PORT",
        }
    if not settings.milvus_uri:
        wanted |= {settings.milvus_port: "LFR_MILVUS_PORT"}
    if not settings.prefect_url:
        wanted |= {settings.prefect_port: "LFR_PREFECT_PORT"}
    if not settings.oidc_issuer:
        wanted |= {settings.identity_port: "LFR_IDENTITY_PORT"}
    numbers = ", ".join(str(port) for port in sorted(wanted))
    if running:
        return ok("ports", f"{numbers}: held by the running system")
    taken = [port for port in wanted if is_taken(port)]
    if taken:
        says = "; ".join(f"{port} is taken by {owner_of(port)}" for port in taken)
        return fail("ports", says, f"stop that, or set {', '.join(wanted[port] for port in taken)}")
    return ok("ports", f"{numbers} are free")


def clock(*, newest_record_ns: int | None) -> Check:
    """Compare wall time with the newest record's (nanoseconds since the epoch) and with the time since the boot."""
    now = time.time_ns()
    if newest_record_ns is not None and now < newest_record_ns:
        late = (newest_record_ns - now) / 1e9
        return fail("clock", f"the clock is {late:.0f} s before the newest record", "set the clock (NTP), then start")
    return clock_after_boot(boot_s=psutil.boot_time(), wall_s=now / 1e9, since_boot_s=time.clock_gettime(_SINCE_BOOT))


def clock_after_boot(*, boot_s: float, wall_s: float, since_boot_s: float) -> Check:
    """Check whether wall time has moved with the machine's own count of seconds since it started (a pure rule)."""
    shift = wall_s - boot_s - since_boot_s
    says = f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(wall_s))} UTC"
    if abs(shift) > _SLEW_S:
        return warn("clock", f"{says}; it was set by {shift:+.0f} s", "see that NTP runs (timedatectl)")
    return ok("clock", says)


_SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
