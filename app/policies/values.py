"""The single values of a policy: how each is written, and what is made of it.

Every function takes what the file holds and returns the value, or raises the refusal that its author reads. The texts
of refusals name what is expected; `hint` says what to type instead.
"""

import re
from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from app.domain.policy import BUILT_IN_ID, EVERYONE
from app.domain.words import METHOD_KINDS
from app.policies.problems import did_you_mean
from topics.currencies import EXPONENTS

T = TypeVar("T", bound=Hashable)

MAX_WAIT = timedelta(days=730)
TENDER_ORDERS = ("as_captured", "proportional")

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DURATION = re.compile(r"([0-9]{1,8})([smhd])")
_DECIMAL = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,6})?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_POLICY_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MERCHANT = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def refused(hint: str) -> PydanticCustomError:
    """A refusal of a value; what was expected instead is the description of its field."""
    return PydanticCustomError("refused", "refused", {"hint": hint})


def as_decimal(given: Any) -> Decimal:
    """`"0.15"` as an exact decimal, trailing zeros dropped so that equal rates are equal texts."""
    if not isinstance(given, str):
        raise refused('put the number in quotes, like "0.15"')
    if not _DECIMAL.fullmatch(given):
        raise refused("at most three digits before and six after the point, no exponent, no percent sign")
    # Minus zero is zero: the two would be told apart in the document.
    return Decimal(given).normalize() or Decimal(0)


def as_duration(given: Any) -> timedelta:
    """`72h` as a length of time."""
    match = _DURATION.fullmatch(given) if isinstance(given, str) else None
    if not match:
        raise refused("one number and one unit: 60s, 90m, 72h, 30d")
    wait = timedelta(seconds=int(match[1]) * _UNITS[match[2]])
    if wait > MAX_WAIT:
        raise refused("a wait must end before the case does: at most 730d")
    return wait


def as_moment(given: Any) -> datetime:
    """An RFC 3339 time with offset, in UTC."""
    if not isinstance(given, str) or not _MOMENT.fullmatch(given):
        raise refused("date, T, time with seconds, and Z or an offset like +01:00")
    try:
        moment = datetime.fromisoformat(given).astimezone(UTC)
    except (ValueError, OverflowError):
        raise refused("there is no such day or time") from None
    return moment


def as_policy_id(given: Any) -> str:
    """The name of a policy; that of the built-in one is taken."""
    if not isinstance(given, str) or not _POLICY_ID.fullmatch(given):
        raise refused("put it in quotes if it is a number")
    if given == BUILT_IN_ID:
        raise refused("this name is the built-in policy's; choose another")
    return given


def as_merchant(given: Any) -> str:
    """A merchant id, or `*`."""
    if not isinstance(given, str):
        raise refused("put it in quotes if it is a number")
    if given != EVERYONE and not _MERCHANT.fullmatch(given):
        hint = "patterns are not supported: name each merchant, or `*` alone" if EVERYONE in given else None
        raise refused(hint or "1 to 64 letters, digits, dots, underscores, colons, dashes")
    return given


def as_tenders(given: Any) -> Any:
    """In which order payments get their money back: a word, or payment kinds."""
    if isinstance(given, str) and given in TENDER_ORDERS:
        return given
    if not isinstance(given, list):
        raise refused(did_you_mean(given, TENDER_ORDERS) if isinstance(given, str) else "a word or a list")
    for kind in given:
        if kind not in METHOD_KINDS:
            raise refused(did_you_mean(str(kind), METHOD_KINDS))
    if not given or len(set(given)) < len(given):
        raise refused("name at least one kind, and each once")
    return given


def as_currency(given: str) -> str:
    """A key of a limit map: a currency code or `default`."""
    if given != "default" and given not in EXPONENTS:
        near = given.upper() in EXPONENTS
        raise refused(f"write {given.upper()}" if near else "keys are currency codes of ISO 4217, and default")
    return given


def with_default(given: dict[str, Decimal]) -> dict[str, Decimal]:
    """Chances by category that hold one for the categories which they do not name."""
    if "default" not in given:
        raise refused('add one for all other categories, like default: "0.35"')
    return given


def once(given: list[T]) -> list[T]:
    """A list that names nothing twice."""
    if len(set(given)) < len(given):
        raise refused("name each once")
    return given


Currency = Annotated[str, AfterValidator(as_currency)]
Once = AfterValidator(once)
