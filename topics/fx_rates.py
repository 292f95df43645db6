"""Exchange rates. The rate of a day is the newest with `as_of` on or before it."""

from topics.envelope import FIRST_YEAR, LAST_YEAR, Body, Code, Currency, Day, Misfit, Rate


class FxRate(Body):
    """One unit of `base` is `rate` units of `quote`."""

    base: Currency
    quote: Currency
    rate: Rate
    as_of: Day
    source: Code

    def check(self) -> None:
        """Two currencies, and a day of our times."""
        if self.base == self.quote:
            raise Misfit("quote", "another currency than base")
        if not FIRST_YEAR <= self.as_of.year <= LAST_YEAR:
            raise Misfit("as_of", f"a day of the years {FIRST_YEAR} to {LAST_YEAR}")
