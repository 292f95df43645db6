"""Signing in and out."""

import asyncio
import math
from typing import Any

import structlog
from aiohttp import web

from app.console.addresses import address_of
from app.console.guarding import RefusedError, posted_by, require_token
from app.console.pages import page
from app.console.passwords import LONGEST, NOBODY, matches
from app.console.shared import SESSION, SHARED, USER
from app.console.users import NAME
from app.metrics import CONSOLE_LOGINS

_log = structlog.get_logger(__name__)


async def show(request: web.Request) -> web.StreamResponse:
    """The page to sign in on."""
    if request.get(USER) is not None:
        raise web.HTTPSeeOther("/")
    request.app[SHARED].users.require()
    return page(request, "login", wrong="", next=_ours(request.query.get("next", "")))


async def sign_in(request: web.Request) -> web.StreamResponse:
    """A new session for who knows the password. What is wrong is not said, and takes as long as what is right."""
    shared, posted = request.app[SHARED], await posted_by(request)
    name, password = _text(posted.get("name"))[:65], _text(posted.get("password"))
    forwarded = request.headers.getall("X-Forwarded-For", [])
    address = address_of(request.remote or "", forwarded, shared.proxies, behind_proxy=shared.behind_tls)
    wait = shared.throttle.wait(name, address)
    if wait > 0:
        shared.metrics.add(CONSOLE_LOGINS, 1, "throttled")
        text = f"Wait {math.ceil(wait)} seconds before the next. Other people are not held up."
        raise RefusedError(429, "throttled", "Too many tries", text)
    user = shared.users.find(name) if NAME.fullmatch(name) else None
    # counted before it is known, so that many tries at once are not let through together
    shared.throttle.failed(name, address)
    async with shared.hashing:
        right = await asyncio.to_thread(matches, password, user.password if user is not None else NOBODY)
    if user is None or not right or len(password) > LONGEST:
        shared.metrics.add(CONSOLE_LOGINS, 1, "wrong")
        # the name that was typed may be a password in the wrong field
        _log.warning("sign_in_failed", actor=user.name if user is not None else None)
        return page(
            request,
            "login",
            status=401,
            wrong="Name or password is not right.",
            next=_ours(_text(posted.get("next"))),
        )
    shared.throttle.succeeded(name, address)
    shared.metrics.add(CONSOLE_LOGINS, 1, "right")
    _log.info("signed_in", actor=user.name, role=user.role.value)
    shared.sessions.close(request.cookies.get(shared.cookie, ""))
    response = web.Response(status=303, headers={"Location": _ours(_text(posted.get("next"))) or "/"})
    cookie = shared.sessions.open(user.name, user.password)
    response.set_cookie(shared.cookie, cookie, path="/", httponly=True, samesite="Strict", secure=shared.behind_tls)
    return response


async def sign_out(request: web.Request) -> web.StreamResponse:
    """Ends the session."""
    shared = request.app[SHARED]
    require_token(request, await posted_by(request))
    _log.info("signed_out", actor=request[SESSION].name)
    shared.sessions.close(request.cookies.get(shared.cookie, ""))
    response = web.Response(status=303, headers={"Location": "/login"})
    response.del_cookie(shared.cookie, path="/", httponly=True, samesite="Strict", secure=shared.behind_tls)
    return response


def _ours(path: str) -> str:
    """Where to go on after signing in, if that is a page of ours."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if ours else ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
