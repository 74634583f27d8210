"""Checks of the services: broker, jars, models, gallery, database, workflows, retention."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from apps.doctor.checks import Check, fail, ok, warn
from lfr_core.common.errors import Fatal, LfrError, Retryable
from lfr_core.domain.actors import ProcessIdentity

if TYPE_CHECKING:
    from lfr_core.common.settings import Settings
    from lfr_core.domain.policy import Policy
    from streams.broker.choose import BrokerChoice

__all__ = ["broker", "database", "gallery", "jars", "models", "newest_record_ns", "policy", "retention", "workflows"]

_CONNECT_S = 2.0
_ANSWER_S = 10.0
"""A workflow server that has runs to start answers later than it takes a connection."""
_START = "`lfr up` starts it"


def policy(settings: Settings) -> Check:
    from lfr_core.domain.policy import default_policy_file, load_policy

    file = settings.policy_file or default_policy_file()
    try:
        load_policy(settings.policy_file)
    except Fatal as error:
        return fail("policy", str(error), f"mend {file}")
    return ok("policy", str(file))


def jars(settings: Settings, *, needed: bool) -> Check:
    from streams.broker.jars import check_jars, has_jars, libs_folder

    libs = libs_folder(settings.cache)
    if not has_jars(libs):
        mend = "`make setup` (or `python -m streams.broker.jars`) gets them with Maven"
        return fail("jars", "none", mend) if needed else warn("jars", "none; not needed by these settings", mend)
    try:
        check_jars(libs)
    except Fatal as error:
        return fail("jars", str(error), f"delete {libs} and run `make setup`")
    return ok("jars", f"{len(list(libs.iterdir()))} in {libs}, each as pinned")


def broker(settings: Settings, choice: BrokerChoice, the_policy: Policy | None, *, running: bool) -> Check:
    from streams.broker.connection import connect_as
    from streams.broker.users import User
    from streams.topics import broker_version, topic_problems

    servers, kind = settings.kafka_bootstrap, choice.traits.kind.value
    try:
        connection = connect_as(User.RETENTION, settings, choice.traits)
        version = broker_version(connection)
        problems = topic_problems(connection, settings, the_policy, choice.traits) if the_policy else ()
    except Retryable as error:
        if choice.external or running:
            return fail("broker", str(error), f"start the cluster, or look at the log in {settings.home / 'log'}")
        return warn("broker", f"{kind} isn't running ({choice.why})", _START)
    if problems:
        return fail("broker", f"{kind} {version} at {servers}: {'; '.join(problems)}", "`lfr up` mends topics")
    if choice.external and choice.traits.has_delete_records and _may_lose_topics(settings, choice):
        says = f"{kind} {version} at {servers}: whoever may delete records may delete whole topics, as retention may"
        return warn("broker", says, "set delete.topic.enable=false there (docs/runbooks/changed-behind.md)")
    if choice.traits.banner:
        return warn("broker", f"{choice.traits.banner} ({choice.why})", "install Java and Maven for Apache Kafka")
    return ok("broker", f"{kind} {version} at {servers}, topics as they should be")


def _may_lose_topics(settings: Settings, choice: BrokerChoice) -> bool:
    """Return whether a cluster lets topics be deleted; as well where it doesn't tell us."""
    from streams.broker.altered import lets_topics_be_deleted
    from streams.broker.connection import connect_as
    from streams.broker.users import User

    try:
        return lets_topics_be_deleted(connect_as(User.ADMINISTRATION, settings, choice.traits))
    except LfrError:
        return True


def models(settings: Settings) -> Check:
    """Check the pack's files against its manifest's hashes."""
    from lfr_core.recognition.faces.pack import open_pack

    try:
        pack = open_pack(settings.pack_folder, acknowledge_licence=settings.acknowledge_model_licence)
    except LfrError as error:
        return fail("models", str(error), "`lfr models install`")
    return ok("models", f"{pack.model_id} ({pack.licence}), files as in its manifest")


def gallery(settings: Settings, *, running: bool) -> Check:
    from lfr_core.recognition.gallery.milvus import milvus_gallery

    try:
        store = milvus_gallery(settings)
    except Fatal as error:
        return fail("gallery", str(error), "mend the setting")
    try:
        _somebody_listens(settings.gallery_uri)  # Milvus' own client takes ten seconds to say so
        names = store.names()
    except Retryable as error:
        if settings.milvus_uri or running:
            return fail("gallery", str(error), f"start Milvus, or look at the log in {settings.home / 'log'}")
        return warn("gallery", "Milvus Lite isn't running", _START)
    finally:
        store.close()
    return ok("gallery", f"Milvus at {settings.gallery_uri}, {len(names)} galleries")


