"""An order's body: lines with taxes and discounts, delivery, and what it all comes to."""

from random import Random
from typing import Any

from app.demo.shop.assortment import ARTICLES, Market

LINES = (1, 2, 3, 3, 3, 3, 4, 5)
QUANTITIES = (1, 1, 1, 1, 2, 2, 3, 6)
Body = dict[str, Any]


def basket(rng: Random, market: Market) -> Body:
    """The fields of `order.placed` that say what is bought; `total_minor` is what the customer pays."""
    lines = [_line(rng, market, n + 1) for n in range(rng.choice(LINES))]
    shipping = [_delivery(rng, market)] if rng.random() < 0.6 else []
    bare = sum(line["amount_minor"] - line["discount_minor"] for line in lines)
    discount = bare * rng.choice((5, 10)) // 100 if rng.random() < 0.1 else 0
    tip = market.price[0] // 3 if rng.random() < 0.01 else 0
    total = sum(_charged(item, market) for item in (*lines, *shipping)) - discount + tip
    return {
        "country": market.country,
        "locale": market.locale,
        "currency": market.currency,
        "channel": "online" if rng.random() < 0.94 else "phone",
        "prices_include_tax": market.prices_include_tax,
        "lines": lines,
        "shipping": shipping,
        "order_discount_minor": discount,
        "tip_minor": tip,
        "total_minor": total,
    }


def added_line(rng: Random, market: Market, body: Body) -> Body:
    """The order once more, with one line more."""
    line = _line(rng, market, len(body["lines"]) + 1)
    return {**body, "lines": [*body["lines"], line], "total_minor": body["total_minor"] + _charged(line, market)}


def charged(item: Body, *, included: bool) -> int:
    """What a line or a delivery costs by itself: its own discount, taxes and duties counted."""
    taxes = 0 if included else sum(tax["amount_minor"] for tax in item["taxes"])
    price: int = item["amount_minor"] - item["discount_minor"]
    return price + taxes + int(item.get("duties_minor", 0))


def _charged(item: Body, market: Market) -> int:
    return charged(item, included=market.prices_include_tax)


def _line(rng: Random, market: Market, number: int) -> Body:
    article, quantity = rng.choice(ARTICLES), rng.choice(QUANTITIES)
    amount = rng.randint(*market.price) * quantity
    discount = amount * rng.choice((10, 15, 30)) // 100 if rng.random() < 0.15 else 0
    line = {
        "line_id": f"l{number}",
        "sku": f"{article.category}-{rng.randint(100, 999)}",
        "title": article.name,
        "category": article.category,
        "kind": article.kind,
        "quantity": quantity,
        "amount_minor": amount,
        "discount_minor": discount,
        "taxes": _taxes(market, amount - discount),
    }
    if rng.random() < 0.03:
        line["final_sale"] = True
    if article.kind == "physical" and rng.random() < 0.02:
        line["duties_minor"] = amount // 20
    return line


def _delivery(rng: Random, market: Market) -> Body:
    amount = market.price[0] + rng.randint(0, market.price[0])
    return {"shipping_id": "s1", "amount_minor": amount, "discount_minor": 0, "taxes": _taxes(market, amount)}


def _taxes(market: Market, price: int) -> list[Body]:
    """Each tax of the market, rounded half up by itself: inside the price, or on top of it."""
    whole = 10_000 + (sum(rate for _, rate in market.taxes) if market.prices_include_tax else 0)
    return [{"code": code, "amount_minor": (2 * price * rate + whole) // (2 * whole)} for code, rate in market.taxes]
