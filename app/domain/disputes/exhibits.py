"""What each item of evidence shows to whoever judges a dispute, and who could give one that is missing."""

from typing import NamedTuple


class Exhibit(NamedTuple):
    """An item as people read it: its title, what it proves, and where it comes from."""

    title: str
    proves: str
    given_by: str


_SHIPPING = "the carrier, by way of order.delivered with its proof"

EXHIBITS: dict[str, Exhibit] = {
    "three_d_secure": Exhibit(
        "3-D Secure authentication",
        "The cardholder was authenticated by their bank, or the liability for fraud lies with it.",
        "the payment side, in `authentication` of payment.authorized or payment.captured",
    ),
    "address_and_cvc_checks": Exhibit(
        "Checks of address and security code",
        "Whoever paid knew the address or the security code that the bank has on file.",
        "the payment side, in `checks` of payment.authorized or payment.captured",
    ),
    "compelling_evidence": Exhibit(
        "Earlier undisputed payments",
        "The same card was used from the same device or address before, and nobody disputed that.",
        "the payment side, in `shopper` of the customer's payments",
    ),
    "proof_of_delivery": Exhibit(
        "Proof of delivery", "The goods arrived, when, and by whom they were taken.", _SHIPPING
    ),
    "delivery_to_checked_address": Exhibit(
        "Delivery to the checked address",
        "The goods arrived at the address that was checked for the card.",
        _SHIPPING + " and `address_match`",
    ),
    "distinct_shipment": Exhibit(
        "A shipment of its own",
        "What looks like a second charge for the same thing is another delivery of other goods.",
        _SHIPPING,
    ),
    "order_description": Exhibit(
        "Description of the order",
        "What was sold, as it was offered and ordered.",
        "the shop platform, in the lines of order.placed",
    ),
    "no_return_attempted": Exhibit(
        "No return was attempted",
        "The customer kept the goods and sent nothing back.",
        "the warehouse: it stands as long as no return.shipped or return.received is told",
    ),
    "use_of_service": Exhibit(
        "Use of the service",
        "The service was used, after the purchase or after it was said to be cancelled.",
        "the shop platform, by way of service.used",
    ),
    "refund_paid": Exhibit(
        "Refund paid",
        "The credit that is asked for was paid: date, amount and reference.",
        "the payment side, by way of refund.succeeded with its reference",
    ),
    "no_credit_due": Exhibit(
        "No credit was due",
        "A refund was asked for and denied, for the reasons that are named.",
        "the decision on the request of this order",
    ),
}
