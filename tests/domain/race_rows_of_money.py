"""Refunds on their way, or paid, and disputes that come upon them; and one claim that is told in several ways.

Expectations are worked out from the rules of the domain, for an order of 100.00 paid in full.
"""

from tests.domain.events import alert, asked, captured, delivered, dispute, placed
from tests.domain.race_rows import GONE, OURS, SMALL, WAITS
from tests.domain.races import ASKED, BACK, CANCELLED, EARLIER, TAKEN, Later, opened, paid_to, race, settles

CALLED_OFF = {**OURS, "called_off": ("r1",)}
EXPOSED = "exposure.detected 100.00"
IN_FLIGHT = (
    race("opened while it is on its way", ASKED, opened(), left="-100.00", **CALLED_OFF),
    race("opened in part while it is on its way", ASKED, opened("30.00"), left="-30.00", **CALLED_OFF),
    # the request stays approved, and no second instruction follows while the dispute is open
    race("opened, and called off in time", ASKED, opened(), CANCELLED, **CALLED_OFF),
    race(
        "opened, called off in time, and won",
        ASKED,
        opened(),
        CANCELLED,
        dispute("won"),
        alerts=("dispute.closed won 100.00",),
        left="100.00",
        **CALLED_OFF,
    ),
    race("opened and paid all the same", ASKED, opened(), settles(), left="-100.00", **CALLED_OFF),
    race(
        "opened, debited, and paid all the same",
        ASKED,
        opened(),
        TAKEN,
        settles(),
        alerts=(EXPOSED,),
        left="-100.00",
        **CALLED_OFF,
    ),
    race(
        "opened, paid all the same, and debited",
        ASKED,
        opened(),
        settles(),
        TAKEN,
        alerts=(EXPOSED,),
        left="-100.00",
        **CALLED_OFF,
    ),
    race(
        "debited first", ASKED, TAKEN, opened().at(EARLIER), settles(), alerts=(EXPOSED,), left="-100.00", **CALLED_OFF
    ),
)

SETTLED = (
    race("opened after it was paid", ASKED, settles(), opened(), left="-100.00", **OURS),
    race(
        "opened and debited after it was paid",
        ASKED,
        settles(),
        opened(),
        TAKEN,
        alerts=(EXPOSED,),
        left="-100.00",
        **OURS,
    ),
    race(
        "debited after it was paid, opened later",
        ASKED,
        settles(),
        TAKEN,
        opened().at(EARLIER),
        alerts=(EXPOSED,),
        left="-100.00",
        **OURS,
    ),
    race(
        "paid, disputed, and won",
        ASKED,
        settles(),
        opened(),
        TAKEN,
        BACK,
        dispute("won"),
        alerts=(EXPOSED, "dispute.closed won 100.00"),
        **OURS,
    ),
)

DEBIT = (placed(), captured("100.00", kind="bank_debit", order_id="o1"), delivered())
RETURNED = "dispute.closed lost 0.00"
DIRECT_DEBIT = (
    race("after a direct debit came back", opened(), ASKED, before=DEBIT, alerts=(RETURNED,), **GONE),
    race(
        "before a direct debit came back",
        ASKED,
        opened(),
        before=DEBIT,
        alerts=(RETURNED,),
        left="-100.00",
        **CALLED_OFF,
    ),
    race("after a return that came before its capture", opened(), *DEBIT, ASKED, before=(), alerts=(RETURNED,), **GONE),
)

ABOVE = (opened("120.00"), dispute("funds_withdrawn", "120.00"))
ABOVE_THE_CHARGE = (
    race("after a dispute above the charge", ABOVE[0], ASKED, left="-20.00", **WAITS),
    race("after a debit above the charge", *ABOVE, ASKED, alerts=("exposure.detected 20.00",), left="-20.00", **WAITS),
    race(
        "before a debit above the charge",
        ASKED,
        *ABOVE,
        alerts=("exposure.detected 20.00",),
        left="-120.00",
        **CALLED_OFF,
    ),
    race(
        "before a debit above the charge, and paid all the same",
        ASKED,
        *ABOVE,
        settles(),
        alerts=("exposure.detected 20.00", "exposure.detected 120.00"),
        left="-120.00",
        **CALLED_OFF,
    ),
)

