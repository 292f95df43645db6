"""The names of a case's timers: what a timer is for and, but for the case's own, whose it is, as in `stuck:<refund>`.

Stored in rows and said in `timer.fired`, in snapshots and as causes: a contract, never renamed. What happens when one
is due is said in `timers.py` and `fold/due.py`, and by what is asked again then (`refunds/answers.py`).
"""

REQUEST = "request"
"""Ends what a request waits for."""
HISTORY = "history"
"""Ends the wait of a request for its customer's history."""
PAY_BY = "pay_by"
"""Warns of the statutory date of a request."""
STUCK = "stuck"
"""Says of a refund that the provider never answered."""
DEADLINE = "dispute"
"""Reminds of a dispute's deadline, and at last ends it."""
OPENING = "opening"
"""Gives up waiting for the opening of a dispute that something else was told of."""
EVIDENCE = "evidence"
"""Ends the wait of an answer by policy for the customer's history."""
REINSTATEMENT = "reinstatement"
"""Ends the wait for the money of a dispute that ended for us: requests that wait for the dispute are asked again."""
ALERT = "alert"
"""Ends the wait of an alert before a chargeback for its order and money."""
RETENTION = "retention"
"""Ends the life of the case, and is called so without anybody's id."""


def request_timer(request_id: str) -> str:
    """Of a request's wait."""
    return f"{REQUEST}:{request_id}"


def history_timer(request_id: str) -> str:
    """Of a request's wait for an answer of the history."""
    return f"{HISTORY}:{request_id}"


def pay_by_timer(request_id: str) -> str:
    """Of a request's statutory date."""
    return f"{PAY_BY}:{request_id}"


def stuck_timer(refund_key: str) -> str:
    """Of a refund's wait for the provider."""
    return f"{STUCK}:{refund_key}"


def deadline_timer(dispute_id: str) -> str:
    """Of a dispute's deadline."""
    return f"{DEADLINE}:{dispute_id}"


def opening_timer(dispute_id: str) -> str:
    """Of a dispute's wait for its opening."""
    return f"{OPENING}:{dispute_id}"


def evidence_timer(dispute_id: str) -> str:
    """Of the wait of an answer by policy."""
    return f"{EVIDENCE}:{dispute_id}"


def reinstatement_timer(dispute_id: str) -> str:
    """Of the wait for a dispute's money."""
    return f"{REINSTATEMENT}:{dispute_id}"


def alert_timer(alert_id: str) -> str:
    """Of an alert's wait."""
    return f"{ALERT}:{alert_id}"


def kind_and_key(name: str) -> tuple[str, str]:
    """A timer's name taken apart: what it is for, and whose it is, empty for the case's own."""
    kind, _, key = name.partition(":")
    return kind, key
