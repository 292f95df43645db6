"""Reports over a shop's day come to what the oracle reckons by itself of the events, sharing no code."""

from collections import Counter

import pytest

from app.reports.disputes import DisputeReport
from app.reports.money import MoneyReport
from app.reports.refunds import RefundReport
from app.reports.said import Period
from tests.demo.rehearsal import Rehearsal


class Reported(Rehearsal):
    """A day whose outputs go to reports besides."""

    def __init__(self):
        self.money, self.refunds = MoneyReport(Period()), RefundReport(Period())
        self.disputes = DisputeReport(Period(), None)
        super().__init__()

    def hear(self, output):
        super().hear(output)
        for report in (self.money, self.refunds, self.disputes):
            if output.topic in report.topics:
                report.take(output.topic, output.key, output.value)


@pytest.fixture(scope="module")
def day():
    played = Reported()
    played.verdict = played.play(6_000, 11)
    assert played.verdict.holds, str(played.verdict)
    return played


def test_the_standing_is_what_the_oracle_s_books_say(day):
    trial = day.judge._trial()
    own = Counter()
    for payment in trial.facts.payments.values():
        standing = trial.books.standing(payment)
        for name, minor in (
            ("captured", standing.captured),
            ("refunded", standing.settled),
            ("in_flight", standing.in_flight),
        ):
            own[payment.merchant, payment.currency, name] += minor
    told = Counter(
        {
            (row["merchant_id"], row["currency"], name): row[f"{name}_minor"]
            for row in day.money.document()["standing"]
            for name in ("captured", "refunded", "in_flight")
        }
    )
    assert +told == +own
    assert sum(minor for (*_, name), minor in own.items() if name == "refunded") > 1_000_000


def test_the_books_close_and_the_month_is_the_standing(day):
    document = day.money.document()
    assert document["differences"] == []
    moved, stands = Counter(), Counter()
    for row in document["months"]:
        moved[row["merchant_id"], row["currency"], "captured"] += row["captured_minor"]
        moved[row["merchant_id"], row["currency"], "refunded"] += row["refunded_minor"] + row["store_credit_minor"]
    for row in document["standing"]:
        for name in ("captured", "refunded"):
            stands[row["merchant_id"], row["currency"], name] += row[f"{name}_minor"]
    assert +moved == +stands
    assert all(row["balance_minor"] == 0 for row in document["accounts"] if row["account"] == "all accounts together")


def test_requests_and_approved_money_are_those_that_the_oracle_counted(day):
    document, figures = day.refunds.document(), day.verdict.figures
    outcomes, approved, settled = Counter(), Counter(), Counter()
    for row in document["outcomes"]:
        outcomes[row["outcome"]] += row["requests"]
        if row["outcome"] == "approved":
            approved[row["currency"]] += row["amount_minor"]
            settled[row["currency"]] += row["settled_minor"]
    assert outcomes == figures.outcomes
    assert approved == figures.approved_minor
    assert all(0 < settled[currency] <= approved[currency] for currency in approved)
    assert document["without_beginning"] == 0


def test_disputes_are_those_of_which_the_shop_told(day):
    disputes = {
        (fact.merchant, fact.body["dispute_id"])
        for payment in day.judge._trial().facts.payments.values()
        for fact in payment.claims
        if "dispute_id" in fact.body
    }
    document = day.disputes.document()
    assert sum(row["disputes"] for row in document["disputes"]) == len(disputes) >= 40
    ended = sum(
        row[state] for row in document["results"] for state in ("won", "lost", "withdrawn", "accepted", "expired")
    )
    assert ended == sum(
        row["disputes"] for row in document["disputes"] if row["state"] not in ("open", "evidence_submitted")
    )
