"""Listens to `customer-activity`: keeps each customer's history, answers questions about it, and tells the cases when a
customer is erased.
"""

from typing import Any

from agents.intake import journal
from agents.saying import encode
from app.domain.customers import Fact, History, decode_history, encode_history
from app.domain.disputes.compelling_evidence import purchase_told
from app.runtime.topology import Agent, Batch, Headers, Round, TableSpec
from topics.catalogue import CUSTOMER_ACTIVITY, CUSTOMERS
from topics.journal import Origin, pack, read_activity, unpack

TABLE = "customers"


def agent() -> Agent:
    """The agent of customers' histories."""

    def handle(batch: Batch, round_: Round) -> None:
        """Adds facts to the customer's history, and answers into the journal what cases ask of it."""
        rows = round_.table(TABLE, batch.partition)
        for message in batch.messages:
            round_.at(message)
            assert message.key is not None
            assert message.value is not None
            key = message.key.decode()
            history = rows.get(key) or History()
            event = read_activity(message.value)
            match event.type:
                case "activity.recorded":
                    _record(history, event, round_)
                case "history.asked":
                    _answer(history, event, message.headers, round_)
                case "customer.erased":
                    for case_id in history.erase(event.token, event.occurred_at):
                        round_.publish(journal(case_id, message.value, _as_it_came(message.headers)))
            rows.put(key, history, due=None)

    return Agent("history", CUSTOMER_ACTIVITY, handle)


def _record(history: History, event: Any, round_: Round) -> None:
    """Keeps a fact. One of a customer who was erased meanwhile is erased in its turn."""
    if history.is_erased(event.occurred_at):
        _tell_erased(history, event, round_)
        return
    is_payment = event.kind == "payment_captured"
    history.remember(
        event.activity_id,
        Fact(
            kind=event.kind,
            at=event.occurred_at,
            case_id=event.case_id,
            request_id=event.request_id,
            payment_id=event.payment_id,
            amount_minor=event.amount.amount_minor if event.amount else None,
            currency=event.amount.currency if event.amount else None,
            purchase=purchase_told(event, captured_at=event.occurred_at) if is_payment else None,
        ),
    )


def _answer(history: History, event: Any, headers: Headers, round_: Round) -> None:
    asking = (event.case_id, event.request_id)
    told = history.answer(
        event.question_id,
        since=event.since,
        as_of=event.as_of,
        asking=asking,
        disputed=event.payment_id,
        until=event.until,
    )
    body = {
        "type": "history.answered",
        "occurred_at": event.as_of,
        "merchant_id": event.merchant_id,
        "question_id": event.question_id,
        "as_of": event.as_of,
        **told,
    }
    round_.publish(journal(event.case_id, encode(body), _as_it_came(headers)))


def _tell_erased(history: History, event: Any, round_: Round) -> None:
    body = {
        # said by the token alone: the id of the fact is a hash over the customer's id, and cases tell their last cause
        "event_id": f"erased:{history.token}"[:128],
        "type": "customer.erased",
        "occurred_at": history.erased_at,
        "merchant_id": event.merchant_id,
        "customer_id": event.customer_id,
        "token": history.token,
    }
    origin = Origin(topic=CUSTOMERS, partition=-1, offset=-1, timestamp=0, fingerprint=b"")
    round_.publish(journal(event.case_id, encode(body), pack(origin, None)))


def _as_it_came(headers: Headers) -> list[tuple[str, bytes]]:
    origin, trace = unpack(headers)
    return pack(origin, trace)


def _expire(round_: Round, partition: int, key: str, due: int, now: int) -> None:
    """Histories have no timers."""
    raise AssertionError((round_, partition, key, due, now))


def table() -> TableSpec[History]:
    """The table of histories."""
    return TableSpec(TABLE, (CUSTOMER_ACTIVITY,), encode_history, decode_history, _expire)
