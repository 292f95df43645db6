"""The console as a web application: which address is which page. Start reading here."""

from aiohttp import web

from app.console import answering, reading, signing_in
from app.console.guarding import signed_in, with_headers
from app.console.pages import STATIC, static_files, static_names
from app.console.shared import SHARED, Shared

BODY_MAX = 64 * 1024


def application_of(shared: Shared) -> web.Application:
    """The application, with nothing started yet."""
    application = web.Application(middlewares=[with_headers, signed_in], client_max_size=BODY_MAX)
    application[SHARED] = shared
    application.add_routes(
        [
            web.get("/", reading.queue),
            web.get("/next", reading.following),
            web.get("/case", reading.case),
            web.get("/search", reading.search),
            web.get("/counts", reading.counts),
            web.post("/review", answering.answer),
            web.get("/login", signing_in.show),
            web.post("/login", signing_in.sign_in),
            web.post("/logout", signing_in.sign_out),
            *(web.get(path, _static) for path in static_names().values()),
        ]
    )
    return application


async def _static(request: web.Request) -> web.StreamResponse:
    name = request.path.rpartition("/")[2]
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}
    return web.Response(body=static_files()[name], content_type=STATIC[name], charset="utf-8", headers=kept)
