"""`refundry` itself: its nouns, and how whatever goes wrong in one of them is told."""

import os
import sys
from contextlib import suppress
from typing import Any, NoReturn, TextIO

import click

from app.cli.failures import ExitCode, Failure, failure_of
from app.cli.lazy import LazyGroup

INTERRUPTED = 130
READER_GONE = 1

COMMANDS = {
    "demo": "Play a shop's day through the real worker, and have it judged.",
    "replay": "Decide a file of messages, without any broker.",
    "worker": "Consume, decide, publish: one process per core.",
    "doctor": "Find what is wrong with this installation, and say the cure.",
    "topics": "Compare and create the topics on Kafka.",
    "policy": "Check, try and publish policies.",
    "rates": "Publish exchange rates.",
    "validate": "Say of events whether they are valid and, if not, what is wrong.",
    "schema": "Export the JSON Schemas, or check them.",
    "order": "Show the state of an order, and why it is so.",
    "dispute": "Show what there is to answer a dispute with.",
    "find": "Find the case of any number: of an order, refund, dispute, payment, request …",
    "report": "Sum up money, refunds, disputes, fees and exchange rates.",
    "audit": "Prove that the record is complete and unaltered.",
    "dead-letters": "List, show and send again what was refused.",
    "projections": "Keep the read side in Redis.",
    "console": "Serve the pages on which people decide what waits for them.",
    "programmes": "Show where a merchant stands in the networks' monitoring programmes.",
    "config": "Show the settings.",
}


class _Root(LazyGroup):
    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Also shows the help and the version, for which there may be no room."""
        try:
            return super().make_context(*arguments, **options)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise failure_of(error) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; an error becomes a line and an exit code, never a traceback unless it was asked for."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if ctx.params.get("traceback"):
                raise
            raise failure_of(error) from error


@click.command(
    cls=_Root,
    commands_help=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog="Exit codes: 0 ok, 2 usage, 3 configuration, 4 broker or store unreachable, 5 refused because unsafe, "
    "6 an invariant is violated.",
)
@click.version_option(package_name="refundry", message="%(package)s %(version)s")
@click.option("--traceback", is_flag=True, hidden=True, help="Show where in the program an error came up.")
def cli(traceback: bool) -> None:
    """Decides refunds and follows chargebacks from the event streams of a shop, on Kafka or from a file."""
    del traceback  # read by the group when something goes wrong


def main() -> NoReturn:
    """The console script."""
    _open_what_is_closed()
    code = _run()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = code or READER_GONE
    except OSError as error:
        error.filename = "standard output"
        code = code or _tell(failure_of(error))
    for stream in (sys.stdout, sys.stderr):
        _let_go(stream)
    sys.exit(code)


def _run() -> int:
    try:
        return cli.main(prog_name="refundry", standalone_mode=False) or 0
    except click.exceptions.NoArgsIsHelpError as error:
        _tell(error)
        return ExitCode.USAGE
    except click.UsageError as error:
        words = error.ctx.command_path if error.ctx else "refundry"
        return _tell(Failure(error.format_message().rstrip("."), f"see {words} --help", code=ExitCode.USAGE))
    except click.ClickException as error:
        return _tell(error)
    except (click.Abort, KeyboardInterrupt):
        return _tell(Failure("interrupted", code=INTERRUPTED))


def _tell(error: click.ClickException) -> int:
    """Says it on standard error, or in the code alone where that is full or gone, too."""
    with suppress(OSError):
        error.show()
    return error.exit_code


def _open_what_is_closed() -> None:
    """No file gets the number of a stream that was closed. What is written to such an output fails, so that nobody
    takes it for written; complaints for which there is no standard error go nowhere.
    """
    for name, mode, may in (("stdin", "r", os.O_RDONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, may), mode))


def _let_go(stream: TextIO) -> None:
    """What could not be written is not tried again at the very end, where it would change the code."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