CREDITED = {"decided": {"r1": "denied already_credited_by_network"}, "bank_is_handling": 1}
PRE_DISPUTE = {"decided": {"alert:a1": "approved 40.00"}, "instructed": (paid_to("alert:a1", SMALL),)}
ONE_CLAIM = (
    race("credited, then charged back", alert("100.00"), opened(), ASKED, **WAITS),
    race("charged back, then credited", opened(), alert("100.00"), ASKED, **WAITS),
    race("credited twice", alert("100.00", "a1"), alert("100.00", "a2"), ASKED, **CREDITED),
    race("two vendors", alert(SMALL, "a1", "ethoca"), alert(SMALL, "a2", "cdrn"), left="60.00", **PRE_DISPUTE),
    race(
        "two vendors the other way",
        alert(SMALL, "a1", "cdrn"),
        alert(SMALL, "a2", "ethoca"),
        left="60.00",
        **PRE_DISPUTE,
    ),
    race(
        "two vendors, above the limit",
        alert("60.00", "a1", "ethoca"),
        alert("60.00", "a2", "cdrn"),
        decided={},
        alerts=("pre_dispute.action_required",),
        left="100.00",
    ),
    race(
        "the chargeback, then a vendor, above the limit",
        opened("60.00"),
        alert("60.00", "a1", "ethoca"),
        decided={},
        left="40.00",
    ),
    race(
        "two vendors and the chargeback",
        alert(SMALL, "a1", "ethoca"),
        alert(SMALL, "a2", "cdrn"),
        opened(SMALL),
        called_off=("alert:a1",),
        left="20.00",
        **PRE_DISPUTE,
    ),
    race(
        "the chargeback, then two vendors",
        opened(SMALL),
        alert(SMALL, "a1", "ethoca"),
        alert(SMALL, "a2", "cdrn"),
        decided={},
        left="60.00",
    ),
)

OUT_OF_ORDER = (
    race(
        "reinstated before it was opened",
        BACK,
        TAKEN,
        opened().at(EARLIER),
        dispute("won"),
        ASKED,
        alerts=("dispute.closed won 100.00",),
        **OURS,
    ),
    race(
        "reinstated before it was withdrawn",
        opened(),
        BACK,
        TAKEN,
        dispute("won"),
        ASKED,
        alerts=("dispute.closed won 100.00",),
        **OURS,
    ),
    race(
        "won before it was opened",
        ASKED,
        dispute("won"),
        opened().at(EARLIER),
        alerts=("dispute.closed won 100.00",),
        **OURS,
    ),
    race("won and never opened", dispute("won"), Later(4), ASKED, **OURS),
)

AGAIN = asked("r2")
FLIPS = (
    race(
        "lost, then won",
        opened(),
        ASKED,
        dispute("lost"),
        dispute("won"),
        AGAIN,
        alerts=("dispute.closed lost 0.00", "dispute.closed won 100.00"),
        decided={"r1": "denied dispute_lost", "r2": "approved 100.00"},
        instructed=(paid_to("r2"),),
        bank_is_handling=1,
    ),
    race(
        "won, then charged back again",
        opened(),
        dispute("won"),
        ASKED,
        opened(),
        alerts=("dispute.closed won 100.00",),
        left="-100.00",
        **CALLED_OFF,
    ),
    race(
        "won, charged back again, and lost",
        opened(),
        dispute("won"),
        opened(),
        ASKED,
        dispute("lost"),
        alerts=("dispute.closed won 100.00", "dispute.closed lost 0.00"),
        **GONE,
    ),
)

ROWS = {
    "opened while our refund is in flight": IN_FLIGHT,
    "opened after our refund settled": SETTLED,
    "direct-debit return": DIRECT_DEBIT,
    "dispute above the charge": ABOVE_THE_CHARGE,
    "one claim told in several ways": ONE_CLAIM,
    "told out of order": OUT_OF_ORDER,
    "late flips": FLIPS,
}
