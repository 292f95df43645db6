"""The terms of the networks' monitoring programmes, restated: limits, ratios, and which word is due.

VAMP: reports of fraud and disputes of the month, what was sold in a store left out, against the month's own captures.
ECM, HECM: chargebacks of the month against the sales of the month before. EFM: chargebacks for fraud, online, against the
online sales of the month before, where those were a thousand, few of them authenticated, and the fraud 50,000 dollars.
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from app.demo.oracle.wire import Body

EFM_SALES, EFM_CENTS, EFM_BPS, EFM_SECURE = 1000, 5_000_000, 50, Fraction(1, 2)
NEARLY = Fraction(4, 5)


class Limit(NamedTuple):
    """Both must be reached."""

    count: int
    bps: int


def vamp(month: str) -> Limit:
    """Visa's limit in Europe: 2.2 % until March 2026, 1.5 % from April on."""
    return Limit(1500, 220 if month < "2026-04" else 150)


@dataclass
class Month:
    """What happened in one month. `fraud_cents`: the fraud's worth in US cents."""

    sales: int = 0
    online: int = 0
    secure: int = 0
    disputes: int = 0
    reports: int = 0
    in_store: int = 0
    frauds: int = 0
    fraud_cents: int = 0
    newest: datetime | None = None


class State(NamedTuple):
    """Where a month stands in one programme. `open_`: whether it is watched at all; `worth`: what its amount must reach."""

    programme: str
    count: int
    base: int
    limit: Limit
    grows: Fraction
    amount: int | None = None
    same_month: bool = False
    open_: bool = True
    worth: int = 0

    @property
    def over(self) -> bool:
        return self._reaches(Fraction(1), Fraction(1))

    @property
    def near(self) -> bool:
        """By four fifths of everything, or by all of it at the end of the month; that is asked from a tenth on."""
        far = self.count * 10 < self.limit.count or (self.amount or 0) * 10 < self.worth
        return self._reaches(NEARLY, Fraction(1)) or (not far and self._reaches(Fraction(1), self.grows))

    def _reaches(self, share: Fraction, grown: Fraction) -> bool:
        if not self.open_ or not self.base or (self.amount or 0) * grown < self.worth * share:
            return False
        return self.count * grown >= self.limit.count * share and self.bps(grown) >= self.limit.bps * share

    def bps(self, grown: Fraction = Fraction(1)) -> Fraction:
        if not self.base:
            return Fraction(0)
        return Fraction(self.count, self.base) * (1 if self.same_month else grown) * 10_000

    @property
    def left(self) -> int:
        """How many more make all of it, where each is worth what one was worth on average."""
        more = max(0, self.limit.count - self.count, -(-self.limit.bps * self.base // 10_000) - self.count)
        if (self.amount or 0) >= self.worth:
            return more
        in_all = Fraction(self.worth * self.count, self.amount) if self.amount else Fraction(self.count + 1)
        return max(more, ceil(in_all) - self.count)


def states(months: Mapping[str, Month], network: str, month: str) -> Iterator[State]:
    """Where a month stands in each of the network's programmes."""
    now, before = months[month], months.get(last(month), Month())
    grows = _grows(now.newest)
    if network == "visa":
        count = now.reports + now.disputes - now.in_store
        yield State("visa_vamp", count, now.online, vamp(month), grows, same_month=True)
        return
    yield State("mastercard_hecm", now.disputes, before.sales, Limit(300, 300), grows)
    yield State("mastercard_ecm", now.disputes, before.sales, Limit(100, 150), grows)
    open_ = before.online >= EFM_SALES and Fraction(before.secure, before.online) < EFM_SECURE
    efm = State("mastercard_efm", now.frauds, before.online, Limit(1, EFM_BPS), grows)
    yield efm._replace(amount=now.fraud_cents, open_=open_, worth=EFM_CENTS)


def word_of(said: list[str], state: State, *, outranked: bool) -> str | None:
    """Near, crossed, cleared: each once, and none of the first two where the stricter programme has taken the place."""
    hidden = outranked and state.programme == "mastercard_ecm"
    if state.over and not hidden and "crossed" not in said:
        said.append("crossed")
    elif not state.over and "crossed" in said and "cleared" not in said:
        said.append("cleared")
    elif not said and not hidden and state.near:
        said.append("near")
    else:
        return None
    return said[-1]


def alert_of(merchant: str, month: str, state: State, word: str) -> Body:
    """What the alert must say."""
    return {
        "type": f"programme.threshold_{word}",
        "merchant_id": merchant,
        "programme": state.programme,
        "month": month,
        "count": state.count,
        "ratio_bps": _text(state.bps()),
        "threshold": {"count": state.limit.count, "ratio_bps": state.limit.bps},
        "amount_minor": state.amount,
        "projected_ratio_bps": _text(state.bps(state.grows)),
        "left_before_breach": state.left,
    }


def _text(bps: Fraction) -> str:
    hundredths = int((bps * 200 + 1) // 2)
    return f"{hundredths // 100}.{hundredths % 100:02d}" if bps else "0"


def _grows(newest: datetime | None) -> Fraction:
    """By how much a month grows from its newest event to its end, if it goes on so."""
    if newest is None:
        return Fraction(1)
    seconds = (newest - datetime(newest.year, newest.month, 1, tzinfo=UTC)) // timedelta(seconds=1)
    return Fraction(monthrange(newest.year, newest.month)[1] * 86_400, seconds) if seconds else Fraction(1)


def following(month: str) -> str:
    """The month after."""
    first = date.fromisoformat(f"{month}-01")
    return f"{first + timedelta(days=32):%Y-%m}"


def last(month: str) -> str:
    """The month before."""
    first = date.fromisoformat(f"{month}-01")
    return f"{first - timedelta(days=1):%Y-%m}"
