"""The envelope of what we say, and the parts of it that are ours alone. Closed: nothing undescribed slips out."""

from typing import Annotated, Literal, Self

from annotated_types import MaxLen, MinLen
from pydantic import BaseModel, ConfigDict, model_validator

from topics.envelope import Currency, Id, MerchantId, MinorUnits, Time, TimerName

RequestId = Annotated[str, MinLen(1), MaxLen(len("alert:") + 128)]
"""The id of a request: the asker's, or `alert:<alert_id>` where we ask ourselves."""


class Published(BaseModel):
    """A part of what we say: closed, so that a field that nobody described cannot slip out."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        json_schema_serialization_defaults_required=True,
    )

    def check(self) -> None:
        """Raises `Misfit` where the fields do not fit together."""

    @model_validator(mode="after")
    def _checked(self) -> Self:
        self.check()
        return self


class PublishedMoney(Published):
    """An amount in the minor unit of its currency."""

    amount_minor: MinorUnits
    currency: Currency


class EventCause(Published):
    """The inbound event that made us say it."""

    topic: Literal["orders", "payments", "disputes", "reviews", "customers"]
    event_id: Id


class TimerCause(Published):
    """The timer that made us say it."""

    timer: TimerName


class Statement(Published):
    """The envelope of what goes out. `id` is the consumer's dedupe key, `occurred_at` the event time of the cause."""

    id: Id
    schema_version: Literal[1] = 1
    occurred_at: Time
    merchant_id: MerchantId
    cause: EventCause | TimerCause
    order_id: Id | None = None
    customer_id: Id | None = None
