"""Where a merchant stands in the monitoring programmes of a card network, month by month in UTC.

A month counts its own events, however late they come. Being near, over and below again is said once each per
programme and month. These are stored shapes: fields are only ever appended, with a default.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from app.domain.money import rounded
from app.domain.tables import table

MONTHS_KEPT = 15
NEAR = Fraction(8, 10)
PROJECTED_FROM = 10
"""A month's count is projected to its end from when on it is this part of the threshold: a tenth."""
EFM_REASONS = frozenset({"4837", "4863"})


class Month(msgspec.Struct, array_like=True, gc=False):
    """What was counted in one month.

    `fraud_usd_minor`: chargebacks for fraud, in US cents as far as a rate is known.
    `in_store`: how many of the disputes and reports of fraud are about sales in a store.
    """

    sales: int = 0
    online_sales: int = 0
    three_d_secure_sales: int = 0
    disputes: int = 0
    fraud_reports: int = 0
    fraud_chargebacks: int = 0
    fraud_usd_minor: int = 0
    newest: datetime | None = None
    in_store: int = 0

    @property
    def is_noted(self) -> bool:
        """Whether anything but sales was counted: without, there is nothing to be near to."""
        return bool(self.disputes or self.fraud_reports)


class Standing(msgspec.Struct, omit_defaults=True):
    """The row of one merchant and network: its months, and what was said of each programme and month."""

    months: dict[str, Month] = {}
    said: dict[str, list[str]] = {}


class Threshold(msgspec.Struct, frozen=True):
    """What must be reached, both of it."""

    count: int
    bps: int


