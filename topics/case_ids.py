"""The id of a case: `merchant_id/order_id`, or `merchant_id/~payment_id` of a payment that never found its order.

It is the key of the journal and of what is published by order, and stands in rows and snapshots: never made otherwise.
A merchant's id holds no stroke, and an order's does not begin with `~`, so it comes apart in one way.
"""

_ALONE = "~"


def case_id_of(merchant_id: str, order_id: str | None, payment_id: str | None = None) -> str:
    """The case of an order, or, where that is None, of a payment by itself."""
    return f"{merchant_id}/{order_id}" if order_id is not None else f"{merchant_id}/{_ALONE}{payment_id}"


def merchant_id_of(case_id: str) -> str:
    """Whose case it is."""
    return case_id.partition("/")[0]


def number_of(case_id: str) -> str:
    """Under which number its merchant looks for the case: the order's id, or `~payment_id`."""
    return case_id.partition("/")[2]


def order_id_of(case_id: str) -> str | None:
    """The order; None in the case of a payment by itself."""
    number = number_of(case_id)
    return None if number.startswith(_ALONE) else number
