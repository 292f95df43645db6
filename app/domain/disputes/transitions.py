"""The life of a dispute, one table per family of networks: where it may go from where it is.

A place is a stage, a stage with our answer given (`…_answered`), or an end; `new` is one that nobody has told yet.
A move that a row does not name is not how the network works: it is applied as it was told, since the money has moved
whatever the rules say, and marked, because then somebody has misunderstood somebody. What comes late or early is no
such move: it is judged when it is the newest of what its dispute knows, and has an opening.

Acceptance is final for us, not for the networks; ends flip late, and a won dispute can come back.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from app.domain.case import Dispute
from app.domain.disputes.lifecycle import has_ended, opening_moment
from app.domain.disputes.reasons import category_of

Table = Mapping[str, Mapping[str, str]]

NEW = "new"
ANSWERED = "_answered"
ASSIGNED_BY_ALLOCATION = frozenset({"fraudulent", "authorization"})

_ENDS = {"won": "won", "lost": "lost", "withdrawn": "withdrawn"}
_UNANSWERED = {**_ENDS, "accepted": "accepted", "expired": "expired"}
_FLIPS: Table = {
    "lost": {"won": "won", "withdrawn": "withdrawn"},
    "accepted": _ENDS,
    "expired": {**_ENDS, "accepted": "accepted"},  # it was given in to, and both are told
    "withdrawn": {"opened": "chargeback"},
}

_INQUIRED: Table = {
    "inquiry": {"evidence_submitted": "inquiry_answered", "opened": "chargeback", **_UNANSWERED},
    "inquiry_answered": {"opened": "chargeback", **_ENDS},
}

_PRE_ARBITRATION: Table = {
    "pre_arbitration": {
        "evidence_submitted": "pre_arbitration_answered",
        "arbitration": "arbitration",
        **_UNANSWERED,
    },
    "pre_arbitration_answered": {"arbitration": "arbitration", **_ENDS},
    "arbitration": {"evidence_submitted": "arbitration_answered", **_UNANSWERED},
    "arbitration_answered": _ENDS,
}
_GOES_ON = {"pre_arbitration": "pre_arbitration", "arbitration": "arbitration"}

# Fraud and authorisation at Visa: the liability is assigned at once, and our answer is the pre-arbitration.
VISA_ALLOCATION: Table = {
    "new": {"inquired": "inquiry", "opened": "chargeback", "pre_arbitration": "pre_arbitration"},
    **_INQUIRED,
    "chargeback": {"evidence_submitted": "chargeback_answered", "pre_arbitration": "pre_arbitration", **_UNANSWERED},
    "chargeback_answered": {**_GOES_ON, **_ENDS},
    **_PRE_ARBITRATION,
    "won": {"opened": "chargeback", "arbitration": "arbitration", "lost": "lost"},
    **_FLIPS,
    "lost": {**_GOES_ON, **_FLIPS["lost"]},
}

# The other disputes at Visa: we answer, and then the issuer may go on to pre-arbitration.
VISA_COLLABORATION: Table = {
    "new": {"inquired": "inquiry", "opened": "chargeback", "pre_arbitration": "pre_arbitration"},
    **_INQUIRED,
    "chargeback": {"evidence_submitted": "chargeback_answered", **_UNANSWERED},
    "chargeback_answered": {"pre_arbitration": "pre_arbitration", **_ENDS},
    **_PRE_ARBITRATION,
    "won": {"opened": "chargeback", "pre_arbitration": "pre_arbitration", "lost": "lost"},
    **_FLIPS,
    "lost": {"arbitration": "arbitration", **_FLIPS["lost"]},
}

# Mastercard: our answer is the second presentment; the issuer takes it to pre-arbitration and from there to the end.
MASTERCARD: Table = {
    "new": {"inquired": "inquiry", "opened": "chargeback", "pre_arbitration": "pre_arbitration"},
    **_INQUIRED,
    "chargeback": {"evidence_submitted": "chargeback_answered", **_UNANSWERED},
    "chargeback_answered": {"pre_arbitration": "pre_arbitration", **_ENDS},
    **_PRE_ARBITRATION,
    "won": {"opened": "chargeback", "pre_arbitration": "pre_arbitration", "lost": "lost"},
    **_FLIPS,
    "lost": {**_GOES_ON, **_FLIPS["lost"]},
}

# American Express decides itself, and knows no stage beyond the chargeback.
AMEX: Table = {
    "new": {"inquired": "inquiry", "opened": "chargeback"},
    **_INQUIRED,
    "chargeback": {"evidence_submitted": "chargeback_answered", **_UNANSWERED},
    "chargeback_answered": _ENDS,
    "won": {"opened": "chargeback", "lost": "lost"},
    **_FLIPS,
}

# Discover and Diners: an answered dispute can be taken to pre-arbitration by either side, or at once to arbitration.
DISCOVER: Table = {
    "new": {"inquired": "inquiry", "opened": "chargeback", "pre_arbitration": "pre_arbitration"},
    **_INQUIRED,
    "chargeback": {"evidence_submitted": "chargeback_answered", **_UNANSWERED},
    "chargeback_answered": {**_GOES_ON, **_ENDS},
    **_PRE_ARBITRATION,
    "won": {"opened": "chargeback", "pre_arbitration": "pre_arbitration", "lost": "lost"},
    **_FLIPS,
    "lost": {**_GOES_ON, **_FLIPS["lost"]},
}

# Any other network: every way forward, answered or not.
GENERIC: Table = {
    "new": {"inquired": "inquiry", "opened": "chargeback", **_GOES_ON},
    **_INQUIRED,
    "chargeback": {"evidence_submitted": "chargeback_answered", **_GOES_ON, **_UNANSWERED},
    "chargeback_answered": {**_GOES_ON, **_ENDS},
    **_PRE_ARBITRATION,
    "won": {"opened": "chargeback", **_GOES_ON, "lost": "lost"},
    **_FLIPS,
    "lost": {**_GOES_ON, **_FLIPS["lost"]},
}

FAMILIES: Mapping[str, Table] = MappingProxyType(
    {
        "visa_allocation": VISA_ALLOCATION,
        "visa_collaboration": VISA_COLLABORATION,
        "mastercard": MASTERCARD,
        "amex": AMEX,
        "discover": DISCOVER,
        "generic": GENERIC,
    }
)
_BY_NETWORK = {"mastercard": "mastercard", "amex": "amex", "discover": "discover", "diners": "discover"}


class Place(NamedTuple):
    """Where a dispute is, and since when."""

    name: str
    since: datetime | None


def family_of(network: str | None, category: str | None, reason_code: str | None) -> str:
    """Whose table a dispute follows. At Visa the category says which of its two ways it goes."""
    if network == "visa":
        found = category or category_of(network, reason_code)[0]
        return "visa_allocation" if found in ASSIGNED_BY_ALLOCATION else "visa_collaboration"
    return _BY_NETWORK.get(network or "", "generic")


def place_of(dispute: Dispute | None) -> Place:
    """Where a dispute is: `new` as long as nothing has opened it, whatever has been told of it early; and still at its
    stage where only we presume that it expired.
    """
    if dispute is None or dispute.stage_at is None:
        return Place(NEW, None)
    ended_at = dispute.ended_at if has_ended(dispute) else None
    since = max(at for at in (dispute.stage_at, dispute.submitted_at, ended_at) if at is not None)
    if has_ended(dispute):
        return Place(dispute.state, since)
    return Place(dispute.stage + (ANSWERED if dispute.state == "evidence_submitted" else ""), since)


def move_of(event: Any) -> str | None:
    """Which way an event moves its dispute, None where it moves money or nothing at all."""
    what: str = event.type.removeprefix("dispute.")
    if what in ("opened", "escalated"):
        return "opened" if event.stage == "chargeback" else str(event.stage)
    return what if what in MOVES else None


MOVES = frozenset(move for table in FAMILIES.values() for row in table.values() for move in row)
_BEGINS = frozenset(GENERIC[NEW])


def is_stray(before: Place, family: str, event: Any) -> bool:
    """Whether the family knows no such move from where the dispute was.

    Only the newest of what a dispute knows is judged. What says again where it is, or gives more evidence, is no move.
    """
    move, (place, since) = move_of(event), before
    early = place == NEW and move not in _BEGINS
    late = since is not None and opening_moment(event) < since
    if move is None or early or late:
        return False
    stage = place.removesuffix(ANSWERED)
    again = move in (place, stage) or (move, stage) in {("opened", "chargeback"), ("inquired", "inquiry")}
    more = move == "evidence_submitted" and place.endswith(ANSWERED)
    # From a place that the family does not have, it has strayed already: every network's ways lead on.
    known = FAMILIES[family].get(place, GENERIC[place])
    return not again and not more and move not in known