class Measure(msgspec.Struct, frozen=True):
    """What one programme makes of a month: the count, the base that it is held against, and the month's newest event.

    `amount_from_minor`: what its amount must reach besides. `same_month`: the base is of the same month as the count,
    so that both go on growing. `outranked`: a stricter programme has taken the place of this one, whose thresholds are
    reached all the same.
    """

    programme: str
    month: str
    count: int
    base: int
    threshold: Threshold
    newest: datetime | None
    applies: bool = True
    amount_minor: int | None = None
    same_month: bool = False
    outranked: bool = False
    amount_from_minor: int = 0

    def reaches(self, share: Fraction | int = 1, *, grown: Fraction | int = 1) -> bool:
        """Whether a share of all thresholds is reached, with what the month counts grown by a factor."""
        if not self.applies or not self.base or self.count * grown < self.threshold.count * share:
            return False
        if (self.amount_minor or 0) * grown < self.amount_from_minor * share:
            return False
        return self._ratio(grown) * 10_000 >= self.threshold.bps * share

    def _ratio(self, grown: Fraction | int) -> Fraction:
        return Fraction(self.count * grown) / (self.base * (grown if self.same_month else 1))

    @property
    def is_far(self) -> bool:
        """Whether there are so few, or they are worth so little, that nothing can be said of it yet."""
        few = self.count * PROJECTED_FROM < self.threshold.count
        return few or (self.amount_minor or 0) * PROJECTED_FROM < self.amount_from_minor

    @property
    def projected(self) -> Fraction:
        """By how much what the month counts grows until its end, if it goes on like this."""
        elapsed = _elapsed(self.newest)
        return 1 / elapsed if elapsed else Fraction(1)

    def ratio_bps(self, grown: Fraction = Fraction(1)) -> str:
        """The ratio in hundredths of a percent, as a decimal string with two digits."""
        if not self.base:
            return "0"
        return f"{Decimal(rounded(self._ratio(grown) * 1_000_000)).scaleb(-2):f}"

    @property
    def left(self) -> int:
        """How many more would cross all thresholds: that of the amount, if each is worth as much as those so far."""
        by_ratio = -(-self.threshold.bps * self.base // 10_000)
        return max(0, self.threshold.count - self.count, by_ratio - self.count, self._left_by_amount)

    @property
    def _left_by_amount(self) -> int:
        worth, short = self.amount_minor or 0, self.amount_from_minor - (self.amount_minor or 0)
        if short <= 0:
            return 0
        return -(-short * self.count // worth) if worth > 0 else 1


def count(standing: Standing, event: Any, *, usd_minor: int) -> str:
    """Counts an activity in its own month; which month that is. `usd_minor`: its amount in US cents, 0 if unknown."""
    key = f"{event.occurred_at:%Y-%m}"
    month = standing.months.setdefault(key, Month())
    month.newest = max(month.newest or event.occurred_at, event.occurred_at)
    match event.kind:
        case "sale":
            month.sales += 1
            month.online_sales += not event.in_store
            month.three_d_secure_sales += event.three_d_secure and not event.in_store
        case "dispute":
            _count_dispute(month, event, usd_minor, 1)
        case "resolved_before_dispute":
            _count_dispute(month, event, usd_minor, -1)
        case "fraud_report":
            month.fraud_reports += 1
            month.in_store += event.in_store
    for old in sorted(standing.months)[:-MONTHS_KEPT]:
        del standing.months[old]
        standing.said = {name: told for name, told in standing.said.items() if not name.endswith(old)}
    return key


def _count_dispute(month: Month, event: Any, usd_minor: int, times: int) -> None:
    month.disputes += times
    month.in_store += times * event.in_store
    if event.reason_code in EFM_REASONS and not event.in_store:
        month.fraud_chargebacks += times
        month.fraud_usd_minor += times * usd_minor


def measures(standing: Standing, network: str, month: str, *, region: str, regulated: bool) -> Iterator[Measure]:
    """Where the merchant stands in the network's programmes in one month."""
    now, before = standing.months.get(month, Month()), standing.months.get(previous(month), Month())
    if network == "visa":
        total = now.fraud_reports + now.disputes - now.in_store
        vamp = _threshold("visa_vamp", month, region)
        yield Measure("visa_vamp", month, total, now.online_sales, vamp, now.newest, same_month=True)
    elif network == "mastercard":
        hecm = Measure(
            "mastercard_hecm",
            month,
            now.disputes,
            before.sales,
            _threshold("mastercard_hecm", month, region),
            now.newest,
        )
        yield hecm
        ecm = _threshold("mastercard_ecm", month, region)
        yield Measure("mastercard_ecm", month, now.disputes, before.sales, ecm, now.newest, outranked=hecm.reaches())
        yield _fraud_programme(now, before, month, regulated=regulated)


def _fraud_programme(now: Month, before: Month, month: str, *, regulated: bool) -> Measure:
    row = _row("mastercard_efm", month)
    most = Fraction(row["three_d_secure_share_regulated" if regulated else "three_d_secure_share"])
    share = Fraction(before.three_d_secure_sales, before.online_sales) if before.online_sales else Fraction(1)
    applies = before.online_sales >= row["sales"] and share < most
    return Measure(
        "mastercard_efm",
        month,
        now.fraud_chargebacks,
        before.online_sales,
        Threshold(row["count"], row["bps"]),
        now.newest,
        applies=applies,
        amount_minor=now.fraud_usd_minor,
        amount_from_minor=row["amount_usd_minor"],
    )


def news(standing: Standing, measure: Measure) -> str | None:
    """What is to be said of a measure that was not said before: near, crossed or cleared; it is marked as said."""
    told = standing.said.setdefault(f"{measure.programme}:{measure.month}", [])
    if measure.is_far and not told:
        return None
    over = measure.reaches()
    if over and not measure.outranked and "crossed" not in told:
        told.append("crossed")
        return "crossed"
    if not over and "crossed" in told and "cleared" not in told:
        told.append("cleared")
        return "cleared"
    if not told and not measure.outranked and is_near(measure):
        told.append("near")
        return "near"
    return None


def is_near(measure: Measure) -> bool:
    """Whether most of both thresholds is reached, or all of them by the end of the month if it goes on like this."""
    grown = 1 if measure.is_far else measure.projected
    return measure.reaches(NEAR) or measure.reaches(grown=grown)


def previous(month: str) -> str:
    """The month before."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year - (number == 1):04d}-{(number - 2) % 12 + 1:02d}"


def following(month: str) -> str:
    """The month after."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + (number == 12):04d}-{number % 12 + 1:02d}"


def _row(programme: str, month: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = table("programmes")[programme]
    in_force = [row for row in rows if row["from"] <= month]
    return in_force[-1] if in_force else rows[0]


def _threshold(programme: str, month: str, region: str) -> Threshold:
    row = _row(programme, month)
    return Threshold(row["count"], row.get("regions", {}).get(region, row["bps"]))


def _elapsed(newest: datetime | None) -> Fraction:
    if newest is None:
        return Fraction(1)
    start = newest.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    year, month = (start.year + 1, 1) if start.month == 12 else (start.year, start.month + 1)
    whole = start.replace(year=year, month=month) - start
    return Fraction(int((newest - start).total_seconds()), int(whole.total_seconds()))


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Standing)


def encode_standing(standing: Standing) -> bytes:
    """The stored bytes of a standing."""
    return _encoder.encode(standing)


def decode_standing(row: bytes) -> Standing:
    """A standing from its stored bytes."""
    return _decoder.decode(row)
