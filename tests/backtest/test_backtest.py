"""The same events under two books of policies: what flips, with how much money, and what a world must not hear."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.backtest.backtest import backtest
from app.backtest.comparison import UNDECIDED, Comparison, compare
from app.backtest.world import Decision, Key, Money, Reason, World
from app.domain.ids import derive
from app.policies import load
from app.replay.files import Text
from app.replay.lines import read_lines
from tests.backtest.telling import START, desk, lines, no_line, of_order, policies
from tests.domain.events import amount, asked, captured, line, placed, refund

GIFT = "  - {name: gifts, when: \"'gift_card' in request.kinds\", then: review, reason: rule_review}\n"
RATE = {"base": "EUR", "quote": "USD", "rate": "1.1", "as_of": "2026-01-01", "source": "ecb"}
NEVER = '  - {name: never, when: "request.amount_minor < 0", then: deny, reason: final_sale}\n'
LARGE = '  - {name: large, when: "request.amount_minor > 6000", then: deny, reason: final_sale}\n'


def paid(order_id: str, *more, kind: str = "digital", merchant_id: str = "m1", minor: str = "100.00"):
    bought = placed(line("l1", minor, kind=kind))
    return of_order(order_id, bought, captured(minor), asked(), *more, merchant_id=merchant_id)


def compared(tmp_path, *orders, new: str = "", old: str = "") -> Comparison:
    books = [policies(tmp_path / name, rules) for name, rules in (("old", old), ("new", new))]
    return backtest(lines(*orders), old=desk(books[0]), new=desk(books[1]), on_no_line=no_line).comparison


def test_a_rule_that_is_never_met_flips_nothing(tmp_path):
    found = compared(tmp_path, paid("a"), paid("b", kind="gift_card"), new=NEVER)
    assert (found.requests, found.flips, found.shifts()) == (2, [], [])
    (total,) = found.totals()
    assert (total.currency, total.old_paid_minor, total.new_paid_minor, total.difference_minor) == (
        "EUR",
        20000,
        20000,
        0,
    )


def test_a_flip_names_both_outcomes_their_reasons_and_the_money(tmp_path):
    (flip,) = compared(tmp_path, paid("a"), paid("b", kind="gift_card"), new=GIFT).flips
    assert (flip.merchant_id, flip.order_id, flip.request_id, flip.currency) == ("m1", "b", "r1", "EUR")
    assert (flip.old_outcome, flip.old_reason, flip.old_paid_minor) == ("approved", "within_policy", 10000)
    assert (flip.new_outcome, flip.new_reason, flip.new_rule, flip.new_paid_minor) == (
        "held",
        "rule_review",
        "gifts",
        0,
    )
    assert flip.difference_minor == -10000


def test_flips_are_summed_by_merchant_outcome_and_reason(tmp_path):
    orders = [paid("a"), paid("b"), paid("c", merchant_id="m2"), paid("d", minor="10.00")]
    shifts = compared(tmp_path, *orders, new=LARGE).shifts()
    assert [
        (s.merchant_id, s.new_outcome, s.new_reason, s.new_rule, s.requests, s.difference_minor) for s in shifts
    ] == [
        ("m1", "denied", "final_sale", "large", 2, -20000),
        ("m2", "denied", "final_sale", "large", 1, -10000),
    ]


def test_another_reason_for_the_same_outcome_and_money_is_counted_and_is_no_flip(tmp_path):
    named = '  - {name: gifts, when: "true", then: approve, reason: merchant_goodwill}\n'
    found = compared(tmp_path, paid("a"), new=named)
    assert (found.flips, found.reasons_changed) == ([], 1)


def test_an_answer_to_an_instruction_that_a_world_never_gave_is_passed_over_in_it(tmp_path):
    instruction = derive("ins", "m1/a", "r1", "p-a", "original")
    told = paid(
        "a",
        refund("submitted", "100.00", instruction_id=instruction, refund_id="x1"),
        refund("succeeded", "100.00", refund_id="x1"),
        kind="gift_card",
    )
    books = [policies(tmp_path / "old"), policies(tmp_path / "new", GIFT)]
    report = backtest(lines(told), old=desk(books[0]), new=desk(books[1]), on_no_line=no_line)
    (flip,) = report.comparison.flips
    assert (flip.old_paid_minor, flip.new_paid_minor, report.passed_over) == (10000, 0, 2)


def test_events_of_a_merchant_for_whom_nothing_changes_are_passed_over(tmp_path):
    other = "policy: own\nversion: 1\neffective_from: 2010-01-01T00:00:00Z\nmerchants: [m2]\nrules:\n"
    for name in ("old", "new"):
        policies(tmp_path / name)
    (tmp_path / "new" / "own.yaml").write_text(other + LARGE)
    books = [load(tmp_path / name) for name in ("old", "new")]
    orders = (paid("a"), paid("b", merchant_id="m2"), [("fx-rates", RATE)])
    report = backtest(lines(*orders), old=desk(books[0]), new=desk(books[1]), on_no_line=no_line)
    assert (report.events, report.unaffected, report.comparison.requests) == (7, 3, 1)
    assert [flip.merchant_id for flip in report.comparison.flips] == ["m2"]


def test_a_version_that_speaks_from_the_middle_on_flips_only_what_is_asked_after_its_start(tmp_path):
    policies(tmp_path / "old")
    policies(tmp_path / "new")
    second = (tmp_path / "new" / "trial.yaml").read_text().replace("version: 1", "version: 2")
    since = (START + timedelta(minutes=4)).isoformat()
    (tmp_path / "new" / "second.yaml").write_text(second.replace("2010-01-01T00:00:00Z", since) + "rules:\n" + LARGE)
    books = [load(tmp_path / name) for name in ("old", "new")]
    report = backtest(lines(paid("a"), paid("b")), old=desk(books[0]), new=desk(books[1]), on_no_line=no_line)
    assert [(flip.order_id, flip.new_rule) for flip in report.comparison.flips] == [("b", "large")]


def test_a_refund_made_outside_is_heard_in_every_world(tmp_path):
    told = of_order(
        "a", placed(), captured("100.00"), refund("succeeded", "40.00", refund_id="out"), asked("r1", amount("70.00"))
    )
    world = World(desk(policies(tmp_path / "p")), scratch=tmp_path)
    for one in lines(told):
        world.hear(one)
    (decision,) = world.finish().values()
    assert (decision.outcome, decision.code, world.passed_over) == ("denied", "exceeds_refundable", 0)


def test_a_rule_about_the_customer_sees_the_requests_on_other_orders_and_money_that_went_out(tmp_path):
    rules = (
        '  - {name: often, when: "customer.requests_in_window >= 2", then: deny, reason: final_sale}\n'
        '  - {name: much, when: "customer.refunded_minor_in_window > 9000", then: review, reason: velocity}\n'
    )
    world = World(desk(policies(tmp_path / "p", rules)), scratch=tmp_path)
    orders = [
        of_order(
            name, placed(line("l1", "100.00", kind="digital"), customer_id="c1"), captured("100.00"), asked(f"r-{name}")
        )
        for name in "abc"
    ]
    guest = of_order("d", placed(), captured("100.00"), asked())
    for one in lines(*orders, guest):
        world.hear(one)
    told = {key.order_id: (said.outcome, said.reasons[0].rule) for key, said in world.finish().items()}
    assert told == {
        "a": ("approved", "within_policy"),
        "b": ("held", "much"),
        "c": ("denied", "often"),
        "d": ("approved", "within_policy"),
    }


def test_what_is_no_message_is_told_and_counted(tmp_path):
    told = []
    broken = read_lines([Text("here", 1, b"{")])
    report = backtest(broken, old=desk(), new=desk(), on_no_line=told.append)
    assert (report.events, report.no_lines, [one.place for one in told]) == (0, 1, ["here:1"])


def decision(outcome: str, minor: int, currency: str, code: str = "x") -> Decision:
    return Decision(f"refund.{outcome}", "m", "o", "r", 1, Money(minor, currency), (Reason(code, "rule"),))


@pytest.mark.parametrize(
    ("old", "new", "flips"),
    [
        (("approved", 5), ("approved", 5), 0),
        (("approved", 5), ("approved", 4), 1),
        (("approved", 5), ("denied", 0), 1),
        (("denied", 0), ("held", 0), 1),
        (("held", 5), ("held", 4), 0),
        (("approved", 5), None, 1),
        (None, ("approved", 5), 1),
    ],
)
def test_a_flip_is_another_outcome_or_another_amount_paid(old, new, flips):
    key = Key("m", "o", "r")
    before, after = ({key: decision(*one, "EUR")} if one else {} for one in (old, new))
    found = compare(before, after)
    assert len(found.flips) == flips
    if old is None:
        assert found.flips[0].old_outcome == UNDECIDED


SAID = st.builds(
    decision,
    st.sampled_from(["approved", "denied", "held", "withdrawn"]),
    st.integers(0, 1000),
    st.sampled_from(["EUR", "JPY"]),
    st.sampled_from(["a", "b"]),
)
COURSE = st.dictionaries(
    st.builds(Key, st.sampled_from(["m1", "m2"]), st.sampled_from("op"), st.sampled_from("rst")), SAID
)


@settings(max_examples=200)
@given(COURSE, COURSE)
def test_every_cent_between_the_two_totals_stands_in_a_shift(old, new):
    found = compare(old, new)
    assert found.requests == len(old.keys() | new.keys())
    assert sum(shift.requests for shift in found.shifts()) == len(found.flips)
    by_key: Counter[tuple[str, Key]] = Counter()
    for factor, course in ((-1, old), (1, new)):
        for key, said in course.items():
            by_key[said.amount.currency, key] += factor * said.paid_minor
    for total in found.totals():
        assert total.difference_minor == sum(
            minor for (currency, _), minor in by_key.items() if currency == total.currency
        )
