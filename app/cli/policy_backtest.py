"""`refundry policy backtest`: what other policies would have decided, over the same events."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import click

from agents import Desk
from app.backtest.backtest import Report
from app.backtest.backtest import backtest as run_backtest
from app.backtest.past import READ_WHOLE, TOPICS, read_past
from app.backtest.recorded import Incomplete, Recorded
from app.backtest.relevance import Relevant
from app.cli.backtest_showing import FromKafka, show, show_disputes
from app.cli.kafka import config_of, read_whole, require_topics
from app.cli.options import DIRECTORY, FILE, Moment, config_option, settings_of
from app.cli.replay import progress_of, tell
from app.cli.showing import counted
from app.desk import global_topics
from app.domain.policy import Policies
from app.policies import load
from app.replay import desk_of_a_replay
from app.replay.files import read_texts
from app.replay.lines import Line, read_lines
from app.settings import Settings
from topics.catalogue import POLICIES


class Trial(NamedTuple):
    """The question: which policies against which, with which rates, and until when."""

    settings: Settings
    new: Path
    old: Path | None
    fx: str | None
    until: datetime | None

    def desks(self) -> tuple[Desk, Desk]:
        """Two desks that differ in nothing but policies."""
        before, after = (desk_of_a_replay(self.settings, policies=self.old, fx=self.fx) for _ in range(2))
        after.policies, after.rates = load(self.new), before.rates
        return before, after


@click.command("backtest")
@click.argument("new", type=DIRECTORY)
@click.option("--events", multiple=True, type=FILE, help="Messages as for replay; again for more files.")
@click.option(
    "--from-kafka",
    is_flag=True,
    help="The journal and the inbound topics instead, as far as they are kept: needs --since.",
)
@click.option("--since", type=Moment(), help="With --from-kafka: from the first record at or after this time on.")
@click.option(
    "--old",
    type=DIRECTORY,
    help="Directory of the policies to compare with. Default: POLICY_DIR, else built-in; from Kafka the published.",
)
@click.option("--fx", type=FILE, help="Exchange rates: JSON lines of fx-rates bodies, or the ECB's CSV.")
@click.option("--until", type=Moment(), help="Move the clock on to this time at the end: timers fire until then.")
@click.option(
    "--output", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True, help="For whom."
)
@click.option("--disputes", is_flag=True, help="Show every dispute that ended, in place of the requests.")
@config_option
def backtest(
    *,
    new: Path,
    events: tuple[str, ...],
    from_kafka: bool,
    since: datetime | None,
    old: Path | None,
    fx: str | None,
    until: datetime | None,
    output: str,
    disputes: bool,
    config: Path | None,
) -> None:
    """Decide the same events under the policies in NEW and under the old ones, and show what comes out otherwise.

    Nothing is published. Money is what goes out; it is never summed across currencies. Answers of the provider to
    instructions that a world did not give are passed over in it. Orders that began before what Kafka still has, or
    before --since, are left out and counted.

    Of every dispute that ended it says what each policy advised last, with the expected value, and what really came of
    it. What contesting brings is known only of disputes that were contested: of the others it is unknown.
    """
    if bool(events) == from_kafka:
        raise click.UsageError("expected --events FILE, or --from-kafka")
    if (since is not None) != from_kafka:
        raise click.UsageError("expected --from-kafka and --since together")
    if "-" in events and len(events) > 1:
        raise click.UsageError("expected standard input alone, or files")
    trial = Trial(settings_of(config), new, old, fx, until)
    if since is None:
        desks = trial.desks()
        relevant = None
        if all(Path(file).is_file() for file in events):  # what can be read twice
            with progress_of(events) as progress:
                relevant = Relevant(read_lines(read_texts(events, progress)))
        with progress_of(events) as progress:
            report = _run(trial, desks, read_lines(read_texts(events, progress)), relevant)
        beside = None
    else:
        report, beside = _over_kafka(trial, since)
        _tell(beside, since)
    if disputes:
        show_disputes(report, output)
    else:
        show(report, output, beside)


def _run(trial: Trial, desks: tuple[Desk, Desk], lines: Iterable[Any], relevant: Relevant | None) -> Report:
    return run_backtest(lines, old=desks[0], new=desks[1], relevant=relevant, until=trial.until, on_no_line=tell())


def _over_kafka(trial: Trial, since: datetime) -> tuple[Report, FromKafka]:
    """The past of the installation through both policies. The old ones are those that its workers read."""
    runtime = config_of(trial.settings)
    before, after = trial.desks()
    learn = dict(global_topics(before))
    if trial.old is None:
        before.policies = Policies()
    else:
        del learn[POLICIES]
    require_topics(runtime, (*TOPICS, *READ_WHOLE))
    read_whole(runtime, learn)
    with TemporaryDirectory(prefix="refundry-past-") as scratch, Recorded(Path(scratch)) as recorded:
        with counted("read") as (total, advance):
            past = read_past(runtime, since, recorded, began=total, read=advance)
        left_out = recorded.incomplete() if past.partial else Incomplete(0, 0)
        with counted("decided") as (total, advance):
            total(recorded.count() - left_out.messages)
            relevant = Relevant(recorded.lines(whole_orders=past.partial))
            decided = _passing(recorded.lines(whole_orders=past.partial), advance)
            report = _run(trial, (before, after), decided, relevant)
    return report, FromKafka(past.topics, left_out)


def _passing(lines: Iterable[Line], advance: Callable[[int], Any]) -> Iterator[Line]:
    for line in lines:
        yield line
        advance(1)


def _tell(beside: FromKafka, since: datetime) -> None:
    """On standard error: what retention has taken, and what was left out because of it."""
    for kept in beside.topics:
        if kept.cut:
            rest = f"is kept from {kept.earliest:%Y-%m-%dT%H:%M:%SZ} on" if kept.earliest else "has nothing left"
            click.echo(f"{kept.topic} {rest}: what came before is gone", err=True)
    orders, messages = beside.left_out.orders, beside.left_out.messages
    if orders:
        click.echo(
            f"{orders} orders began before what was read (since {since:%Y-%m-%dT%H:%M:%SZ}); left out with their "
            f"{messages} messages",
            err=True,
        )
