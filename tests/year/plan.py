"""The year in numbers: how much of what, and what of the monitoring programmes it reaches.

The full year has 100,000 payments of three merchants and 1 % disputes: two decks of all courses (`shop.deck`), and three
seasons in which they come together, so that months pass their thresholds.

| season | what | reaches |
|---|---|---|
| March, `m-night` | 310 chargebacks for fraud after 1,060 Mastercard sales; then 130 authenticated sales of February come late | ECM and HECM near and crossed, EFM near, crossed and cleared |
| March, `m-night` | 1,460 reports of fraud and 60 chargebacks on 1,800 Visa sales | VAMP near and crossed |
| December, `m-day` | 112 chargebacks after 6,300 Mastercard sales; then 1,500 sales of November come late | ECM near, crossed and cleared |

Not reached: VAMP cleared (1,500 of them would need 68,000 Visa sales in the month) and HECM cleared (300 need more than
10,000 Mastercard sales in the month before). Those are cases of `tests/domain/test_programmes.py`, and of the reckoning
here in `test_reckoning.py`. The short year has one deck and 3,000 payments; it reaches ECM near and crossed.
"""

from typing import NamedTuple

YEAR = 2026
DAY, NIGHT, AUTO = "m-day", "m-night", "m-auto"
MONTHS = (7, 6, 7, 7, 7, 7, 7, 7, 8, 8, 20, 9)
"""Of a hundred everyday purchases, how many in each month."""


class Plan(NamedTuple):
    """How many payments there are in all, and of what. `november…`, `december…`: `m-day`; `night…`: `m-night`."""

    payments: int
    decks: int
    november_sales: int
    november_late: int
    december_chargebacks: int
    night_sales: int
    night_secure: int
    night_late: int
    night_chargebacks: int
    night_visa: int
    night_reports: int
    night_visa_chargebacks: int


FULL = Plan(
    payments=100_000,
    decks=2,
    november_sales=6_300,
    november_late=1_500,
    december_chargebacks=112,
    night_sales=1_060,
    night_secure=477,
    night_late=130,
    night_chargebacks=310,
    night_visa=1_800,
    night_reports=1_460,
    night_visa_chargebacks=60,
)
SHORT = Plan(
    payments=3_000,
    decks=1,
    november_sales=150,
    november_late=20,
    december_chargebacks=2,
    night_sales=150,
    night_secure=60,
    night_late=10,
    night_chargebacks=105,
    night_visa=40,
    night_reports=20,
    night_visa_chargebacks=4,
)
