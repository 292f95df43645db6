"""The words that every message is made of: ids, money, times, texts, and the envelope around each body.

A type says what is accepted; the marker in it says what the codec does with an accepted value: ids are opaque and left
alone, free text is masked, shopper values become keyed hashes. Both decoders (pydantic, which explains, and msgspec,
which is fast) are derived from these types, so there is one definition of each word.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Annotated, Self
from zoneinfo import ZoneInfo

import msgspec
from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from topics.currencies import EXPONENTS

MINOR_MAX = 2**53 - 1  # the largest integer that every reader of JSON takes exactly
QUANTITY_MAX = 10**9
ROWS_MAX = 2000
FIRST_YEAR, LAST_YEAR = 1970, 2999  # beyond them, zones and waits can leave the calendar

# A run of what can stand before the at sign is taken whole, with or without an address in it, so that the search is
# linear. Accents may be marks of their own (NFD), and whoever writes Japanese may write all of it in full width.
_ADDRESS = re.compile(
    r"[\w.!#$%&'*+/=?^`{|}~\u0300-\u036f\uff0e-]++"
    r"([@\uff20\ufe6b][\w\u0300-\u036f-]++(?:[.\uff0e][\w\u0300-\u036f-]++)++)?+"
)
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff]")


class Misfit(ValueError):  # noqa: N818 - it is about the fields, not about us
    """Fields that are well-formed one by one and do not fit together. `path` starts at the object that was checked."""

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(path, expected)
        self.path = path
        self.expected = expected


@dataclass(frozen=True)
class Opaque:
    """An id: never changed, so it must be fit to be kept as it is."""


@dataclass(frozen=True)
class Masked:
    """Free text: card numbers and e-mail addresses in it are masked before it is kept."""


@dataclass(frozen=True)
class Hashed:
    """A value of which only equality is needed: kept as a keyed hash, comparable within its `domain`."""

    domain: str


@dataclass(frozen=True)
class CurrencyCode:
    """A code of the currency table."""


def opaque(value: str) -> str:
    """The id as it came. ValueError where it holds control or invisible characters, or somebody's e-mail address.

    Digits that look like a card number are let through: ids of 13 to 19 digits are common, and one in forty of them
    would be refused.
    """
    if _UNPRINTABLE.search(value):
        raise PydanticCustomError("not_printable", "an id of printable characters")
    if replace_e_mail(value, "") != value:
        raise PydanticCustomError("e_mail", "a pseudonymous id, never an e-mail address")
    return value


def may_hold_e_mail(text: str) -> bool:
    """A quick look that misses no e-mail address."""
    return "@" in text or (not text.isascii() and ("\uff20" in text or "\ufe6b" in text))


def replace_e_mail(text: str, replacement: str) -> str:
    """The text with every e-mail address replaced."""
    if not may_hold_e_mail(text):
        return text
    return _ADDRESS.sub(lambda found: replacement if found[1] else found[0], text)


def _known_currency(value: str) -> str:
    if value not in EXPONENTS:
        raise PydanticCustomError("unknown_currency", "an ISO 4217 code that has a minor unit")
    return value


def _instant(value: object) -> object:
    if isinstance(value, str):
        try:
            value = msgspec.convert(value, Annotated[datetime, msgspec.Meta(tz=True)])
        except msgspec.ValidationError:
            raise PydanticCustomError("not_a_time", "a time of RFC 3339 with seconds and an offset") from None
    return in_calendar(value) if isinstance(value, datetime) else value


def in_calendar(value: datetime) -> datetime:
    """The time as it is. ValueError where it has no offset, or is so far away that it must be a mistake."""
    if value.tzinfo is None:
        raise PydanticCustomError("not_a_time", "a time of RFC 3339 with seconds and an offset")
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise PydanticCustomError("not_in_calendar", "a time of the years 1970 to 2999")
    return value


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _day(value: object) -> object:
    if isinstance(value, str):
        try:
            return msgspec.convert(value, date)
        except msgspec.ValidationError:
            raise PydanticCustomError("not_a_day", "a day of the calendar as YYYY-MM-DD") from None
    return value


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()) - {"Factory"}


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo | None:
    """The IANA time zone of that name, None where there is none.

    The names are those of the package of time zones. A system's folder of zones holds more: `localtime`, which is
    another one on every machine, and `right/...`, whose days have leap seconds.
    """
    return ZoneInfo(name) if name in _zone_names() else None


def check_zone(path: str, name: str | None) -> None:
    """Raises `Misfit` where the name, if there is one, is no time zone."""
    if name is not None and zone(name) is None:
        raise Misfit(path, "the name of an IANA time zone such as Europe/Paris")


FORMS: dict[str, str] = {}
"""What each pattern means, for people."""


def _form(pattern: str, meaning: str) -> StringConstraints:
    FORMS[pattern] = meaning
    return StringConstraints(pattern=pattern)


Id = Annotated[str, MinLen(1), MaxLen(128), Opaque(), AfterValidator(opaque)]
OrderId = Annotated[Id, _form("^[^~]", "an id that does not start with ~")]
"""`~` marks cases of payments that never found their order, so no order may be called like one."""
MerchantId = Annotated[
    str, Opaque(), _form(r"^[A-Za-z0-9._:-]{1,64}$", "1 to 64 letters, digits, dots, dashes, _ or :")
]
Currency = Annotated[
    str,
    CurrencyCode(),
    AfterValidator(_known_currency),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217, with a minor unit"}),
]
Time = Annotated[datetime, BeforeValidator(_instant)]
UtcTime = Annotated[datetime, BeforeValidator(_instant), AfterValidator(_utc)]
Day = Annotated[date, BeforeValidator(_day)]
Month = Annotated[str, _form(r"^[0-9]{4}-(?:0[1-9]|1[0-2])$", "a month as YYYY-MM")]
Rate = Annotated[
    str,
    _form(
        r"^(?:[1-9][0-9]{0,11}(?:\.[0-9]{1,12})?|0\.[0-9]{0,11}[1-9][0-9]{0,11})$",
        'a decimal text above zero such as "1.0842", at most 12 digits on either side of the point',
    ),
]
"""How much of the quote currency one unit of the base currency is."""
DecimalText = Annotated[str, _form(r"^-?[0-9]{1,12}(?:\.[0-9]{1,12})?$", 'a decimal text such as "0.35"')]
Last4 = Annotated[str, _form("^[0-9]{4}$", "the last four digits")]
Locale = Annotated[str, _form(r"^[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8}){0,4}$", "a language tag such as de-AT")]
Country = Annotated[str, _form(r"^[A-Z]{2}$", "a country of ISO 3166-1 as two capital letters")]
WholeNumber = Annotated[int, Ge(-MINOR_MAX), Le(MINOR_MAX)]
MinorUnits = WholeNumber
"""Of money; whatever else is counted is a `WholeNumber`."""
NotNegative = Annotated[int, Ge(0), Le(MINOR_MAX)]
Quantity = Annotated[int, Ge(1), Le(QUANTITY_MAX)]
Revision = Annotated[int, Ge(1), Le(MINOR_MAX)]
Code = Annotated[str, MinLen(1), MaxLen(64), Masked()]
"""A word of somebody else's vocabulary; one that is not known is treated as `other` by the rules, never refused."""
Label = Annotated[str, MaxLen(200), Masked()]
TimerName = Annotated[str, MinLen(1), MaxLen(200)]
"""What a timer is for and whose it is, like `request:<request_id>`; longer than any id."""
Title = Annotated[str, MaxLen(500), Masked()]
Note = Annotated[str, MaxLen(4000), Masked()]
ZoneName = Annotated[str, MinLen(1), MaxLen(64)]
Flag = Annotated[str, MinLen(1), MaxLen(64)]


