"""From a network's reason code to the category of the dispute."""

from functools import lru_cache

from app.domain.tables import table

CODES_KEPT = 1024


@lru_cache(maxsize=CODES_KEPT)
def category_of(network: str | None, reason_code: str | None) -> tuple[str, bool]:
    """The category, and whether the code was known. An unknown code is `general`, never an error.

    A network that is not in the table is looked up under all of them, since codes of the networks do not collide.
    """
    code = (reason_code or "").strip().upper()
    tables = table("dispute_reasons")
    rows = [tables[network]] if network in tables else list(tables.values())
    for row in rows:
        if code in row:
            return row[code], True
        fits = [key for key in row if key.endswith("*") and code.startswith(key[:-1])]
        if fits:
            return row[max(fits, key=len)], True
    return "general", False
