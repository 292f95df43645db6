"""From a form to the event that it says: `review.resolved`, with an id that is the same however often it is sent."""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from app.console.ports import Snapshot
from app.console.subjects import Subject
from app.explaining import shown_money
from topics.currencies import EXPONENTS

EVENT_IDS: Final = "console-"
"""How the ids of our events begin."""
NOTE_MAX: Final = 2000
NOTE_NEEDED: Final = frozenset({"deny", "ask"})
"""What a customer is refused or asked must be understood by whoever looks at it later."""
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{20,64}")
_AMOUNT: Final = re.compile(r"([0-9]{1,13})(?:[.,]([0-9]{1,4}))?")


class MistakenError(Exception):
    """What was typed cannot be sent. Its text says what is expected."""


class Form(NamedTuple):
    """What a form on a subject holds. `token` was drawn when it was made; `version` is that of the case it showed."""

    token: str
    case_id: str
    version: str
    kind: str
    subject_id: str
    revision: str
    verdict: str
    amount: str
    note: str


def new_token() -> str:
    """A token for a form that is about to be shown."""
    return secrets.token_urlsafe(24)


def form_of(posted: Mapping[str, Any]) -> Form:
    """The form that was posted. MistakenError where a field is missing or is no text."""
    fields = {"token": "form", "case_id": "case", "subject_id": "subject"}
    values = [posted.get(fields.get(name, name), "") for name in Form._fields]
    if not all(isinstance(value, str) for value in values):
        raise MistakenError("The form holds something that is no text.")
    form = Form(*values)
    if not _TOKEN.fullmatch(form.token):
        raise MistakenError("The form is not complete. Look at the case again.")
    return form


def event_id_of(form: Form, reviewer_id: str) -> str:
    """The id of the event that a form says: the same form sent twice is one event, one that was changed is another."""
    return EVENT_IDS + blake2b("\x00".join((*form, reviewer_id)).encode(), digest_size=16).hexdigest()


def event_of(form: Form, subject: Subject, snapshot: Snapshot, reviewer_id: str, now: datetime) -> dict[str, Any]:
    """The event that a form says. MistakenError where amount or note are not as they must be."""
    note = form.note.replace("\r\n", "\n").strip()
    if len(note) > NOTE_MAX:
        raise MistakenError(f"The note is too long: at most {NOTE_MAX} characters.")
    if not note and form.verdict in NOTE_NEEDED:
        raise MistakenError("Say in the note why: whoever looks at the case later will ask.")
    amount = _amount(form, subject) if form.verdict == "approve" else None
    event_id = event_id_of(form, reviewer_id)
    event = {
        "event_id": event_id,
        "type": "review.resolved",
        "occurred_at": now.isoformat().replace("+00:00", "Z"),
        "merchant_id": snapshot["merchant_id"],
        "source": "console",
        "order_id": snapshot["order_id"],
        # each verdict is a review of its own, so that the case says which of ours it has heard
        "review_id": event_id,
        "subject": {"kind": form.kind, "id": form.subject_id},
        "verdict": form.verdict,
        "amount": amount,
        "revision": subject.revision,
        "reviewer_id": reviewer_id,
        "note": note or None,
    }
    return {name: value for name, value in event.items() if value is not None}


def _amount(form: Form, subject: Subject) -> dict[str, Any] | None:
    """The amount to be approved; None: what the revision says, all of it."""
    whole = subject.row["amount"]
    if not form.amount.strip():
        return None
    if whole is None:
        raise MistakenError("There is no amount to change: the order is not known.")
    digits = EXPONENTS.get(whole["currency"], 0)
    match = _AMOUNT.fullmatch(form.amount.strip())
    if not match or len(match[2] or "") > digits:
        example = shown_money({"amount_minor": 12 * 10**digits, "currency": whole["currency"]}).partition(" ")[0]
        raise MistakenError(f"The amount is to be a number of {whole['currency']}, like {example}.")
    minor = int(Decimal(f"{match[1]}.{match[2] or 0}").scaleb(digits))
    if not 0 < minor <= whole["amount_minor"]:
        raise MistakenError(f"The amount is to be above zero and at most {shown_money(whole)}; to pay nothing, deny.")
    return None if minor == whole["amount_minor"] else {"amount_minor": minor, "currency": whole["currency"]}
