"""Serves the staff's app: Streamlit with its login, and around it which hosts may ask and what every answer forbids."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from streamlit.web.server.starlette import App, starlette_server

from apps.http_guards import AnswerHeaders, HostGuard, page_headers
from apps.pressed import keep_presses
from apps.staff.downloads import OwnDownloads, read_cookie
from apps.staff.log_out import LogOutByButton
from apps.staff.made_files import make_files_for_their_page
from apps.staff.messages import OwnMessages
from apps.staff.plain_messages import show_messages_as_written
from apps.staff.process import page_sessions, pages_installation, typed_texts
from apps.staff.return_path import ReturnPath
from apps.staff.strict_login import make_login_strict
from apps.staff.unsent import send_all_that_is_drawn
from apps.staff.uploads import LARGEST_UPLOAD_MB, OwnUploads, keep_uploads_below
from apps.streamlit_options import LOOPBACK, streamlit_options
from apps.typed.endpoint import TypedEndpoint
from apps.typed.store import PATH
from lfr_core.common.loopback_ports import bind_port
from lfr_core.common.settings import Settings
from lfr_core.common.starting import end_start
from lfr_core.custody.identity.page_client import page_auth
from lfr_core.custody.identity.provider import provider_of

__all__ = ["serve_staff_app", "staff_options"]


def serve_staff_app() -> None:
    """Serve until SIGTERM or SIGINT. The secrets of the login are in this process's memory, in no argument.

    Raises:
        Fatal, Retryable: as `page_auth`; or the port is taken.
    """
    installation = pages_installation()
    settings = installation.settings
    address = settings.page_addresses[0]
    parts = urlsplit(address)
    origin = f"{parts.scheme}://{parts.netloc}"
    sessions, base = page_sessions(), parts.path.rstrip("/")
    check = sessions.find
    headers = page_headers(provider_of(settings).issuer)
    middleware = [
        Middleware(AnswerHeaders, headers=headers, is_secure=address.startswith("https://")),
        Middleware(TrustedHostMiddleware, allowed_hosts=[*settings.page_hosts, LOOPBACK], www_redirect=False),
        Middleware(OwnDownloads, path=f"{parts.path}/media/", origin=origin, check=check),
        Middleware(OwnUploads, path=f"{parts.path}/_stcore/upload_file/", origin=origin, check=check),
        Middleware(OwnMessages, read_login=lambda connection: read_cookie(connection, origin)),
        Middleware(TypedEndpoint, path=f"{base}{PATH}", origin=origin, sessions=sessions, texts=typed_texts()),
        Middleware(ReturnPath, base=base, origin=origin, check=check),
        Middleware(LogOutByButton, base=base, origin=origin, check=check),
    ]
    if not settings.page_url:  # a proxy may ask under another name than the browser did
        middleware.append(Middleware(HostGuard, address=address))
    keep_uploads_below(settings.home)
    listening = bind_port(settings.operator_port)
    starlette_server._bind_server_socket = lambda *_: (listening, LOOPBACK)  # noqa: SLF001  it takes no socket else
    make_files_for_their_page()
    keep_presses()
    show_messages_as_written(f"{provider_of(settings).issuer.rstrip('/')}/")
    send_all_that_is_drawn()
    make_login_strict(provider_of(settings), installation.clock)
    app = App(Path(__file__).with_name("app.py"), secrets={"auth": page_auth(settings)}, middleware=middleware)
    end_start()
    app.run(config=staff_options(settings))


def staff_options(settings: Settings) -> dict[str, object]:
    """Return Streamlit's options for the staff's app."""
    options = streamlit_options(settings.operator_port, settings.page_hosts)
    options["server.maxUploadSize"] = LARGEST_UPLOAD_MB
    options["secrets.files"] = []  # none from a folder where somebody stands
    if settings.page_url:
        parts = urlsplit(settings.page_url)
        options["server.baseUrlPath"] = parts.path.strip("/")
        options["server.corsAllowedOrigins"] = [f"{parts.scheme}://{parts.netloc}"]
    return options
