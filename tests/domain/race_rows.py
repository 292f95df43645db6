"""Refunds and disputes at the same time: each state of a dispute, and a refund asked for after it and before it.

Expectations are worked out from the rules of the domain, for an order of 100.00 paid in full.
"""

from tests.domain.events import alert, amount, asked, dispute, fraud_reported, verdict
from tests.domain.races import ASKED, BACK, CANCELLED, EARLIER, TAKEN, Later, Race, opened, paid_to, race, settles

ALL = {"r1": "approved 100.00"}
OURS = {"decided": ALL, "instructed": (paid_to("r1"),)}
WAITS = {"decided": {"r1": "held dispute_open"}, "bank_is_handling": 1}
GONE = {"decided": {"r1": "denied dispute_lost"}, "bank_is_handling": 1}
REST = {"decided": {"r1": "approved 70.00 reduced"}, "instructed": (paid_to("r1", "70.00"),)}

FRAUD_REPORT = (
    race("after a fraud report", fraud_reported(), ASKED, **OURS),
    race("before a fraud report", ASKED, fraud_reported(), **OURS),
)

SMALL, LARGE = "40.00", "60.00"  # the policy pays 50.00 by itself
TO_A_PERSON = "pre_dispute.action_required"
ALERT = (
    race(
        "after an alert that the policy pays",
        alert(SMALL, source="ethoca"),
        ASKED,
        decided={"alert:a1": "approved 40.00", "r1": "approved 60.00 reduced"},
        instructed=(paid_to("alert:a1", SMALL), paid_to("r1", "60.00")),
    ),
    race(
        "before an alert that the policy pays",
        asked(scope=amount("30.00")),
        alert(SMALL, source="cdrn"),
        decided={"alert:a1": "approved 40.00", "r1": "approved 30.00"},
        instructed=(paid_to("r1", "30.00"), paid_to("alert:a1", SMALL)),
        left="30.00",
    ),
    race(
        "before an alert for which nothing is left", ASKED, alert(SMALL, source="ethoca"), alerts=(TO_A_PERSON,), **OURS
    ),
    race("after an alert above the limit", alert(LARGE, source="cdrn"), ASKED, alerts=(TO_A_PERSON,), **OURS),
    race("before an alert above the limit", ASKED, alert(LARGE, source="cdrn"), alerts=(TO_A_PERSON,), **OURS),
)

CREDITED = {"r1": "denied already_credited_by_network"}
CREDIT = (
    # the customer is told that the bank is returning the money
    race("after a credit of all", alert("100.00"), ASKED, decided=CREDITED, bank_is_handling=1),
    race("after a credit of a part", alert("30.00"), ASKED, **REST),
    race(
        "after a credit of a part, for more than the rest",
        alert("30.00"),
        asked(scope=amount("70.01")),
        decided=CREDITED,
        bank_is_handling=1,
        left="70.00",
    ),
    race("before a credit of all", ASKED, alert("100.00"), called_off=("r1",), left="-100.00", **OURS),
    race(
        "before a credit of all, and called off in time", ASKED, alert("100.00"), CANCELLED, called_off=("r1",), **OURS
    ),
    race(
        "before a credit of all, and paid all the same",
        ASKED,
        alert("100.00"),
        settles(),
        called_off=("r1",),
        alerts=("exposure.detected 100.00",),
        left="-100.00",
        **OURS,
    ),
    race(
        "before a credit that leaves enough",
        asked(scope=amount("30.00")),
        alert("30.00"),
        decided={"r1": "approved 30.00"},
        instructed=(paid_to("r1", "30.00"),),
        left="40.00",
    ),
)

INQUIRY = (
    race("after an inquiry", dispute("inquired", "100.00"), ASKED, **OURS),
    race("before an inquiry", ASKED, dispute("inquired", "100.00"), **OURS),
)

