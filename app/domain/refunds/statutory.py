"""The consumer's right of withdrawal from a distance contract, where the law gives one.

It overrides the window, final sale and fees of the policy, never the laws of money. Countries, periods and holidays are
data; a country that is not in the table gives no right.

Periods count calendar days in the consumer's time zone: the day of the event does not count, the last day ends at its
midnight, and in the EU one that is no working day runs to the end of the next one (Regulation 1182/71, article 3).
"""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import msgspec

from app.domain.case import Case, Line, Order
from app.domain.money import half_up
from app.domain.returns import shown_at
from app.domain.tables import table

REASONS = frozenset({"statutory_withdrawal", "changed_mind"})
AT_A_DISTANCE = frozenset({"online", "phone", "marketplace"})
GOODS = frozenset({"physical", "gift_card"})
SATURDAY = 5


class Law(msgspec.Struct, frozen=True):
    """What a country's law says, with the country's main time zone."""

    days: int
    not_informed_months: int
    pay_days: int
    pay_from: str
    working_day: bool
    country: str
    timezone: str


def law_of(order: Order) -> Law | None:
    """The law that reaches the contract: a consumer, at a distance, in a country of the table. None: no right."""
    if order.country is None or order.business_buyer or order.channel not in AT_A_DISTANCE:
        return None
    return _law_in(order.country)


@cache  # at most as many as there are countries: the door lets no other codes in
def _law_in(country: str) -> Law | None:
    rows = table("withdrawal_rights")
    row = rows["countries"].get(country)
    return Law(**rows["laws"][row["law"]], country=country, timezone=row["timezone"]) if row else None


def zone_of(order: Order, law: Law) -> ZoneInfo:
    """The consumer's time zone: the order's, else that of the country."""
    return ZoneInfo(order.timezone or law.timezone)


def timezone_of(order: Order) -> str | None:
    """The name of the time zone in which the customer reads dates: the order's, else that of the country, where the
    table has it.
    """
    law = _law_in(order.country) if order.country else None
    return order.timezone or (law.timezone if law else None)


def withdrawable(case: Case, order: Order, law: Law, at: datetime) -> frozenset[str]:
    """The lines that could still be withdrawn from at that time. Goods that are not here yet always can."""
    zone = zone_of(order, law)

    def is_in_time(start: datetime | None) -> bool:
        return start is None or at.astimezone(zone).date() <= last_day(start.astimezone(zone).date(), order, law)

    goods, services = is_in_time(_last_delivery(case, order)), is_in_time(order.placed_at)
    return frozenset(
        line.line_id
        for line in order.lines.values()
        if line.withdrawal_exemption is None and (goods if line.kind in GOODS else services)
    )


def last_day(start: date, order: Order, law: Law) -> date:
    """The last day on which the withdrawal can be sent."""
    last = start + timedelta(days=law.days)
    if not order.informed_of_withdrawal:
        last = _months_later(last, law.not_informed_months)
    return _working_day(last, law.country) if law.working_day else last


def _months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _working_day(day: date, country: str) -> date:
    while day.weekday() >= SATURDAY or day in _holidays(country):
        day += timedelta(days=1)
    return day


@cache  # as the laws above
def _holidays(country: str) -> frozenset[date]:
    years = table("public_holidays").get(country, {})
    return frozenset(date.fromisoformat(f"{year}-{day}") for year, days in years.items() for day in days)


def _last_delivery(case: Case, order: Order) -> datetime | None:
    """When the last of the goods arrived; None while any of them is still to come."""
    arrived: list[datetime] = []
    for line in order.lines.values():
        coming = line.portion.quantity - case.cancelled.get(line.line_id, 0)
        if line.kind not in GOODS or coming <= 0:
            continue
        moves = [shipment for shipment in case.shipments.values() if shipment.carries(line.line_id)]
        if not moves or any(shipment.arrival(line.line_id) is None for shipment in moves):
            return None
        units = sum(line.portion.quantity if s.everything else s.quantities[line.line_id] for s in moves)
        if units < coming:
            return None
        arrived += [at for shipment in moves if (at := shipment.arrival(line.line_id))]
    return max(arrived, default=None)


def has_begun(case: Case, line: Line, at: datetime) -> bool:
    """Whether a service was used before that time: then its proportionate share is paid."""
    uses = case.service_used.get(line.line_id)
    return uses is not None and uses[0].at <= at


def standard_delivery(order: Order) -> dict[str, int]:
    """Of each delivery, what the standard one would have cost, taxes in proportion; no more than is left of it."""
    costs = {}
    for item in order.shipping.values():
        gross, price = item.portion.gross_minor, item.price_minor
        if item.standard_minor is not None and price:
            gross = min(gross, half_up(item.standard_minor * gross, price))
        costs[item.shipping_id] = max(0, min(gross - item.portion.used_minor, item.portion.left_minor))
    return costs


def proof_of_return(case: Case, units: Mapping[str, int]) -> datetime | None:
    """When so many units of each line had been sent back or come back, the latest of the lines; None before."""
    moments = []
    for line_id, quantity in units.items():
        moment = shown_at(case, line_id, quantity)
        if moment is None:
            return None
        moments.append(moment)
    return max(moments, default=None)


def pay_by(order: Order, law: Law, asked_at: datetime, proof: datetime | None) -> date:
    """The day by which the money must go back. `proof`: of sending or return, None where no return is needed."""
    zone = zone_of(order, law)
    asked = asked_at.astimezone(zone).date()
    shown = proof.astimezone(zone).date() if proof else None
    if law.pay_from == "return" and shown is not None:
        return shown + timedelta(days=law.pay_days)
    due = asked + timedelta(days=law.pay_days)
    return max(due, shown) if shown else due


def start_of(day: date, order: Order, law: Law) -> datetime:
    """The first instant of a day of the consumer."""
    return datetime(day.year, day.month, day.day, tzinfo=zone_of(order, law))