def _somebody_listens(uri: str) -> None:
    """Raise Retryable when nobody takes a connection at `uri` (http://host:port)."""
    parts = urlsplit(uri)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 19530), timeout=_CONNECT_S):
            return
    except (OSError, ValueError) as error:
        raise Retryable(f"nobody answers at {uri} ({error})") from error


def database(settings: Settings) -> Check:
    from sqlalchemy import make_url

    from lfr_core.custody.installation import kept_head_of
    from lfr_core.storage.migrate import check

    where = make_url(settings.records_url).render_as_string(hide_password=True)
    file = settings.home / "records.sqlite3"
    if not settings.database_url and not file.exists():
        if kept_head_of(settings).exists():
            return fail(
                "database", f"{where} has gone", "put it back: without it nothing is due, and nothing goes by it"
            )
        return warn("database", f"{where} isn't made yet", "`lfr up` makes it")
    if not check(settings.records_url):
        return fail("database", f"{where} isn't at this version's revision", "`lfr up` brings it up to date")
    return ok("database", f"{where}, migrations current")


def workflows(settings: Settings, *, running: bool) -> Check:
    """Check that Prefect's server answers us, and nobody else."""
    from apps.supervisor.probes import http_ok
    from flows.prefect_api import LoginRefused, PrefectApi

    api = settings.prefect_api.rstrip("/")
    if http_ok(f"{api}/health")(0):
        try:
            PrefectApi.from_settings(settings, timeout_s=_ANSWER_S).request("GET", "/admin/version")
        except LfrError as error:
            return fail("workflows", str(error), f"see the log in {settings.home / 'log'}")
        try:
            PrefectApi(api, timeout_s=_ANSWER_S).request("GET", "/admin/version")
        except LoginRefused:
            return ok("workflows", f"Prefect at {api}, with a login")
        except Retryable as error:
            return warn("workflows", f"whether Prefect at {api} asks for a login isn't known: {error}", "ask again")
        mend = "set PREFECT_SERVER_API_AUTH_STRING there and LFR_PREFECT_AUTH_FILE here"
        return warn("workflows", f"Prefect at {api} lets anybody in, who then runs code as the platform", mend)
    if settings.prefect_url or running:
        return fail("workflows", f"nobody answers at {api}", f"start it, or look at the log in {settings.home / 'log'}")
    return warn("workflows", "Prefect's server isn't running", _START)


def identity(settings: Settings, *, running: bool) -> Check:
    """Check that the place where people log in answers under the name that its tokens have."""
    from lfr_core.custody.identity.discovery import discover
    from lfr_core.custody.identity.embedded import server_python
    from lfr_core.custody.identity.provider import provider_of

    provider = provider_of(settings)
    try:
        if provider.is_embedded:
            server_python(settings)
        discover(provider)
    except Retryable as error:
        if provider.is_embedded and not running:
            return warn("identity", "the identity server isn't running", _START)
        return fail("identity", str(error), f"see {settings.home / 'log'}, or LFR_OIDC_ISSUER")
    except LfrError as error:
        return fail("identity", str(error), "the sentence says how")
    return ok("identity", f"people log in at {provider.issuer}")


def retention(settings: Settings, *, running: bool) -> Check:
    """Check whether anything that should be gone is still there."""
    from flows.retention_lag import last_purge_words, purge_trouble
    from lfr_core.custody.installation import Installation
    from lfr_core.retention.last_purge import read_ended
    from lfr_core.retention.status import read_retention_status

    if not settings.database_url and not (settings.home / "records.sqlite3").exists():
        return ok("retention", "no records yet")
    with Installation(settings, identity=ProcessIdentity.COMMANDS) as installation:
        found = read_retention_status(installation.engine, installation.policy.retention, now_ns=installation.now_ns)
    overdue = [each for each in found if each.is_alarm]
    trouble = purge_trouble(settings.home)
    if trouble and not overdue:
        return warn("retention", trouble, "docs/runbooks/retention-overdue.md")
    if not overdue:
        return ok("retention", f"nothing is overdue; {last_purge_words(read_ended(settings.home))}")
    says = "; ".join(f"{each.data.title}: {each.why}" for each in overdue)
    mend = "docs/runbooks/retention-overdue.md; `lfr retention run` purges now"
    return fail("retention", says, mend) if running else warn("retention", says, f"{_START}, and it catches up")


def newest_record_ns(settings: Settings) -> int | None:
    """Read the wall time of the newest record, nanoseconds since the epoch; None if there is none to be read."""
    from lfr_core.alerts.newest import newest_record_ns as newest
    from lfr_core.custody.installation import Installation
    from lfr_core.storage.engine import reading

    if not settings.database_url and not (settings.home / "records.sqlite3").exists():
        return None
    with Installation(settings, identity=ProcessIdentity.COMMANDS) as installation:
        engine = installation.engine
        try:
            with reading(engine) as session:
                return newest(session)
        except LfrError:
            return None
