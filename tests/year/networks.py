"""What a card network's disputes look like: reason codes, and the roads that a dispute may take, by family.

Written from the networks' own rules, as a provider tells them; not from the product's tables.
"""

from typing import NamedTuple

FAMILIES = ("visa_allocation", "visa_collaboration", "mastercard", "amex", "discover", "generic")


class Kind(NamedTuple):
    """One way to be disputed: the family of networks, the network as it is told, and a reason code of it."""

    family: str
    network: str
    reason_code: str


KINDS: dict[str, tuple[Kind, ...]] = {
    "visa_allocation": (Kind("visa_allocation", "visa", "10.4"), Kind("visa_allocation", "visa", "11.1")),
    "visa_collaboration": tuple(
        Kind("visa_collaboration", "visa", code) for code in ("13.1", "13.3", "13.2", "13.7", "12.6.1", "12.5")
    ),
    "mastercard": tuple(
        Kind("mastercard", "mastercard", code) for code in ("4837", "4853", "4855", "4834", "4808", "4863")
    ),
    "amex": tuple(Kind("amex", "amex", code) for code in ("F29", "C08", "C31", "P08", "A02")),
    "discover": (
        Kind("discover", "discover", "UA02"),
        Kind("discover", "discover", "RG"),
        Kind("discover", "diners", "RM"),
        Kind("discover", "discover", "DP"),
    ),
    "generic": (Kind("generic", "jcb", "546"), Kind("generic", "unionpay", "4502"), Kind("generic", "elo", "71")),
}

FROM_EVERY_NETWORK: dict[str, str] = {
    "lost unanswered": "opened debited lost",
    "lost and debited late": "opened lost debited",
    "won": "opened debited answered won back",
    "won and the money never back": "opened debited answered won",
    "money back, then won": "opened debited answered back won",
    "partly won": "opened debited answered partly_won half_back",
    "accepted": "opened debited accepted",
    "expired": "opened debited expired",
    "taken back by the cardholder": "opened debited withdrawn back",
    "never debited": "opened withdrawn",
    "an inquiry alone": "inquired answered won",
    "an inquiry that nobody answers": "inquired",
    "an inquiry that becomes a chargeback": "inquired opened debited answered lost",
    "lost, and won late": "opened debited answered lost won back",
    "won, and lost late": "opened debited answered won back debited_again lost",
    "won, and a second chargeback": "opened debited answered won back opened_again debited_again lost",
    "expired, and won late": "opened debited expired won back",
    "accepted, and taken back": "opened debited accepted withdrawn back",
    "still open": "opened debited",
}
_STAGES = "opened debited answered pre_arbitration answered"
BY_FAMILY: dict[str, dict[str, str]] = {
    "visa_allocation": {
        "straight to pre-arbitration": "opened debited pre_arbitration answered won back",
        "to arbitration": "opened debited pre_arbitration arbitration lost",
        "answered and on": f"{_STAGES} arbitration won back",
    },
    "visa_collaboration": {
        "pre-arbitration": f"{_STAGES} won back",
        "to arbitration": f"{_STAGES} arbitration answered lost",
        "won, and pre-arbitration": "opened debited answered won back pre_arbitration debited_again lost",
    },
    "mastercard": {
        "pre-arbitration": f"{_STAGES} lost",
        "to arbitration": f"{_STAGES} arbitration won back",
        "lost, and on": "opened debited answered lost pre_arbitration accepted",
    },
    "amex": {"an answered inquiry": "inquired answered opened debited answered won back"},
    "discover": {
        "pre-arbitration": f"{_STAGES} lost",
        "at once to arbitration": "opened debited answered arbitration won back",
    },
    "generic": {
        "every stage": f"{_STAGES} arbitration answered won back",
        "unanswered to arbitration": "opened debited arbitration lost",
    },
}


def roads(family: str) -> dict[str, list[str]]:
    """All roads of a family's disputes, by name, as the steps of one after the other."""
    every = FROM_EVERY_NETWORK | BY_FAMILY[family]
    return {name: steps.split() for name, steps in every.items()}
