"""The evidence on a dispute as one document, and as a page that stands alone."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from importlib.resources import files
from typing import Any

import jinja2

from app.cli.failures import ExitCode, Failure
from app.explaining import exhibit_of, shown_money

_MONEY = {"amount_minor", "currency"}
_NAMES = {
    "account_id": "account",
    "cvc": "security code",
    "delivery_address_hash": "delivery address",
    "device_id": "device",
    "ip": "IP address",
    "line_id": "line",
    "payment_id": "payment",
    "sku": "SKU",
    "three_d_secure": "3-D Secure",
}
"""Names of fields as people say them, where blanks for underscores are not enough."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def pack_of(snapshot: dict[str, Any], dispute_id: str) -> dict[str, Any]:
    """The pack of a dispute that the snapshot of its case holds. Failure where the snapshot is too old to hold any."""
    dispute = next(one for one in snapshot["disputes"] if one["dispute_id"] == dispute_id)
    payments = {payment["payment_id"]: payment for payment in snapshot["payments"]}
    named = ("payment_id", "network", "reason_code", "category", "stage", "state", "amount", "opened_at", "respond_by")
    evidence = dispute.get("evidence")
    if evidence is None:
        raise Failure(
            "the last snapshot of this case was written before evidence was kept in it",
            "it comes with the next event of the order",
            code=ExitCode.USAGE,
        )
    return {
        "dispute_id": dispute_id,
        "merchant_id": snapshot["merchant_id"],
        "order_id": snapshot["order_id"],
        "case_id": snapshot["case_id"],
        "case_version": snapshot["version"],
        "as_of": snapshot["occurred_at"],
        **{name: dispute[name] for name in named},
        "recommendation": dispute["recommendation"],
        "compelling_evidence": dispute["compelling_evidence"],
        "payment": payments.get(dispute["payment_id"]),
        "exhibits": [_exhibit(number, item) for number, item in enumerate(evidence["have"], start=1)],
        "missing": [_missing(item) for item in evidence["missing"]],
    }


def _exhibit(number: int, item: Mapping[str, Any]) -> dict[str, Any]:
    said = exhibit_of(item["item"])
    return {"number": number, "item": item["item"], "title": said.title, "proves": said.proves} | {
        name: item[name] for name in ("value", "event_id", "occurred_at")
    }


def _missing(item: str) -> dict[str, Any]:
    said = exhibit_of(item)
    return {"item": item, "title": said.title, "would_prove": said.proves, "given_by": said.given_by}


def page_of(pack: Mapping[str, Any]) -> str:
    """The pack as one HTML page that loads nothing: to be read or printed."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "words": _words,
        "named": _capitalised,
        "money": shown_money,
        "percent": _percent,
        "rows": _rows,
        "columns": _columns,
        "text": _text,
    }
    template = files("app.cli").joinpath("evidence.html.j2").read_text(encoding="utf-8")
    return environment.from_string(template).render(pack=pack)


def _words(name: object) -> str:
    return _NAMES.get(str(name)) or str(name).replace("_", " ")


def _capitalised(name: object) -> str:
    words = _words(name)
    return words[:1].upper() + words[1:]


def _percent(share: str) -> str:
    """A share as people write it: `0.155` is `15.5 %`."""
    return f"{(Decimal(share) * 100).normalize():f} %"


def _rows(value: Any, above: str = "") -> list[tuple[str, str]]:
    """A value in rows of a name and a text, however deep it is."""
    if isinstance(value, Mapping) and value.keys() == _MONEY:
        return [(above or "amount", shown_money(value))]
    if isinstance(value, Mapping):
        return _joined((_named(above, name), inner) for name, inner in value.items())
    if isinstance(value, list) and any(isinstance(inner, Mapping | list) for inner in value):
        return _joined((_named(above, str(number)), inner) for number, inner in enumerate(value, start=1))
    return [(above, _text(value))]


def _columns(value: Any) -> list[str]:
    """The columns of a value that is a table: a list of mappings alike, and flat."""
    if not isinstance(value, list) or not all(
        isinstance(row, Mapping) and row.keys() == value[0].keys() for row in value
    ):
        return []
    flat = not any(isinstance(inner, Mapping | list) for row in value for inner in row.values())
    return list(value[0]) if value and flat else []


def _joined(inner: Iterable[tuple[str, Any]]) -> list[tuple[str, str]]:
    return [row for name, value in inner for row in _rows(value, name)]


def _named(above: str, name: str) -> str:
    return f"{above}, {_words(name)}" if above else _words(name)


def _text(value: Any) -> str:
    match value:
        case None:
            return "not known"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(_words, value))
        case str() if _MOMENT.fullmatch(value):
            return f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M:%S} UTC"
    return str(value)
