"""The operator's port, on loopback by default: /livez, /readyz with the reasons against it, /metrics."""

from aiohttp import web

from app.metrics import READY, WITHOUT_PROGRESS, Metrics
from app.runtime.exits import MisconfiguredError
from app.runtime.progress import Progress


async def serve(bind: str, progress: Progress, metrics: Metrics) -> web.AppRunner:
    """Answers at `host:port`; port 0 takes a free one (`runner.addresses`). MisconfiguredError if it cannot."""
    host, _, port = bind.rpartition(":")
    if not host or not port.isdigit():
        raise MisconfiguredError(f"OPS_BIND {bind!r} is not an address", "Use host:port, such as 127.0.0.1:9464")

    async def livez(_: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def readyz(_: web.Request) -> web.Response:
        reasons = "".join(f"{what}: {why}\n" for what, why in sorted(progress.reasons().items()))
        return web.Response(text=reasons or "ready\n", status=503 if reasons else 200)

    async def show(_: web.Request) -> web.Response:
        metrics.set(READY, 0 if progress.reasons() else 1)
        metrics.set(WITHOUT_PROGRESS, progress.seconds_without())
        return web.Response(body=metrics.text(), content_type="text/plain", charset="utf-8")

    application = web.Application()
    application.add_routes([web.get("/livez", livez), web.get("/readyz", readyz), web.get("/metrics", show)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host.strip("[]"), int(port)).start()
    except OSError as error:
        await runner.cleanup()
        hint = "Give each worker on this machine an OPS_BIND of its own"
        raise MisconfiguredError(f"OPS_BIND {bind}: {error.strerror}", hint) from error
    return runner
