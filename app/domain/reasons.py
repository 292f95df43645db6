"""Why a request was approved, denied or held: every code of the contract, what it decides, and the sentence for staff.

The codes are a contract: consumers, policies and stored cases name them. Codes may be added, never renamed or given
another meaning. What customers read about a code stands in the texts of their language, not here.
"""

from enum import StrEnum


class Outcome(StrEnum):
    """What a reason speaks for."""

    APPROVE = "approve"
    DENY = "deny"
    HOLD = "hold"


class ReasonCode(StrEnum):
    """A reason code of a decision, in the contract's order: approvals, denials, holds."""

    WITHIN_POLICY = "within_policy"
    STATUTORY_RIGHT = "statutory_right"
    REVIEW_APPROVED = "review_approved"
    PRE_DISPUTE_REFUND = "pre_dispute_refund"
    ORDER_CANCELLED = "order_cancelled"
    MERCHANT_GOODWILL = "merchant_goodwill"
    OVERPAYMENT = "overpayment"
    REDUCED = "reduced"

    WINDOW_EXPIRED = "window_expired"
    FINAL_SALE = "final_sale"
    NOT_PAID = "not_paid"
    NOTHING_LEFT = "nothing_left"
    EXCEEDS_REFUNDABLE = "exceeds_refundable"
    QUANTITY_EXCEEDED = "quantity_exceeded"
    CURRENCY_MISMATCH = "currency_mismatch"
    EXEMPT_FROM_WITHDRAWAL = "exempt_from_withdrawal"
    WITHDRAWAL_PERIOD_OVER = "withdrawal_period_over"
    ALREADY_CREDITED_BY_NETWORK = "already_credited_by_network"
    DISPUTE_LOST = "dispute_lost"
    DUPLICATE_REQUEST = "duplicate_request"
    REVIEW_DENIED = "review_denied"
    PERIOD_FULLY_USED = "period_fully_used"
    UNKNOWN_LINE = "unknown_line"
    AMOUNT_NOT_POSITIVE = "amount_not_positive"
    EXPECTED_AMOUNT_DIFFERS = "expected_amount_differs"
    ORDER_NOT_RECEIVED_IN_TIME = "order_not_received_in_time"
    RETURN_NOT_RECEIVED = "return_not_received"
    CASE_EXPIRED = "case_expired"

    OVER_AUTO_LIMIT = "over_auto_limit"
    NEEDS_SECOND_REVIEWER = "needs_second_reviewer"
    AWAITING_RETURN = "awaiting_return"
    AWAITING_PAYMENT = "awaiting_payment"
    AWAITING_ORDER = "awaiting_order"
    AWAITING_HISTORY = "awaiting_history"
    DISPUTE_OPEN = "dispute_open"
    VELOCITY = "velocity"
    HIGH_RISK = "high_risk"
    RULE_REVIEW = "rule_review"
    OUTSIDE_REFUND_UNALLOCATED = "outside_refund_unallocated"
    TOTAL_DIFFERS = "total_differs"
    INFORMATION_NEEDED = "information_needed"


