"""The parts of the demo that need no broker: its figures, its blows, its screens, and what it says in the end."""

import io

import pytest
from click.testing import CliRunner
from rich.console import Console

from app.cli import cli
from app.demo.chaos import Chaos
from app.demo.closing import close, verdict_line
from app.demo.oracle import Figures, Verdict, Violation
from app.demo.pace import Pace
from app.demo.play import Played
from app.demo.read_side import Found
from app.demo.scene import Scene
from app.demo.screen import board
from app.demo.tally import STATES, Tally, shown


def decision(state, *, request="r1", minor=1250, requested=2000, currency="EUR", reasons=("Because.",)):
    money = None if minor is None else {"amount_minor": minor, "currency": currency}
    asked = None if requested is None else {"amount_minor": requested, "currency": currency}
    said = [{"code": "other", "message": text, "rule": "rule"} for text in reasons]
    names = {"merchant_id": "m", "order_id": "o", "request_id": request}
    return {"type": f"refund.{state}", "amount": money, "requested": asked, "reasons": said, **names}


def played(*violations, in_flight=(), differing=()):
    scene = Scene(events=100, seed=1, where="embedded broker", port=9464)
    scene.tally.decided(decision("approved"))
    scene.tally.dead_letters["not_json"] += 2
    return Played(
        Verdict(tuple(violations), Figures(duplicates_absorbed=1234)),
        scene,
        list(in_flight),
        100.0,
        Found(7, differing),
    )


def printed(renderable, *, width, height):
    out = io.StringIO()
    Console(file=out, width=width, height=height, force_terminal=False).print(renderable)
    return out.getvalue()


def test_a_request_is_counted_where_it_was_decided_last():
    tally = Tally()
    for state in ("held", "held", "approved"):
        tally.decided(decision(state))
    tally.decided(decision("denied", request="r2", minor=0))
    assert {state: tally.requests[state] for state in STATES} == {"approved": 1, "held": 0, "denied": 1, "withdrawn": 0}
    assert tally.money_minor["approved", "EUR"] == 1250
    assert tally.money_minor["held", "EUR"] == 0
    assert tally.money_minor["denied", "EUR"] == 2000, "what was asked for"


def test_a_decision_without_money_or_reason_is_put_in_words_as_well():
    words = Tally().decided(decision("held", minor=None, requested=None, reasons=()))
    assert (words.amount, words.why) == ("", "")


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(123450, "GBP", "1,234.50"), (1000, "JPY", "1,000"), (1, "KWD", "0.001"), (-5, "EUR", "-0.05")],
)
def test_amounts_are_written_with_the_decimals_of_their_currency(minor, currency, text):
    assert shown(minor, currency) == text


def test_the_pace_is_measured_from_the_first_message_that_was_finished():
    pace = Pace()
    assert not pace.look(0.0, 0)
    assert pace.look(5.0, 100)
    assert not pace.look(6.0, 100)
    assert pace.look(7.0, 500)
    assert pace.overall == 200
    for second in range(8, 20):
        pace.look(float(second), 500)
    assert pace.overall == 200
    assert pace.lately == 0


class Victim:
    """Dies when it is told to."""

    def __init__(self):
        self.kills = 0

    def kill(self):
        self.kills += 1


@pytest.mark.parametrize(
    ("sent", "waiting", "at_work", "struck"),
    [
        (19, 10, True, False),  # too early
        (20, 10, True, True),
        (20, 10, False, False),  # it has done nothing since it was started
        (20, 0, True, False),  # nothing is in flight
        (20, 1, True, False),  # there may be more in flight soon
        (30, 1, True, True),  # and now it is late enough
    ],
)
def test_a_worker_is_struck_in_the_middle_of_its_work(sent, waiting, at_work, struck):
    victim = Victim()
    chaos = Chaos(victim, 100)
    assert chaos.strike(sent, waiting, at_work=at_work) == struck
    assert victim.kills == struck
    assert chaos.in_flight == ([waiting] if struck else [])


def test_a_day_waits_for_its_blow_but_never_for_ever():
    chaos = Chaos(Victim(), 100)
    assert chaos.limit(25, waiting=5) == 5
    assert chaos.limit(30, waiting=5) == 0
    assert chaos.limit(30, waiting=0) == 10, "where nothing is left to do, more must come"
    for sent in (20, 45, 70):
        assert chaos.strike(sent, 10, at_work=True)
    assert chaos.limit(70, waiting=5) is None


@pytest.mark.parametrize(("width", "height"), [(80, 24), (110, 32), (200, 60)])
def test_the_board_fits_the_screen_however_much_there_is_to_show(width, height):
    scene = Scene(events=15_000, seed=1, where="embedded broker", port=9464, strikes=3, sent=14_999, waiting=1_999)
    scene.rate, scene.shop_time, scene.worker = 12_345.6, "23:59", "123456 at work"
    currencies = ("EUR", "USD", "GBP", "JPY", "KWD", "PLN", "CHF", "CAD", "BRL")
    for number, currency in enumerate(currencies):
        scene.tally.decided(decision("approved", request=f"r{number}", minor=987_654_321, currency=currency))
        scene.tally.dead_letters[f"a_code_of_a_dead_letter_{number}"] += number
    scene.tally.decided(decision("held", request="long", reasons=("A reason that goes on and on. " * 20,)))
    lines = printed(board(scene, width=width, height=height), width=width, height=height).splitlines()
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)
    assert any("9,876,543.21" in line for line in lines)


def test_the_verdict_is_one_line_that_scripts_can_read():
    violation = Violation("P1", "double_approval", "m/o/r", "approved 2 times")
    assert verdict_line(played().verdict) == "0 double refunds, 0 lost, law 1 held; duplicates absorbed: 1,234"
    assert verdict_line(played(violation).verdict).startswith("1 double refunds, 0 lost, law 1 held;")


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("kafka", [False, True])
def test_the_last_words_say_what_the_broker_guarantees(kafka, terminal):
    out = io.StringIO()
    close(Console(file=out, width=200, force_terminal=terminal), played(in_flight=[7]), kafka=kafka, save=None)
    assert ("The embedded broker has no transactions" in out.getvalue()) != kafka
    assert ("Exactly once" in out.getvalue()) == kafka
    assert "with 7 messages in flight" in out.getvalue()


def run_that_ends_as(ended):
    def run(options, screen, told):
        told(ended, None)
        return ended

    return run


def test_a_violation_is_shown_and_ends_the_command_with_its_code(monkeypatch):
    violation = Violation("L1", "approved_beyond_refundable", "m/p", "an approval leaves -1")
    monkeypatch.setattr("app.cli.demo.run", run_that_ends_as(played(violation)))
    result = CliRunner().invoke(cli, ["demo"])
    assert result.exit_code == 6
    assert str(violation) in result.output
    assert "law 1 BROKEN" in result.output


def test_a_read_side_that_differs_is_shown_and_ends_the_command_with_the_same_code(monkeypatch):
    monkeypatch.setattr("app.cli.demo.run", run_that_ends_as(played(differing=("m/o1", "m/o2"))))
    result = CliRunner().invoke(cli, ["demo"])
    assert result.exit_code == 6
    assert "0 double refunds, 0 lost" in result.output
    assert "The read side differs in 2 of 7 cases: m/o1, m/o2" in result.output


@pytest.mark.parametrize("arguments", [["--events", "0"], ["--events", "50001"], ["--port", "70000"], ["--seed", "x"]])
def test_what_cannot_be_played_is_a_matter_of_usage(arguments):
    assert CliRunner().invoke(cli, ["demo", *arguments]).exit_code == 2
