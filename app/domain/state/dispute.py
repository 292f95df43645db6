"""What cardholders and their banks contest."""

from datetime import datetime
from typing import Any

import msgspec

from app.domain.state.order import Proof


class Fee(msgspec.Struct, array_like=True, gc=False):
    """A fee, in its own currency."""

    amount_minor: int
    currency: str


class CompellingEvidence(msgspec.Struct, array_like=True, gc=False):
    """What the customer's earlier payments come to under the network's rule: the payments, each with its capture; the
    fields that are equal in all of them; and what is short.
    """

    status: str
    priors: dict[str, Proof] = {}
    matches: list[str] = []
    missing: list[str] = []


class Tally(msgspec.Struct, array_like=True, gc=False):
    """As what a dispute was counted for the monitoring programmes, so that just that can be taken back."""

    network: str
    at: datetime
    amount_minor: int
    currency: str
    category: str | None
    reason_code: str | None
    in_store: bool


class Dispute(msgspec.Struct, array_like=True, gc=False):
    """A claim of the cardholder and the movements of money in it.

    `question`: the last one to the customer's history. `won_minor`: what the network says was won, where a part was.
    `claimed_at`: of when the opening is whose claim stands. `stage_at`: when the stage began, from which deadlines
    count; `heard_from`: from when on what happens is about that stage, earlier where its stated beginning lay ahead.
    `charged`: the stages whose opening has cost its fee, each with the event that told it. `expiry_told`: the provider
    itself said that it expired. `shown`, `about`: what the newest alert showed, and what it asked about, to tell if
    the next says anything new.
    """

    dispute_id: str
    payment_id: str
    stage: str = "inquiry"
    state: str = "open"
    opened: bool = False
    known_at: datetime | None = None
    opened_at: datetime | None = None
    ended_at: datetime | None = None
    amount_minor: int = 0
    currency: str = ""
    withdrawn_minor: int = 0
    reinstated_minor: int = 0
    movements: dict[str, int] = {}
    fees: list[Fee] = []
    network: str | None = None
    reason_code: str | None = None
    category: str | None = None
    defendable: bool = True
    auto_defended: bool = False
    respond_by: datetime | None = None
    deadline_source: str | None = None
    revision: int = 0
    recommendation: dict[str, Any] | None = None
    closed: list[str] = []
    flags: list[str] = []
    answer: str | None = None
    counted: bool = False
    stage_at: datetime | None = None
    shown: list[str] = []
    reported: bool = False
    submitted_at: datetime | None = None
    question: str | None = None
    question_answered: bool = False
    compelling: CompellingEvidence | None = None
    won_minor: int | None = None
    claimed_at: datetime | None = None
    heard_from: datetime | None = None
    about: list[str] = []
    expiry_told: bool = False
    charged: dict[str, str] = {}
    counted_as: Tally | None = None


class PreDispute(msgspec.Struct, array_like=True, gc=False):
    """An alert that a chargeback is coming, or that the network has already paid the cardholder.

    `verdict`: what a person said of it, before it arrived or since. `asked`: a person was asked to answer it.
    """

    alert_id: str
    payment_id: str
    amount_minor: int
    currency: str
    source: str
    alerted_at: datetime
    already_credited: bool = False
    network: str | None = None
    expires_at: datetime | None = None
    verdict: str | None = None
    asked: bool = False


class FraudReport(msgspec.Struct, array_like=True, gc=False):
    """A cardholder's bank reported fraud; no money moved."""

    report_id: str
    payment_id: str
    reported_at: datetime
    amount_minor: int | None = None
    network: str | None = None
    fraud_type: str | None = None
    counted: bool = False
