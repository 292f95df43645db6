"""What customers are told, ready to be sent: once per case, template and settled fact."""

from typing import Annotated, Any, Literal

from annotated_types import MaxLen, MinLen

from topics.envelope import Id, Locale, Misfit, Time
from topics.published import PublishedMoney, RequestId, Statement

Template = Literal[
    "refund_acknowledged",
    "refund_approved",
    "refund_denied",
    "refund_withdrawn",
    "refund_information_needed",
    "refund_return_needed",
    "refund_sent",
    "refund_completed",
    "refund_delayed",
    "refund_failed",
    "store_credit_issued",
    "dispute_bank_is_handling",
    "subscription_cancelled",
]
SpokenLocale = Literal["en", "de", "fr", "es", "pt", "nl", "pl", "ja"]


class CustomerNotification(Statement):
    """A text in the customer's language; `data` holds the same facts raw. Not to be sent after `expires_at`."""

    type: Literal["customer.notification"]
    notification_id: Id
    template: Template
    requested_locale: Locale
    locale: SpokenLocale
    subject: Annotated[str, MinLen(1), MaxLen(1000)]
    body: Annotated[str, MinLen(1)]
    amount: PublishedMoney | None = None
    data: dict[str, Any]
    request_id: RequestId | None = None
    dispute_id: Id | None = None
    expires_at: Time

    def check(self) -> None:
        """The notification is called like its message."""
        if self.notification_id != self.id:
            raise Misfit("notification_id", "the same as id")
