"""`refundry` itself: its nouns, and how whatever goes wrong in one of them is told."""

import sys
from typing import Any, NoReturn

import click

from app.cli.failures import ExitCode, failure_of
from app.cli.lazy import LazyGroup

INTERRUPTED = 130

COMMANDS = {
    "demo": "Play a shop's day through the real worker, and have it judged.",
    "replay": "Decide a file of messages, without any broker.",
    "worker": "Consume, decide, publish: one process per core.",
    "doctor": "Find what is wrong with this installation, and say the cure.",
    "topics": "Compare and create the topics on Kafka.",
    "policy": "Check, try and publish policies.",
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
    try:
        code = cli.main(prog_name="refundry", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = ExitCode.USAGE
    except click.UsageError as error:
        words = error.ctx.command_path if error.ctx else "refundry"
        click.echo(f"refundry: {error.format_message().rstrip('.')} (see {words} --help)", err=True)
        code = ExitCode.USAGE
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("refundry: interrupted", err=True)
        code = INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us went away; there is nobody to tell
        code = 1
    sys.exit(code or 0)
