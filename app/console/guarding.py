"""Who gets in and what goes out: every request passes here, and every answer leaves with the same headers.

A request that changes something comes from a page of ours, says the browser; carries the session's own token; and is of
somebody whom the users file still names. What is refused is refused in plain words.
"""

import asyncio
import hmac
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from aiohttp import hdrs, web

from app.console.pages import REFRESHED, address, page
from app.console.ports import NotAnsweringError
from app.console.shared import SESSION, SHARED, USER
from app.console.users import UsersFileError
from app.metrics import CONSOLE_REFUSALS

_log = structlog.get_logger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

OPEN_TO_ALL: Final = ("/login", "/static/")
POLLED: Final = "/counts"
"""Asked by the script of a page. Who only leaves a page open does nothing, and is signed out some day."""
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
A_YEAR_OF_TLS: Final = "max-age=31536000"
FORM: Final = "application/x-www-form-urlencoded"
SENT_WITHIN_S: Final = 10.0
"""A form has some hundred bytes. One that is sent for longer holds a connection and nothing else."""

_SAID: Final = {
    400: ("This request cannot be understood", "Go back, and try it from the page."),
    403: ("This is not allowed", "Your role does not cover it, or the page was not ours."),
    404: ("There is nothing here", "The address is not one of the console's."),
    405: ("This is not done so", "Go back, and use the buttons of the page."),
    408: ("This took too long", "Nothing was sent. Go back, and send it again."),
    413: ("That is too much text", "Shorten it, and send it again."),
}


class RefusedError(Exception):
    """A request that is refused. `code` names why, for the metric; `status` and the words are for whoever asked."""

    def __init__(self, status: int, code: str, title: str, text: str) -> None:
        super().__init__(title)
        self.status, self.code, self.title, self.text = status, code, title, text


@web.middleware
async def with_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The outermost: whatever is answered, also a mistake of ours, leaves as a page with all headers."""
    try:
        response = await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            response = web.Response(status=error.status, headers={"Location": error.headers["Location"]})
        else:
            response = _refusal(request, error.status, *_SAID.get(error.status, _SAID[400]))
    except RefusedError as refused:
        request.app[SHARED].metrics.add(CONSOLE_REFUSALS, 1, refused.code)
        response = _refusal(request, refused.status, refused.title, refused.text)
    except NotAnsweringError as why:
        again = address(request.path, **{**request.query, REFRESHED: "1"}) if request.method == "GET" else ""
        response = page(request, "away", status=503, why=str(why), again=again)
    except UsersFileError as why:
        _log.error("users_file_unusable", reason=str(why))
        request.app[SHARED].metrics.add(CONSOLE_REFUSALS, 1, "users_file")
        response = _refusal(request, 503, "Nobody can be let in", "The users file cannot be used; the log says why.")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told and leaves with the headers
        # type and place, as everywhere: the text of an error may quote what somebody typed
        where = traceback.extract_tb(error.__traceback__)[-1]
        place, name = f"{where.filename}:{where.lineno}", request.match_info.handler.__name__
        _log.error("console_failed", path=name, error=type(error).__name__, at=place)
        response = _refusal(
            request, 500, "A mistake of the console's", "The log says more; the case shows what was sent."
        )
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    if request.app[SHARED].behind_tls:
        response.headers["Strict-Transport-Security"] = A_YEAR_OF_TLS
    return response


@web.middleware
async def signed_in(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Lets in who has a session and is still a user; anybody else is asked to sign in."""
    shared = request.app[SHARED]
    if request.method not in ("GET", "HEAD"):
        _require_our_page(request)
    cookie = request.cookies.get(shared.cookie, "")
    session = shared.sessions.find(cookie, uses=not _is_by_itself(request)) if cookie else None
    user = shared.users.find(session.name) if session is not None else None
    if session is not None and user is not None and user.password == session.password:
        request[SESSION], request[USER] = session, user
    elif not request.path.startswith(OPEN_TO_ALL):
        shared.sessions.close(cookie)
        if request.method in ("GET", "HEAD") and request.path != POLLED:
            raise web.HTTPSeeOther(address("/login", next=request.path_qs if request.path != "/" else None))
        raise RefusedError(
            401, "signed_out", "You are signed out", "Nothing was sent. Sign in, and look at the case again."
        )
    return await handler(request)


def _is_by_itself(request: web.Request) -> bool:
    return request.path == POLLED or REFRESHED in request.query


def _require_our_page(request: web.Request) -> None:
    """A browser says from where a request comes, and no page can make it lie."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    ours = site == "same-origin" if site is not None else origin is None or _host_of(origin) == request.host
    if not ours:
        raise RefusedError(
            403, "foreign_page", "This came from another page", "Nothing was sent. Use the pages of the console itself."
        )


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # such as `http://[`
        return None


async def posted_by(request: web.Request) -> Mapping[str, Any]:
    """The fields of a form, sent as our pages send it; RefusedError where it is none, or does not come to its end.

    Anybody may send one, also who is not signed in. So nothing is read in other encodings and nothing is unpacked: some
    of that takes seconds, or a thousand times the memory of what was sent.
    """
    packed = hdrs.CONTENT_ENCODING in request.headers
    if request.content_type != FORM or (request.charset or "utf-8").lower() != "utf-8" or packed:
        raise RefusedError(400, "no_form", *_SAID[400])
    try:
        async with asyncio.timeout(SENT_WITHIN_S):
            return await request.post()
    except TimeoutError as late:
        raise RefusedError(408, "slow_form", *_SAID[408]) from late
    except ValueError as error:  # bytes that are no UTF-8
        raise RefusedError(400, "no_form", *_SAID[400]) from error


def require_token(request: web.Request, posted: Mapping[str, Any]) -> None:
    """RefusedError unless the form carries the session's token."""
    given = posted.get("csrf")
    session = request[SESSION]
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), session.csrf.encode()):
        raise RefusedError(
            403,
            "csrf",
            "This page is not of your session",
            "Nothing was sent. Look at the case again, and decide there.",
        )


def _refusal(request: web.Request, status: int, title: str, text: str) -> web.Response:
    return page(request, "refused", status=status, title=title, text=text)
