"""The console, put together: settings become the read side's answers, the writer of `reviews`, and the process around.

It is a process of its own, which decides nothing: what it says are events like anybody's, and the worker judges them.
"""

import asyncio
import signal
from typing import Final

import structlog
from aiohttp import web

from app import logs
from app.console.application import application_of
from app.console.shared import Shared
from app.console.users import Users, UsersFileError
from app.readside.answering import Answers
from app.readside.connecting import connect, keys_of
from app.review_desk.read_side import AnsweredByRedis
from app.review_desk.readiness import Looking
from app.review_desk.refusals import Refusals
from app.review_desk.verdicts import WrittenToKafka
from app.runtime.config import RuntimeConfig
from app.runtime.exits import MisconfiguredError
from app.runtime.ops import serve
from app.runtime.progress import Progress
from app.runtime.tail import Tail
from app.settings import Settings, split_address
from app.settings.problems import ConfigurationError, SettingProblem
from topics.catalogue import DEAD_LETTERS

SILENT_S: Final = 75.0
"""A connection on which nothing is asked for so long, or no question ends, is closed: each takes a place."""
_log = structlog.get_logger(__name__)


def open_desk(settings: Settings, config: RuntimeConfig) -> None:
    """Serves the console until SIGTERM or SIGINT, with the probes and metrics of a worker.

    Raises ConfigurationError without a Redis or a users file, MisconfiguredError where an address is taken.
    """
    logs.configure(settings)
    read_side = AnsweredByRedis(Answers(connect(settings), keys_of(settings)))
    shared = Shared(
        read_side,
        WrittenToKafka(config),
        users_of(settings),
        behind_tls=settings.console_behind_tls,
        proxies=settings.console_proxies,
    )
    progress = Progress()
    refusals = Refusals(lambda: Tail(config, DEAD_LETTERS), shared.outbox, progress.blockers)
    with refusals, Looking(read_side, progress.blockers):
        asyncio.run(_serve(shared, settings, progress))


def users_of(settings: Settings) -> Users:
    """The users that the settings name. ConfigurationError where there are none that can be used."""
    hint = "`refundry console add-user NAME --role analyst` writes one"
    if settings.console_users is None:
        raise _refused(settings, "the console needs it", hint)
    users = Users(settings.console_users)
    try:
        users.require()
    except UsersFileError as error:
        raise _refused(settings, str(error), hint) from error
    return users


async def _serve(shared: Shared, settings: Settings, progress: Progress) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ops = await serve(settings.ops_bind, progress, shared.metrics)
    runner = web.AppRunner(application_of(shared), access_log=None, keepalive_timeout=SILENT_S)
    await runner.setup()
    host, port = split_address(settings.console_bind)
    try:
        await web.TCPSite(runner, host, port).start()
        _log.info("console_ready", address="http://{}:{}/".format(*runner.addresses[0][:2]))
        await stop.wait()
    except OSError as error:
        text = f"CONSOLE_BIND {settings.console_bind}: {error.strerror}"
        raise MisconfiguredError(text, "Is another console running? Give this one another CONSOLE_BIND") from error
    finally:
        await runner.cleanup()
        await ops.cleanup()


def _refused(settings: Settings, message: str, hint: str) -> ConfigurationError:
    name = "REFUNDRY_CONSOLE_USERS"
    return ConfigurationError([SettingProblem(name, settings.source_of("console_users"), message, hint)])
