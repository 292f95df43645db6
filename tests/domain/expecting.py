"""What a story expects to be recorded: a kind of record and the parts of it that matter."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from app.domain.records import Alerted, Booked, Cancelled, Decided, Executed, Record, Refused, Told
from tests.domain.events import minor

CONTRACTED = (Alerted, Booked, Cancelled, Decided, Executed, Refused, Told)


@dataclass(frozen=True)
class Expected:
    """A kind of record, and parts of it by name as `parts_of` gives them."""

    kind: type
    parts: dict[str, Any]

    def fits(self, record: Record) -> bool:
        if not isinstance(record, self.kind):
            return False
        found = parts_of(record)
        return all(found.get(name) == value for name, value in self.parts.items())

    def __str__(self) -> str:
        return f"{self.kind.__name__}{self.parts}"


def parts_of(record: Record) -> dict[str, Any]:
    """The parts of a record that tests speak of."""
    match record:
        case Decided():
            codes = [reason.code for reason in record.reasons]
            return {name: getattr(record, name) for name in record.__struct_fields__} | {
                "codes": codes,
                "code": codes[0] if codes else None,
                "reduced": "reduced" in codes,
                "lines": {r.line_id: r.gross_minor for r in record.rows if r.component == "line"},
                "shipping": sum(r.gross_minor for r in record.rows if r.component == "shipping"),
                "duties": sum(r.gross_minor for r in record.rows if r.component == "duties"),
                "tip": sum(r.gross_minor for r in record.rows if r.component == "tip"),
                "overpayment": sum(r.gross_minor for r in record.rows if r.component == "overpayment"),
                "goodwill": sum(r.gross_minor for r in record.rows if r.component == "goodwill"),
                "fees": {r.fee: -r.gross_minor for r in record.rows if r.component == "fee"},
                "net": sum(r.net_minor for r in record.rows),
                "taxes": [t for t in taxes_of(record).values() if t],
                "paid": {(t.payment_id, t.kind): t.amount_minor for t in record.tenders},
            }
        case Alerted():
            return {"type": record.type} | record.body
        case _:
            return {name: getattr(record, name) for name in record.__struct_fields__}


def taxes_of(decided: Decided) -> dict[str, int]:
    """Each tax of a decision, over all rows."""
    by_code: dict[str, int] = {}
    for row in decided.rows:
        for tax in row.taxes:
            by_code[tax.code] = by_code.get(tax.code, 0) + tax.amount_minor
    return by_code


def say(records: Iterable[Record]) -> list[str]:
    """Records in a line each, for people."""
    told = []
    for record in records:
        match record:
            case Decided():
                reasons = [r.code for r in record.reasons]
                told.append(
                    f"{record.outcome} {record.request_id} {record.amount_minor}/{record.refundable_minor} {reasons}"
                )
            case Alerted():
                told.append(f"{record.type} {record.body}")
            case _ if isinstance(record, CONTRACTED):
                told.append(repr(record))
            case _:
                told.append(type(record).__name__)
    return told


def approved(amount: str, code: str | None = None, **parts: Any) -> Expected:
    return Expected(Decided, {"outcome": "approved", "amount_minor": minor(amount)} | named(code) | parts)


def denied(code: str, possible: str | None = None, **parts: Any) -> Expected:
    left = {} if possible is None else {"refundable_minor": minor(possible)}
    return Expected(Decided, {"outcome": "denied", "code": code} | left | parts)


def held(code: str, amount: str | None = None, **parts: Any) -> Expected:
    would_be = {} if amount is None else {"amount_minor": minor(amount)}
    return Expected(Decided, {"outcome": "held", "code": code} | would_be | parts)


def taken_back(request_id: str = "r1") -> Expected:
    return Expected(Decided, {"outcome": "withdrawn", "request_id": request_id})


def decided(**parts: Any) -> Expected:
    return Expected(Decided, parts)


def instructed(amount: str | None = None, **parts: Any) -> Expected:
    return Expected(Executed, ({} if amount is None else {"amount_minor": minor(amount)}) | parts)


def called_off(**parts: Any) -> Expected:
    return Expected(Cancelled, parts)


def alerted(type_: str, **body: Any) -> Expected:
    return Expected(Alerted, {"type": type_} | body)


def booked(kind: str, amount: str | None = None, **parts: Any) -> Expected:
    return Expected(Booked, {"kind": kind} | ({} if amount is None else {"amount_minor": minor(amount)}) | parts)


def told(template: str, **parts: Any) -> Expected:
    return Expected(Told, {"template": template} | parts)


def refused(code: str, **parts: Any) -> Expected:
    return Expected(Refused, {"code": code} | parts)


def named(code: str | None) -> dict[str, Any]:
    return {} if code is None else {"code": code}
