"""`refundry demo`: the main job on the embedded default, with nothing else installed."""

from contextlib import ExitStack
from pathlib import Path

import click

from app.cli import showing
from app.cli.failures import ExitCode, Failure
from app.cli.options import DIRECTORY, config_option, settings_of
from app.demo.closing import close, invite, verdict_line
from app.demo.failing import DemoFailedError
from app.demo.own_console import OwnConsole
from app.demo.play import Played
from app.demo.run import Options, run
from app.demo.screen import opened
from app.policies import EXAMPLES

EVENTS, EVENTS_MAX = 25_000, 50_000
PORT_MAX = 65_535
HERE = ""  # `--kafka` without an address: where the settings say


@click.command(short_help="Play a shop's day through the real worker, and have it judged.")
@click.option(
    "--events", type=click.IntRange(1, EVENTS_MAX), default=EVENTS, show_default=True, help="Messages of the day."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed is another day.")
@click.option("--chaos", is_flag=True, help="Kill worker and follower (kill -9) in the middle, three times.")
@click.option(
    "--port",
    type=click.IntRange(1, PORT_MAX),
    help="Where the worker's metrics are served on 127.0.0.1. Default: 9464, or a free one.",
)
@click.option(
    "--kafka",
    is_flag=False,
    flag_value=HERE,
    metavar="[HOST:PORT]",
    help="On a real broker, such as that of `make kafka`. Default: KAFKA_BOOTSTRAP_SERVERS.",
)
@click.option("--policies", type=DIRECTORY, help="Directory of policies. Default: POLICY_DIR, else the standard one.")
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Keep inputs and outputs in DIR, for `replay` and `order`.",
)
@click.option("--console", is_flag=True, help="In the end keep the console open on what was left lying, until Ctrl-C.")
@config_option
def command(
    *,
    events: int,
    seed: int,
    chaos: bool,
    port: int | None,
    kafka: str | None,
    policies: Path | None,
    save: Path | None,
    console: bool,
    config: Path | None,
) -> None:
    """Play a shop's day through the real worker, and have it judged by an oracle that shares no code with it.

    Orders, captures, refund requests, returns and chargebacks of three shops, with duplicates, late and poisonous
    messages among them. Without --kafka it needs no broker: one is embedded. Exit code 6 where the oracle finds
    anything wrong.
    """
    settings = settings_of(config)
    options = Options(
        events=events,
        seed=seed,
        policies=policies or settings.policy_dir or EXAMPLES,
        chaos=chaos,
        port=port,
        kafka=settings.kafka_bootstrap_servers if kafka == HERE else kafka,
        security=settings.kafka_security() if kafka is not None else {},
        save=save,
        console=console,
    )
    out, board = showing.console(), ExitStack()

    def told(played: Played, its_console: OwnConsole | None) -> None:
        board.close()
        close(out, played, kafka=kafka is not None, save=save)
        if its_console is not None:
            invite(out, its_console)
        elif console:
            out.print("No console: it shows the read side, and there is none here.")

    try:
        with board:
            played = run(options, board.enter_context(opened(out)), told)
    except DemoFailedError as error:
        raise Failure(error.reason, error.hint, code=error.code, details=error.details) from error
    if not played.verdict.holds:
        raise Failure(verdict_line(played.verdict), "the oracle's findings are above", code=ExitCode.VIOLATED)
    if not played.read_side.holds:
        raise Failure(str(played.read_side), "the outcomes themselves are right", code=ExitCode.VIOLATED)
