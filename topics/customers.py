"""What the platform says of a customer across orders."""

from typing import Literal

from topics.envelope import Event, Id


class CustomerErased(Event):
    """The customer is forgotten: `token` takes the place of the id in everything that stays."""

    type: Literal["customer.erased"]
    customer_id: Id
    token: Id
