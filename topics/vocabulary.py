"""Which types of message each topic carries."""

from pydantic import BaseModel

from topics import alerts, case_events, customer_activity, decisions, disputes, instructions, orders, payments
from topics.customers import CustomerErased
from topics.reviews import ReviewResolved

Models = tuple[type[BaseModel], ...]

ORDERS: Models = (
    orders.OrderPlaced,
    orders.OrderAmended,
    orders.OrderFulfilled,
    orders.OrderDelivered,
    orders.OrderCancelled,
    orders.RefundRequested,
    orders.RefundRequestWithdrawn,
    orders.ReturnShipped,
    orders.ReturnReceived,
    orders.SubscriptionCancelled,
    orders.ServiceUsed,
    orders.StoreCreditIssued,
    orders.StoreCreditFailed,
)
PAYMENTS: Models = (
    payments.PaymentAuthorized,
    payments.PaymentCaptured,
    payments.CaptureFailed,
    payments.PaymentVoided,
    payments.PaymentFailed,
    payments.PaymentLinked,
    payments.PaymentSettled,
    payments.RefundSubmitted,
    payments.RefundSucceeded,
    payments.RefundFailed,
    payments.RefundReversed,
    payments.RefundSettled,
)
DISPUTES: Models = (
    disputes.FraudReported,
    disputes.DisputeAlerted,
    disputes.DisputeInquired,
    disputes.DisputeOpened,
    disputes.FundsWithdrawn,
    disputes.FundsReinstated,
    disputes.EvidenceSubmitted,
    disputes.DisputeEscalated,
    disputes.DisputeWon,
    disputes.DisputeLost,
    disputes.DisputeAccepted,
    disputes.DisputeExpired,
    disputes.DisputeWithdrawn,
)
REVIEWS: Models = (ReviewResolved,)

CUSTOMERS: Models = (CustomerErased,)
ACTIVITY: Models = (customer_activity.ActivityRecorded, customer_activity.HistoryAsked, *CUSTOMERS)
JOURNAL: Models = (
    *ORDERS,
    *PAYMENTS,
    *DISPUTES,
    *REVIEWS,
    *CUSTOMERS,
    case_events.TimerFired,
    case_events.HistoryAnswered,
)

DECISIONS: Models = (
    decisions.RefundApproved,
    decisions.RefundDenied,
    decisions.RefundHeld,
    decisions.RefundWithdrawn,
)
REFUNDS: Models = (instructions.RefundExecute, instructions.RefundCancel, instructions.StoreCreditIssue)
ANSWERS: Models = (instructions.DisputeSubmitEvidence, instructions.DisputeAccept)
ALERTS: Models = (
    alerts.DisputeActionRequired,
    alerts.DisputeDeadlineNear,
    alerts.DisputeClosed,
    alerts.DisputeUnmatched,
    alerts.PreDisputeActionRequired,
    alerts.ExposureDetected,
    alerts.PaymentUnlinked,
    alerts.RefundStuck,
    alerts.RefundReturned,
    alerts.RefundPayByNear,
    alerts.ReviewOverdue,
    alerts.ProgrammeThresholdNear,
    alerts.ProgrammeThresholdCrossed,
    alerts.ProgrammeThresholdCleared,
)
