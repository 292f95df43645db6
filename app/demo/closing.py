"""The last words of a demo: what the oracle found, what that is worth, and what to try next."""

import os
import shutil
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from app.demo.keeping import INPUTS, OUTPUTS
from app.demo.oracle import Verdict
from app.demo.own_console import USERS, OwnConsole
from app.demo.play import Played
from app.demo.scene import Scene
from app.demo.screen import dead_letters_table, decisions_table

CURRENCIES_MAX, CODES_MAX = 20, 20
VIOLATIONS_MAX = 20
PANEL_WIDTH_MAX = 120


def close(console: Console, played: Played, *, kafka: bool, save: Path | None) -> None:
    """Prints all of it. Where there was no terminal, the tables too: there was no board."""
    if not console.is_terminal:
        console.print()
        console.print(decisions_table(played.scene.tally, currencies_max=CURRENCIES_MAX))
        console.print()
        console.print(dead_letters_table(played.scene.tally, rows_max=CODES_MAX))
    console.print()
    console.print(Text(CAPTION, style="dim"))
    console.print()
    findings = _findings(played, kafka=kafka)
    if console.is_terminal:
        style = "green" if played.verdict.holds and played.read_side.holds else "red"
        title = "the verdict of the oracle"
        width = min(console.width, PANEL_WIDTH_MAX)
        console.print(
            Panel(findings, title=title, title_align="left", border_style=style, box=box.ROUNDED, width=width)
        )
    else:
        console.print(findings)
    console.print()
    for line in _next(played, kafka=kafka, save=save):
        console.print(line, soft_wrap=True)  # a command that is broken in two cannot be copied


def invite(console: Console, its_console: OwnConsole) -> None:
    """Says how to get into the console that stays open."""
    console.print()
    console.print(Text(f"The console is open: {its_console.address}", style="bold"))
    for name, role in USERS.items():
        console.print(f"  {name} ({role.value}), password {its_console.password}", soft_wrap=True)
    console.print(
        "What the demo's staff left lying waits there. Its provider is gone, so nothing is paid. Ctrl-C ends it."
    )


CAPTION = "approved: what is paid back; held: what would be; denied and withdrawn: what was asked for"


def verdict_line(verdict: Verdict) -> str:
    """The verdict in one line, which scripts may read."""
    law = "held" if verdict.law_held else "BROKEN"
    absorbed = verdict.figures.duplicates_absorbed
    return (
        f"{verdict.double_refunds} double refunds, {verdict.lost} lost, law 1 {law}; duplicates absorbed: {absorbed:,}"
    )


def _findings(played: Played, *, kafka: bool) -> RenderableType:
    verdict, scene = played.verdict, played.scene
    figures = verdict.figures
    lines = [Text(verdict_line(verdict), style="bold green" if verdict.holds else "bold red")]
    if verdict.holds:
        lines.append(Text("Nothing wrong under any of its rules. It shares no code with what it judges."))
    else:
        lines.append(Text(f"{len(verdict.violations)} violations:", style="red"))
        lines += [Text(f"  {violation}") for violation in verdict.violations[:VIOLATIONS_MAX]]
        if (more := len(verdict.violations) - VIOLATIONS_MAX) > 0:
            lines.append(Text(f"  and {more} more"))
    lines.append(Text())
    read = f"It read {figures.inputs:,} inputs ({figures.late:,} of them late) and {figures.outputs.total():,} outputs"
    judged = f"{figures.approvals_judged:,} approvals, {figures.lines_judged:,} lines paid back"
    lines.append(Text(f"{read}; {judged}, {figures.payments_judged:,} payments reckoned by hand."))
    lines.append(Text(str(played.read_side), style="" if played.read_side.holds else "bold red"))
    lines += [Text(line) for line in _circumstances(played, scene, kafka=kafka)]
    return Group(*lines)


def _circumstances(played: Played, scene: Scene, *, kafka: bool) -> Iterator[str]:
    first = f"first decision after {scene.first_decision_s:.1f} s" if scene.first_decision_s is not None else ""
    speed = f"{played.messages_per_second:,.0f} messages/s with shop, broker, reader and judge on this machine"
    yield f"{scene.seconds:.1f} s in all; {first}; {speed}."
    if played.in_flight:
        flights = ", ".join(f"{count:,}" for count in played.in_flight)
        yield f"kill -9 of the worker {len(played.in_flight)} times, with {flights} messages in flight."
    repeated = played.verdict.figures.outputs_repeated
    if not kafka:
        yield (
            "The embedded broker has no transactions: the worker writes, then commits its offsets. After a crash "
            f"records may come again, under the same ids ({repeated:,} did). Real Kafka has transactions: --kafka."
        )
    elif not repeated:
        yield "Exactly once: outputs, state and offsets of a round are one transaction; nothing was committed twice."


def _next(played: Played, *, kafka: bool, save: Path | None) -> Iterator[Text]:
    yield Text("What to try next", style="bold")
    for command, what in _suggestions(played, kafka=kafka, save=save):
        yield Text(f"  {what}:")
        yield Text(f"    {command}", style="bold cyan")


def _suggestions(played: Played, *, kafka: bool, save: Path | None) -> Iterator[tuple[str, str]]:
    refundry = _program()
    if not played.in_flight:
        yield f"{refundry} demo --chaos", "kill the worker in the middle (-9), for the same verdict"
    if not kafka:
        yield "make kafka", "start a real Kafka on this machine, in another terminal"
        yield f"{refundry} demo --kafka", "play the day there, exactly once"
    if save is None:
        what = "keep inputs and outputs, for `order explain`, `find` and `replay`"
        yield f"{refundry} demo --save day", what
        return
    if played.scene.tally.last:
        last = played.scene.tally.last[-1]
        order = f"{last.order_id} --merchant {last.merchant_id}"
        yield f"{refundry} order explain {order} --snapshots {save / OUTPUTS}", "see why an order was decided as it was"
    if number := played.scene.payment_id:
        yield f"{refundry} find {number} --snapshots {save / OUTPUTS}", "find the case of a payment, or of any number"
    yield f"{refundry} replay {save / INPUTS} --out again.jsonl", "decide the same inputs again, without any broker"


def _program() -> str:
    """How to call the command from here."""
    script = Path(sysconfig.get_path("scripts"), "refundry")
    if shutil.which("refundry") or not script.exists():
        return "refundry"
    return os.path.relpath(script) if script.is_relative_to(Path.cwd()) else str(script)
