"""The example messages of Adyen, Stripe and Shopify reach the state that their documentation means by them."""

import copy
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.case import Case, Dispute
from tests.domain.dated import Dated, moment
from tests.domain.events import Said, captured, line, placed
from tests.real.providers import DISPUTE_CODES, STRIPE_STATUSES, of_adyen, of_shopify, of_stripe

FOLDER = Path(__file__).parents[2] / ".." / "shared" / "data" / "providers"
PAYMENT = "pay"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not FOLDER.exists(), reason="the examples of providers are not beside the repository"),
]


def read(provider: str, name: str) -> Any:
    return json.loads((FOLDER / provider / f"{name}.json").read_text())


def adyen(code: str, **changes: Any) -> dict[str, Any]:
    """Adyen's example for a code; for a code without one the example of another with this code."""
    files = [path for path in (FOLDER / "adyen").glob("*.json") if path.name.split("-")[0] == code]
    name = files[0].stem if files else "INFORMATION_SUPPLIED-information_supplied"
    item = copy.deepcopy(read("adyen", name)["notificationItems"][0]["NotificationRequestItem"])
    more = item.get("additionalData", {}) | changes.pop("more", {})
    return item | {"eventCode": code, "pspReference": "dispute", "additionalData": more} | changes


def case_with(events: list[dict[str, Any]], *, currency: str = "EUR", network: str = "visa") -> Case:
    """An order paid the day before, and what the provider said of it at its times, as the door reads it."""
    paid = captured("100.00 " + currency, PAYMENT, network=network)
    story = Dated(start=(moment(events[0]["occurred_at"]) - timedelta(days=1)).isoformat())
    story.given(placed(line("l1", "100.00"), currency=currency), paid)
    for event in events:
        story.until(max(story.now, moment(event["occurred_at"])))
        told = {name: value for name, value in event.items() if value is not None and name != "merchant_id"}
        story.when(Said("disputes", told))
    return story.case


def dispute_of(case: Case) -> Dispute:
    (dispute,) = case.disputes.values()
    return dispute


def course(*items: dict[str, Any]) -> list[dict[str, Any]]:
    """What a row of notifications says, each a day after the one before."""
    events = []
    for day, item in enumerate(items, start=1):
        events += of_adyen(item | {"eventDate": f"2025-05-{day:02}T10:00:00+02:00"}, PAYMENT)
    return events


NOTIFIED = ("NOTIFICATION_OF_CHARGEBACK", "CHARGEBACK")
VISA = {
    "more": {
        "chargebackSchemeCode": "visa",
        "chargebackReasonCode": "13.1",
        "defendable": "true",
        "autoDefended": "false",
        "defensePeriodEndsAt": "2025-07-31T03:03:08+02:00",
    }
}
"""Adyen's examples are of several schemes; one dispute is of one."""


