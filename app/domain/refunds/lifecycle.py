"""The life of a refund after its approval, as a table.

`approved` has an instruction and no answer yet. Failed and reversed refunds count nothing: the money is refundable
again. A state that is not in a row of the table ignores the event: it is late or says what is known already.
"""

IN_FLIGHT = frozenset({"approved", "submitted"})
SETTLED = frozenset({"succeeded"})
NOTHING = frozenset({"failed", "reversed"})

TRANSITIONS: dict[str, dict[str, str]] = {
    "approved": {"submitted": "submitted", "succeeded": "succeeded", "failed": "failed", "reversed": "reversed"},
    "submitted": {"succeeded": "succeeded", "failed": "failed", "reversed": "reversed"},
    "succeeded": {"failed": "reversed", "reversed": "reversed"},
    "failed": {"succeeded": "succeeded"},
    "reversed": {"succeeded": "succeeded"},
}

STATES = frozenset(TRANSITIONS)


def after(status: str, event: str) -> str:
    """The state after `submitted`, `succeeded`, `failed` or `reversed`; the same one where that changes nothing."""
    return TRANSITIONS[status].get(event, status)
