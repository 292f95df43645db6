"""Ended disputes under two policies: what each would have advised, and what really came of them.

The chances are chosen so that both policies can be worked out by hand: handling and counter fee are 15.00 each.
"""

from pathlib import Path

from app.backtest.backtest import backtest
from app.backtest.disputes import Fee, standings
from app.domain.policy import Policies
from app.policies import load
from tests.backtest.telling import desk, lines, no_line, of_order, policies
from tests.domain.events import captured, dispute, line, money, placed


def terms(chance: str, margin: int = 48) -> str:
    """The terms of a policy: contesting is worth p x (amount + 15.00) - 15.00 - 15.00."""
    costs = "handling_cost: {default: 1500}, counter_fee: {default: 1500}"
    return f"disputes: {{win_probability: {{default: '{chance}'}}, win_adjust: {{}}, {costs}, deadline_margin_hours: {margin}}}\n"


BOLD, TIMID = terms("0.50"), terms("0.10")


def disputed(order_id: str, minor: str, *after, dispute_id: str = "", merchant_id: str = "m1", currency: str = "EUR"):
    """An order that is paid and disputed as a whole, and what came then."""
    told = [dispute("opened", f"{minor} {currency}", category="general", fee=money(f"20.00 {currency}")), *after]
    named = [said.but(dispute_id=dispute_id or f"d-{order_id}") for said in told]
    bought = placed(line("l1", minor, kind="digital"), currency=currency)
    return of_order(order_id, bought, captured(f"{minor} {currency}"), *named, merchant_id=merchant_id)


ANSWERED = dispute("evidence_submitted")
WITHDRAWN_FUNDS = dispute("funds_withdrawn", "100.00")
ENDINGS = (
    disputed("won", "100.00", WITHDRAWN_FUNDS, ANSWERED, dispute("funds_reinstated", "100.00"), dispute("won")),
    disputed("part", "400.00", ANSWERED, dispute("won", "150.00")),
    disputed("lost", "300.00", ANSWERED, dispute("lost")),
    disputed("given", "200.00", dispute("accepted")),
    disputed("late", "500.00", dispute("expired")),
    disputed("small", "20.00", dispute("accepted")),
    disputed("open", "900.00", ANSWERED),
    disputed("again", "900.00", ANSWERED, dispute("won"), dispute("escalated", stage="arbitration")),
)


def book(folder: Path, said: str) -> Policies:
    """A policy with these terms of disputes."""
    policies(folder)
    with (folder / "trial.yaml").open("a") as file:
        file.write(said)
    return load(folder)


def found(tmp_path: Path, *orders, old: str = BOLD, new: str = TIMID):
    books = [book(tmp_path / "old", old), book(tmp_path / "new", new)]
    return backtest(lines(*orders), old=desk(books[0]), new=desk(books[1]), on_no_line=no_line).disputes


ADVISED = {
    # what was disputed: old chance 0.5, new chance 0.1, what came of it, of contesting it, and what came back
    "d-won": ("contest", 2750, "accept", -1850, "won", "won", 10000),
    "d-part": ("contest", 17750, "contest", 1150, "partial", "partial", 15000),
    "d-lost": ("contest", 12750, "contest", 150, "lost", "lost", 0),
    "d-given": ("contest", 7750, "accept", -850, "accepted", "unknown", 0),
    "d-late": ("contest", 22750, "contest", 2150, "expired", "unknown", 0),
    "d-small": ("accept", -1250, "accept", -2650, "accepted", "unknown", 0),
}


def test_every_dispute_that_ended_is_advised_by_both_policies_beside_what_came_of_it(tmp_path):
    told = {
        trial.dispute_id: (
            trial.old_action,
            trial.old_expected_minor,
            trial.new_action,
            trial.new_expected_minor,
            trial.outcome,
            trial.contest_result,
            trial.recovered_minor,
        )
        for trial in found(tmp_path, *ENDINGS)
    }
    assert told == ADVISED


def test_what_was_expected_stands_beside_what_came_back_of_those_that_were_contested(tmp_path):
    old, new = standings(found(tmp_path, *ENDINGS))
    assert (old.policy, old.disputes, old.contested, old.expected_minor) == ("old", 6, 5, 63750)
    assert (old.known, old.known_expected_minor, old.known_recovered_minor) == (3, 33250, 25000)
    assert old.known_fees == (Fee(6000, "EUR"),)
    assert (old.unknown, old.unknown_expected_minor) == (2, 30500)
    assert (old.left_out, old.left_out_recovered_minor) == (0, 0)
    assert (new.policy, new.disputes, new.contested, new.expected_minor) == ("new", 6, 3, 3450)
    assert (new.known, new.known_expected_minor, new.known_recovered_minor) == (2, 1300, 15000)
    assert new.known_fees == (Fee(4000, "EUR"),)
    assert (new.unknown, new.unknown_expected_minor) == (1, 2150)
    assert (new.left_out, new.left_out_recovered_minor) == (1, 10000)


def test_nothing_is_summed_across_merchants_and_currencies(tmp_path):
    trials = found(
        tmp_path,
        disputed("a", "100.00", ANSWERED, dispute("won")),
        disputed("b", "100.00", ANSWERED, dispute("won"), currency="USD"),
        disputed("c", "100.00", ANSWERED, dispute("won"), merchant_id="m2"),
    )
    assert [
        (one.merchant_id, one.currency, one.policy, one.contested, one.known_recovered_minor, one.known_fees)
        for one in standings(trials)
        if one.policy == "old"
    ] == [
        ("m1", "EUR", "old", 1, 10000, (Fee(2000, "EUR"),)),
        ("m1", "USD", "old", 1, 10000, (Fee(2000, "USD"),)),
        ("m2", "EUR", "old", 1, 10000, (Fee(2000, "EUR"),)),
    ]


def test_a_fee_in_another_currency_is_told_beside_and_not_added(tmp_path):
    withdrawn = dispute("funds_withdrawn", "100.00", fee=money("15.00 USD"))
    (trial,) = found(tmp_path, disputed("a", "100.00", withdrawn, ANSWERED, dispute("lost")))
    assert trial.fees == (Fee(2000, "EUR"), Fee(1500, "USD"))
    assert standings([trial])[0].known_fees == (Fee(2000, "EUR"), Fee(1500, "USD"))


def test_a_dispute_that_only_the_new_policy_lets_expire_has_not_ended(tmp_path):
    waiting = disputed("a", "100.00")
    later = of_order("z", placed().at("2026-01-19T00:00:00Z"))
    # an unknown network answers within 14 days: 16 January less the margin
    assert found(tmp_path / "none", waiting, later, old=terms("0.50", 0), new=terms("0.50", 96)) == []
    (trial,) = found(tmp_path / "some", waiting, later, old=terms("0.50", 96), new=terms("0.50", 0))
    assert (trial.outcome, trial.contest_result, trial.old_action) == ("expired", "unknown", "contest")