@pytest.mark.parametrize(
    ("codes", "place"),
    [
        (["REQUEST_FOR_INFORMATION"], ("inquiry", "open")),
        (["REQUEST_FOR_INFORMATION", "INFORMATION_SUPPLIED"], ("inquiry", "evidence_submitted")),
        (["NOTIFICATION_OF_CHARGEBACK"], ("chargeback", "open")),
        (["CHARGEBACK"], ("chargeback", "open")),
        (["REQUEST_FOR_INFORMATION", "CHARGEBACK"], ("chargeback", "open")),
        ([*NOTIFIED], ("chargeback", "open")),
        ([*NOTIFIED, "ISSUER_COMMENTS"], ("chargeback", "open")),
        ([*NOTIFIED, "INFORMATION_SUPPLIED"], ("chargeback", "evidence_submitted")),
        ([*NOTIFIED, "DISPUTE_DEFENSE_PERIOD_ENDED"], ("chargeback", "lost")),
        ([*NOTIFIED, "INFORMATION_SUPPLIED", "CHARGEBACK_REVERSED"], ("chargeback", "won")),
        ([*NOTIFIED, "INFORMATION_SUPPLIED", "ISSUER_RESPONSE_TIMEFRAME_EXPIRED"], ("chargeback", "won")),
        ([*NOTIFIED, "INFORMATION_SUPPLIED", "CHARGEBACK_REVERSED", "SECOND_CHARGEBACK"], ("chargeback", "lost")),
        ([*NOTIFIED, "INFORMATION_SUPPLIED", "PREARBITRATION_OPEN"], ("pre_arbitration", "open")),
        ([*NOTIFIED, "INFORMATION_SUPPLIED", "PREARBITRATION_OPEN", "PREARBITRATION_DECLINED"],
         ("pre_arbitration", "evidence_submitted")),
        ([*NOTIFIED, "INFORMATION_SUPPLIED", "PREARBITRATION_OPEN", "PREARBITRATION_ACCEPTED"],
         ("pre_arbitration", "accepted")),
        ([*NOTIFIED, "INFORMATION_SUPPLIED", "PREARBITRATION_OPEN", "PREARBITRATION_ISSUER_WITHDRAWN"],
         ("pre_arbitration", "withdrawn")),
        ([*NOTIFIED, "INFORMATION_SUPPLIED", "PREARBITRATION_OPEN", "PREARBITRATION_WON"], ("pre_arbitration", "won")),
        ([*NOTIFIED, "INFORMATION_SUPPLIED", "PREARBITRATION_OPEN", "PREARBITRATION_LOST"], ("pre_arbitration", "lost")),
        ([*NOTIFIED, "INFORMATION_SUPPLIED", "PREARBITRATION_OPEN", "PREARBITRATION_DECLINED", "SCHEME_ARBITRATION"],
         ("arbitration", "open")),
        ([*NOTIFIED, "INFORMATION_SUPPLIED", "PREARBITRATION_OPEN", "SCHEME_ARBITRATION", "SCHEME_ARBITRATION_WON"],
         ("arbitration", "won")),
        ([*NOTIFIED, "INFORMATION_SUPPLIED", "PREARBITRATION_OPEN", "SCHEME_ARBITRATION", "SCHEME_ARBITRATION_LOST"],
         ("arbitration", "lost")),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)  # fmt: skip
def test_each_code_of_adyen_leads_to_its_state_by_a_way_that_the_network_knows(codes, place):
    case = case_with(course(*(adyen(code, **copy.deepcopy(VISA)) for code in codes)))
    dispute = dispute_of(case)
    assert (dispute.stage, dispute.state) == place
    assert "illegal_transition" not in case.flags


def test_the_codes_of_adyen_are_all_there_and_those_of_its_examples_are_among_them():
    examples = {path.name.split("-")[0] for path in (FOLDER / "adyen").glob("*.json")}
    assert len(DISPUTE_CODES) == 19
    assert {code for code in DISPUTE_CODES if code in examples} == {
        "CHARGEBACK", "CHARGEBACK_REVERSED", "DISPUTE_DEFENSE_PERIOD_ENDED", "INFORMATION_SUPPLIED", "ISSUER_COMMENTS",
        "ISSUER_RESPONSE_TIMEFRAME_EXPIRED", "NOTIFICATION_OF_CHARGEBACK", "NOTIFICATION_OF_FRAUD", "PREARBITRATION_LOST",
        "PREARBITRATION_WON", "REQUEST_FOR_INFORMATION", "SECOND_CHARGEBACK",
    }  # fmt: skip


@pytest.mark.parametrize(("status", "state"), [("Accepted", "accepted"), ("Expired", "expired"), ("Lost", "lost")])
def test_how_a_defence_period_ended_is_in_its_status(status, state):
    ended = adyen("DISPUTE_DEFENSE_PERIOD_ENDED", more={"disputeStatus": status})
    opened = adyen("NOTIFICATION_OF_CHARGEBACK", **copy.deepcopy(VISA))
    assert dispute_of(case_with(course(opened, ended))).state == state


def test_adyen_s_notice_of_fraud_moves_no_money_and_is_no_dispute():
    case = case_with(of_adyen(adyen("NOTIFICATION_OF_FRAUD"), PAYMENT))
    assert not case.disputes
    (report,) = case.fraud_reports.values()
    assert (report.network, report.fraud_type, report.amount_minor) == ("visa", "6", 1000)


def test_adyen_s_chargeback_takes_the_money_its_reversal_gives_it_back_and_a_second_takes_it_again():
    codes = [*NOTIFIED, "INFORMATION_SUPPLIED", "CHARGEBACK_REVERSED", "SECOND_CHARGEBACK"]
    same = {"amount": {"value": 1000, "currency": "EUR"}}
    moved = []
    for known in range(2, len(codes) + 1):
        items = [adyen(code, **copy.deepcopy(VISA)) | same for code in codes[:known]]
        dispute = dispute_of(case_with(course(*items)))
        moved.append((dispute.withdrawn_minor, dispute.reinstated_minor))
    assert moved == [(1000, 0), (1000, 0), (1000, 1000), (2000, 1000)]


def test_what_adyen_says_of_a_claim_is_kept_as_it_says_it():
    dispute = dispute_of(case_with(of_adyen(adyen("NOTIFICATION_OF_CHARGEBACK"), PAYMENT), network="mastercard"))
    assert (dispute.network, dispute.reason_code, dispute.category) == ("mastercard", "4853", "product_unacceptable")
    assert (dispute.defendable, dispute.auto_defended) == (False, True)
    assert dispute.recommendation["action"] == "none"
    assert dispute.respond_by.isoformat() == "2021-07-31T01:03:08+00:00"


@pytest.mark.parametrize(
    ("status", "place"),
    [
        ("warning_needs_response", ("inquiry", "open")),
        ("warning_under_review", ("inquiry", "evidence_submitted")),
        ("warning_closed", ("inquiry", "withdrawn")),
        ("needs_response", ("chargeback", "open")),
        ("under_review", ("chargeback", "evidence_submitted")),
        ("won", ("chargeback", "won")),
        ("lost", ("chargeback", "lost")),
        ("prevented", ("inquiry", "withdrawn")),
    ],
)
def test_each_status_of_stripe_leads_to_its_state(status, place):
    event = read("stripe", "charge.dispute.created")
    event["data"]["object"]["status"] = status
    event["created"] += 86_400
    case = case_with(of_stripe(event, PAYMENT), currency="USD")
    dispute = dispute_of(case)
    assert (dispute.stage, dispute.state) == place
    assert (dispute.category, dispute.amount_minor, dispute.currency) == ("fraudulent", 100, "USD")
    assert "illegal_transition" not in case.flags


def test_every_status_of_stripe_has_its_row():
    (mark,) = [mark for mark in test_each_status_of_stripe_leads_to_its_state.pytestmark if mark.name == "parametrize"]
    assert [status for status, _ in mark.args[1]] == list(STRIPE_STATUSES)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("charge.dispute.created", ("inquiry", "open")),
        ("charge.dispute.updated", ("chargeback", "evidence_submitted")),
        ("charge.dispute.closed", ("chargeback", "won")),
    ],
)
def test_stripe_s_own_examples_lead_to_the_state_they_tell(name, place):
    dispute = dispute_of(case_with(of_stripe(read("stripe", name), PAYMENT), currency="USD"))
    assert (dispute.stage, dispute.state) == place


def test_the_disputes_of_shopify_lead_to_the_state_they_tell():
    found = read("shopify", "disputes")["disputes"]
    reached = [
        (
            str(told["id"]),
            (dispute := dispute_of(case_with(of_shopify(told, PAYMENT), currency="USD"))).stage,
            dispute.state,
        )
        for told in found
    ]
    assert reached == [
        ("1052608616", "chargeback", "won"),
        ("815713555", "chargeback", "open"),
        ("782360659", "chargeback", "won"),
        ("670893524", "inquiry", "open"),
        ("598735659", "chargeback", "open"),
        ("85190714", "chargeback", "evidence_submitted"),
        ("35982383", "chargeback", "open"),
    ]
    assert dispute_of(case_with(of_shopify(found[1], PAYMENT), currency="USD")).amount_minor == 1150