_BY_OUTCOME: dict[Outcome, dict[ReasonCode, str]] = {
    Outcome.APPROVE: {
        ReasonCode.WITHIN_POLICY: "The policy allows it.",
        ReasonCode.STATUTORY_RIGHT: "The consumer's statutory right of withdrawal covers it, whatever the policy says.",
        ReasonCode.REVIEW_APPROVED: "A reviewer approved it.",
        ReasonCode.PRE_DISPUTE_REFUND: "It answers a pre-dispute alert and prevents a chargeback.",
        ReasonCode.ORDER_CANCELLED: "What was cancelled of the order is paid back.",
        ReasonCode.MERCHANT_GOODWILL: "The merchant gives it beyond what the rules of the order allow.",
        ReasonCode.OVERPAYMENT: "More was captured than the order costs; no line of the order is used up.",
        ReasonCode.REDUCED: "Less than asked is left, so the amount is what is left.",
    },
    Outcome.DENY: {
        ReasonCode.WINDOW_EXPIRED: "The policy's refund window is over for: {lines}.",
        ReasonCode.FINAL_SALE: "Sold as final sale: {lines}.",
        ReasonCode.NOT_PAID: "No captured payment stands behind it.",
        ReasonCode.NOTHING_LEFT: "All that the request covers has been refunded or approved before.",
        ReasonCode.EXCEEDS_REFUNDABLE: "The amount is more than can be refunded; possible: {possible}.",
        ReasonCode.QUANTITY_EXCEEDED: "More units than were bought or are left of: {lines}.",
        ReasonCode.CURRENCY_MISMATCH: "The request names another currency than that of the order.",
        ReasonCode.EXEMPT_FROM_WITHDRAWAL: "Exempt from withdrawal by law, and the policy's window is over: {lines}.",
        ReasonCode.WITHDRAWAL_PERIOD_OVER: "The statutory period and the policy's window are over: {lines}.",
        ReasonCode.ALREADY_CREDITED_BY_NETWORK: (
            "The network has credited the cardholder already; possible: {possible}."
        ),
        ReasonCode.DISPUTE_LOST: "A dispute gave this amount to the cardholder; possible: {possible}.",
        ReasonCode.DUPLICATE_REQUEST: "Another request for the same is held, and together they exceed what is left.",
        ReasonCode.REVIEW_DENIED: "A reviewer denied it.",
        ReasonCode.PERIOD_FULLY_USED: "No share of the paid period is left.",
        ReasonCode.UNKNOWN_LINE: "Not in the order: {lines}.",
        ReasonCode.AMOUNT_NOT_POSITIVE: "The amount asked for is not above zero.",
        ReasonCode.EXPECTED_AMOUNT_DIFFERS: "By the rules the amount is another one than the request expects.",
        ReasonCode.ORDER_NOT_RECEIVED_IN_TIME: "The order did not arrive within its wait.",
        ReasonCode.RETURN_NOT_RECEIVED: "The goods did not come back within their wait.",
        ReasonCode.CASE_EXPIRED: "The case is past its retention; only its money is still known.",
    },
    Outcome.HOLD: {
        ReasonCode.OVER_AUTO_LIMIT: "The amount is above the limit for automatic approval.",
        ReasonCode.NEEDS_SECOND_REVIEWER: (
            "The amount needs a second reviewer, who is neither the requester nor the first."
        ),
        ReasonCode.AWAITING_RETURN: "The goods are to come back first.",
        ReasonCode.AWAITING_PAYMENT: "The payment is authorised or announced, and not captured in full yet.",
        ReasonCode.AWAITING_ORDER: "The order is not known yet.",
        ReasonCode.AWAITING_HISTORY: "The customer's history was asked for and has not answered yet.",
        ReasonCode.DISPUTE_OPEN: "An open dispute claims the money; paying it too would pay it twice.",
        ReasonCode.VELOCITY: "The customer has sent more requests in the policy's period than it lets pass by itself.",
        ReasonCode.HIGH_RISK: "The payment was rated as a high risk.",
        ReasonCode.RULE_REVIEW: "A rule of the policy sends it to review.",
        ReasonCode.OUTSIDE_REFUND_UNALLOCATED: "A refund made outside does not say what it was for.",
        ReasonCode.TOTAL_DIFFERS: "The order's total is not the sum of its parts.",
        ReasonCode.INFORMATION_NEEDED: "A reviewer asked the customer for more.",
    },
}

OUTCOMES: dict[ReasonCode, Outcome] = {reason: outcome for outcome, rows in _BY_OUTCOME.items() for reason in rows}
"""What each code speaks for. `reduced` stands beside another approval, never alone."""

MESSAGES: dict[ReasonCode, str] = {reason: text for rows in _BY_OUTCOME.values() for reason, text in rows.items()}
"""The English sentence for staff, to be filled with `str.format`: `{lines}` are line ids, `{possible}` is an amount."""
