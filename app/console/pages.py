"""Pages: templates filled in, with nothing in them that a browser could take for a command."""

from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from app.console import wording
from app.console.shared import SESSION, SHARED, USER
from app.console.users import Role
from app.explaining import message_of, shown, shown_money

REFRESHED: Final = "refreshed"
"""What the address of a page says that loads itself again: nobody did anything."""
STATIC: Final = {"console.css": "text/css", "console.js": "text/javascript"}


def page(request: web.Request, template: str, *, status: int = 200, **content: Any) -> web.Response:
    """A page for whoever asks."""
    shared, user = request.app[SHARED], request.get(USER)
    session = request.get(SESSION)
    text = (
        _environment()
        .get_template(f"{template}.html.j2")
        .render(
            user=user,
            may_decide=user is not None and user.role is not Role.VIEWER,
            csrf=session.csrf if session is not None else "",
            now=shared.clock(),
            static=static_names(),
            **content,
        )
    )
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")


def address(path: str, /, **query: Any) -> str:
    """A path of ours with a query; what is None or empty is left out."""
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


@cache
def static_files() -> dict[str, bytes]:
    """Stylesheet and script, read once."""
    folder = files("app.console") / "static"
    return {name: (folder / name).read_bytes() for name in STATIC}


@cache
def static_names() -> dict[str, str]:
    """Their addresses, which change with their content: so browsers keep what they have."""
    return {name: f"/static/{blake2b(body, digest_size=6).hexdigest()}/{name}" for name, body in static_files().items()}


@cache
def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=PackageLoader("app.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"address": address, "wording": wording, "shown": shown}
    environment.filters |= {
        "money": shown_money,
        "words": wording.in_words,
        "message": message_of,
        "when": wording.date_and_time,
    }
    return environment