class Body(BaseModel):
    """A part of a message. Subclasses that have a rule over several fields override `check`."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)

    def check(self) -> None:
        """Raises `Misfit` where the fields do not fit together. Reads attributes only: the fast decoder uses it too."""

    @model_validator(mode="after")
    def _checked(self) -> Self:
        self.check()
        return self


class Money(Body):
    """An amount in the minor unit of its currency; may be negative."""

    amount_minor: MinorUnits
    currency: Currency


class Amount(Money):
    """Money of which a negative amount would be nonsense."""

    amount_minor: NotNegative


class Settlement(Body):
    """What a movement came to on the merchant's account: the amount there, and the rate that was applied."""

    amount: Amount
    rate: Rate


class Event(Body):
    """The envelope of what comes in. An identity is (`merchant_id`, topic, `event_id`)."""

    event_id: Id
    occurred_at: UtcTime
    merchant_id: MerchantId
    schema_version: Annotated[int, Ge(1), Le(MINOR_MAX)] = 1
    source: Code = "platform"


class OrderEvent(Event):
    """Anything said of one order."""

    order_id: OrderId


class Units(Body):
    """Units of a line of the order."""

    line_id: Id
    quantity: Quantity


UnitsOfLines = Annotated[list[Units], MinLen(1), MaxLen(ROWS_MAX)]