REVIEWED = verdict("approve")
CHARGEBACK = (
    race("after a chargeback of all", opened(), ASKED, **WAITS),
    race("after a chargeback of all, debited", opened(), TAKEN, ASKED, **WAITS),
    race("after a debit whose opening comes later", TAKEN, ASKED, opened().at(EARLIER), **WAITS),
    race("after a chargeback of a part", opened("30.00"), ASKED, **REST),
    race(
        "after a chargeback of a part, for exactly the rest",
        opened("30.00"),
        asked(scope=amount("70.00")),
        decided={"r1": "approved 70.00"},
        instructed=(paid_to("r1", "70.00"),),
    ),
    race(
        "after a chargeback of a part, for more", opened("30.00"), asked(scope=amount("70.01")), left="70.00", **WAITS
    ),
    race(
        "after a chargeback of a part, for more than was paid",
        opened("30.00"),
        asked(scope=amount("100.01")),
        decided={"r1": "denied exceeds_refundable"},
        left="70.00",
    ),
    race("before a chargeback of all, for review", ASKED, opened(), REVIEWED, limit="50.00", **WAITS),
    race("before a chargeback of a part, for review", ASKED, opened("30.00"), REVIEWED, limit="50.00", **REST),
)


def ended(what: str) -> tuple[Race, ...]:
    """The dispute has ended against us."""
    end, closed = dispute(what), (f"dispute.closed {what} 0.00",)
    for_more = asked(scope=amount("80.00"))
    return (
        race(f"after it was {what}", opened(), end, ASKED, alerts=closed, **GONE),
        race(f"after a part was {what}", opened("30.00"), end, ASKED, alerts=closed, **REST),
        race(f"after a part was {what}, for more", opened("30.00"), end, for_more, alerts=closed, left="70.00", **GONE),
        race(f"before it was {what}", opened(), ASKED, end, alerts=closed, **GONE),
        race(f"before a part was {what}", opened("30.00"), ASKED, end, alerts=closed, **REST),
        race(
            f"before a part was {what}, for more", opened("30.00"), for_more, end, alerts=closed, left="70.00", **GONE
        ),
        race(f"after it was {what} before it was opened", end, opened().at(EARLIER), ASKED, alerts=closed, **GONE),
    )


LOST = tuple(one for what in ("lost", "accepted", "expired") for one in ended(what))


def given_back(what: str) -> tuple[Race, ...]:
    """The dispute has ended for us."""
    end, closed = dispute(what), (f"dispute.closed {what} 100.00",)
    return (
        race(f"after it was {what}", opened(), end, ASKED, alerts=closed, **OURS),
        race(f"after it was {what} and reinstated", opened(), TAKEN, end, BACK, ASKED, alerts=closed, **OURS),
        race(f"after it was {what}, money not back yet", opened(), TAKEN, end, ASKED, alerts=closed, **WAITS),
        race(
            f"after it was {what}, money not back within a week",
            opened(),
            TAKEN,
            end,
            ASKED,
            Later(8),
            alerts=closed,
            decided={"r1": "denied nothing_left"},
            bank_is_handling=1,
        ),
        race(
            f"after it was {what}, above the limit",
            opened(),
            end,
            ASKED,
            limit="50.00",
            alerts=closed,
            decided={"r1": "held over_auto_limit"},
            left="100.00",
        ),
        race(f"before it was {what}", opened(), ASKED, end, alerts=closed, bank_is_handling=1, **OURS),
        race(
            f"before it was {what} and reinstated",
            opened(),
            TAKEN,
            ASKED,
            end,
            BACK,
            alerts=closed,
            bank_is_handling=1,
            **OURS,
        ),
        race(
            f"before it was {what}, reinstated first",
            opened(),
            TAKEN,
            ASKED,
            BACK,
            end,
            alerts=closed,
            bank_is_handling=1,
            **OURS,
        ),
        race(
            f"before it was {what}, above the limit",
            opened(),
            ASKED,
            end,
            limit="50.00",
            alerts=closed,
            decided={"r1": "held over_auto_limit"},
            bank_is_handling=1,
            left="100.00",
        ),
        race(f"after it was {what} before it was opened", end, opened().at(EARLIER), ASKED, alerts=closed, **OURS),
    )


WON = (*given_back("won"), *given_back("withdrawn"))

ROWS = {
    "fraud report only": FRAUD_REPORT,
    "alert within its window": ALERT,
    "alert already credited": CREDIT,
    "inquiry": INQUIRY,
    "chargeback opened": CHARGEBACK,
    "lost, accepted, expired": LOST,
    "won, reinstated, withdrawn": WON,
}
