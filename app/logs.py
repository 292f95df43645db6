"""How log lines look: JSON for machines, readable on a terminal. No line holds ids of persons or values of messages."""

import logging.config
import os
import sys

import structlog

from app.settings import Settings

_SHARED: tuple[structlog.typing.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)

_UNREADABLE = "aiohttp.http_exceptions"


class _Readable(logging.Filter):
    """Drops what the HTTP server says of bytes that are no request: it quotes them, cookies and all, with the address
    of their sender, and whoever likes to could fill the log so. They are answered with 400.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written. The errors are known by their module, which a worker need not load first."""
        error = record.exc_info[1] if record.exc_info else None
        return not any(kind.__module__ == _UNREADABLE for kind in type(error).__mro__)


def configure(settings: Settings) -> None:
    """Sends all log lines of the process, ours and of libraries, to stderr in the format of the settings."""
    readable = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    coloured = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    # A traceback without the values of variables: those may be what somebody typed.
    plain = structlog.dev.ConsoleRenderer(colors=coloured, exception_formatter=structlog.dev.plain_traceback)
    last = plain if readable else structlog.processors.JSONRenderer()
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *([] if readable else [structlog.processors.format_exc_info]),
            last,
        ],
        "foreign_pre_chain": [*_SHARED, structlog.stdlib.ExtraAdder()],
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": formatter},
            "filters": {"readable": {"()": _Readable}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": settings.log_level.upper()},
            # The shell's own lines say what ours say better.
            "loggers": {
                **{name: {"level": "WARNING"} for name in ("faust", "mode", "aiohttp", "asyncio")},
                "aiohttp.server": {"filters": ["readable"]},
            },
        }
    )
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
