"""Messages that must be refused: bytes of every bad kind, and events that contradict what was said before.

Each recipe takes a good body and gives bytes (or None: no body), the key, and the codes of which one is right. Good
bodies are of orders that nothing else belongs to, so poison touches nobody's money, whatever became of it.
"""

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from app.demo.shop.messages import Body, encode

LIMIT_BYTES = 512 * 1024


class Draught(NamedTuple):
    """A poisonous message. `codes`: the contract's codes that fit."""

    topic: str
    key: str | None
    value: bytes | None
    codes: tuple[str, ...]


Recipe = Callable[[Random, Body], Draught]


def draught(rng: Random, number: int, merchant_id: str, occurred_at: str) -> Draught:
    """Some poison, by its share of `RECIPES`."""
    body = {
        "event_id": f"bad-{number:07d}",
        "type": "payment.captured",
        "occurred_at": occurred_at,
        "merchant_id": merchant_id,
        "payment_id": f"bad-p-{number:07d}",
        "order_id": f"bad-o-{number:07d}",
        "amount": {"amount_minor": 1000, "currency": "EUR"},
        "method": {"kind": "card", "network": "visa"},
    }
    (recipe,) = rng.choices(list(RECIPES), list(RECIPES.values()))
    return recipe(rng, body)


def contradiction(body: Body, kind: str) -> Draught:
    """What contradicts a capture that was sent: its identity with other content, its amount, or its order."""
    minor, currency = body["amount"]["amount_minor"] + 1, body["amount"]["currency"]
    more = {"amount": {"amount_minor": minor, "currency": currency}}
    if kind == "identity":
        return _payment({**body, **more}, "id_conflict")
    if kind == "capture":
        return _payment({**body, **more, "event_id": f"{body['event_id']}-other"}, "id_conflict")
    names = ("occurred_at", "merchant_id", "payment_id")
    linked = {name: body[name] for name in names} | {"type": "payment.linked", "order_id": f"{body['order_id']}-other"}
    return _payment({**linked, "event_id": f"{body['event_id']}-linked"}, "link_conflict")


CONTRADICTIONS = ("identity", "capture", "link")


def _payment(body: Body, *codes: str, value: bytes | None = None) -> Draught:
    return Draught("payments", body.get("payment_id", "bad-p"), encode(body) if value is None else value, codes)


def _raw(value: bytes | None, *codes: str) -> Recipe:
    return lambda _, body: Draught("orders", body["order_id"], value, codes)


def _field(path: str, value: Any, *codes: str) -> Recipe:
    """A good capture but for one field, in dots."""

    def recipe(_: Random, body: Body) -> Draught:
        *parents, last = path.split(".")
        node = body
        for name in parents:
            node[name] = dict(node[name])
            node = node[name]
        node[last] = value
        return _payment(body, *(codes or ("invalid_field",)))

    return recipe


def _without(name: str, *codes: str) -> Recipe:
    def recipe(_: Random, body: Body) -> Draught:
        key = body["payment_id"]
        del body[name]
        return Draught("payments", key, encode(body), codes or ("invalid_field",))

    return recipe


def _literal(text: bytes, *codes: str) -> Recipe:
    """A number that no encoder writes."""
    return lambda _, body: _payment(body, *codes, value=encode(body).replace(b"1000", text, 1))


def _truncated(rng: Random, body: Body) -> Draught:
    whole = encode(body)
    return _payment(body, "not_json", value=whole[: rng.randrange(1, len(whole))])


def _too_large(_: Random, body: Body) -> Draught:
    return _payment({**body, "note": "x" * LIMIT_BYTES}, "too_large")


def _foreign_key(_: Random, body: Body) -> Draught:
    return Draught("payments", f"{body['payment_id']}-other", encode(body), ("key_mismatch",))


def _no_key(_: Random, body: Body) -> Draught:
    return Draught("payments", None, encode(body), ("key_mismatch",))


def _bom(_: Random, body: Body) -> Draught:
    return _payment(body, "not_json", value=b"\xef\xbb\xbf" + encode(body))


def _bad_utf8(_: Random, body: Body) -> Draught:
    return _payment(body, "not_json", value=encode(body).replace(b"visa", b"vi\xff\xfe", 1))


def _surrogate(_: Random, body: Body) -> Draught:
    return _payment(body, "not_json", value=encode(body).replace(b"visa", b"\\ud800", 1))


def _no_lines(_: Random, body: Body) -> Draught:
    order = {name: body[name] for name in ("event_id", "occurred_at", "merchant_id", "order_id")}
    order |= {"type": "order.placed", "currency": "EUR", "lines": []}
    return Draught("orders", body["order_id"], encode(order), ("invalid_field",))


RECIPES: dict[Recipe, int] = {
    _truncated: 12,
    _raw(b"", "not_json"): 4,
    _raw(None, "not_json"): 4,
    _raw(b"hello, world", "not_json"): 4,
    _bom: 3,
    _bad_utf8: 3,
    _surrogate: 3,
    _literal(b"NaN", "not_json"): 3,
    _literal(b"-Infinity", "not_json"): 3,
    _raw(b"[]", "invalid_field"): 3,
    _raw(b"42", "invalid_field"): 3,
    _raw(b"null", "invalid_field"): 3,
    _raw(b"[" * 5000 + b"]" * 5000, "too_deep"): 2,
    _too_large: 1,
    _field("amount.amount_minor", "1000"): 6,
    _literal(b"1000.0", "invalid_field"): 5,
    _literal(b"true", "invalid_field"): 3,
    _literal(b"9007199254740992", "invalid_field"): 3,
    _literal(b"1e999999", "invalid_field", "not_json"): 2,
    _field("occurred_at", "2026-03-02"): 3,
    _field("occurred_at", "2026-03-02T12:00:00"): 3,
    _field("merchant_id", "a/b"): 3,
    _field("event_id", "x" * 129): 3,
    _field("type", "payment.exploded", "unknown_type"): 8,
    _field("amount.currency", "ZZZ", "unknown_currency"): 5,
    _field("amount.currency", "XAU", "unknown_currency"): 3,
    _without("event_id"): 3,
    _without("type", "invalid_field", "unknown_type"): 3,
    _without("amount"): 3,
    _no_lines: 3,
    _foreign_key: 6,
    _no_key: 4,
}
"""How often each kind is poured, of all of them together; the large one seldom, it is half a megabyte."""
