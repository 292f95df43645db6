"""Payment -> order: what `payments` and `disputes` share. An event goes to its order's case, or waits until that is
known.

The rows lie in the partition of the payment, so both topics see the same ones.
"""

from agents.desk import Desk, milliseconds, moment
from agents.intake import journal, journal_headers
from app.domain.links import Held, Link, Route, decode_link, encode_link, is_overfull, learns, links, route
from app.runtime.topology import Message, Refusal, Round, TableSpec
from topics.case_ids import case_id_of
from topics.catalogue import DISPUTES, PAYMENTS
from topics.codec import Received
from topics.journal import unpack

TABLE = "links"
CONFLICT = Refusal(
    "link_conflict",
    "order_id: expected the order to which the payment was linked first; one payment belongs to one order",
    "order_id",
)
MISPLACED = Refusal(
    "wrong_partition",
    "expected the partition that murmur2 gives the key (librdkafka: partitioner=murmur2_random; Java: the default)",
)


def resolve(desk: Desk, message: Message, received: Received, round_: Round) -> None:
    """Sends an event of a payment to its case, or keeps it until the payment has one."""
    if desk.is_misplaced(message.key, message.partition):
        _refuse(desk, message, MISPLACED, round_)
        return
    event = received.event
    headers = journal_headers(message, received)
    if event.payment_id is None:
        round_.publish(journal(case_id_of(event.merchant_id, event.order_id), received.body, headers))
        return
    key = f"{event.merchant_id}/{event.payment_id}"
    table = round_.table(TABLE, message.partition)
    link = table.get(key) or Link()
    where, order_id = route(link, event)
    match where:
        case Route.CONFLICT:
            _refuse(desk, message, CONFLICT, round_)
        case Route.HOLD:
            _hold(desk, link, message, Held(received.body, headers), event.merchant_id)
            if is_overfull(link):
                _give_up(link, event.merchant_id, event.payment_id, round_)
            table.put(key, link, due=_due(link))
        case Route.ALONE:
            round_.publish(journal(case_id_of(event.merchant_id, None, event.payment_id), received.body, headers))
        case Route.ORDER:
            case_id = case_id_of(event.merchant_id, order_id, event.payment_id)
            if learns(link, event):
                _release(link, case_id, round_)
                link.hint = order_id
                link.order_id = event.order_id if links(link, event) else None
                table.put(key, link, due=None)
            round_.publish(journal(case_id, received.body, headers))


def _refuse(desk: Desk, message: Message, refusal: Refusal, round_: Round) -> None:
    round_.refuse(message, refusal)
    desk.results[message.topic, "dead_lettered"] += 1


def _hold(desk: Desk, link: Link, message: Message, held: Held, merchant_id: str) -> None:
    link.held.append(held)
    desk.results[message.topic, "held"] += 1
    if link.wait_until is None:
        at = moment(message.timestamp)
        link.wait_until = at + desk.policies.speaking(merchant_id, at).wait("link")


def _release(link: Link, case_id: str, round_: Round) -> None:
    for held in link.held:
        round_.publish(journal(case_id, held.value, held.headers))
    link.held, link.wait_until = [], None


def _held_since(link: Link) -> int | None:
    return unpack(link.held[0].headers)[0].timestamp if link.held else None


def _due(link: Link) -> int | None:
    return milliseconds(link.wait_until) if link.wait_until else None


def _expire(round_: Round, partition: int, key: str, due: int, now: int) -> None:  # noqa: ARG001 - the table's signature
    """The wait is over: the payment becomes a case of its own, with what waited."""
    table = round_.table(TABLE, partition)
    link = table.get(key)
    assert link is not None
    merchant_id, _, payment_id = key.partition("/")
    _give_up(link, merchant_id, payment_id, round_)
    table.put(key, link, due=None)


def _give_up(link: Link, merchant_id: str, payment_id: str, round_: Round) -> None:
    _release(link, case_id_of(merchant_id, None, payment_id), round_)
    link.alone = True


def table() -> TableSpec[Link]:
    """The table of links."""
    return TableSpec(TABLE, (PAYMENTS, DISPUTES), encode_link, decode_link, _expire, _held_since)
