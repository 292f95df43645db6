"""What must not be kept: card numbers, e-mail addresses, security codes, and what identifies a shopper.

Two jobs. In an accepted event, free text is masked and shopper values become keyed hashes, field by field (`mask_text`,
`keyed_hash`). Of a message that was refused nothing is known, not even that it is JSON: there everything that looks
like a secret is masked, wherever it stands (`mask`).

A card number has 13 to 19 digits, possibly grouped by one or two spaces or dashes of whatever kind, or by signs that
nobody sees; the prefix and length of a known scheme; and a right check digit. All of this is linear in the size of the
text.
"""

import hmac
import ipaddress
import re
from collections.abc import Iterable
from itertools import accumulate
from typing import Any

import msgspec

from topics.envelope import replace_e_mail

MASKED_CARD = "[card number]"  # no digit of it stays: with what follows, it could look like another one
MASKED_E_MAIL = "[e-mail]"
MASKED_CODE = "***"
_OWN_HEADERS = ("refundry-", "traceparent")
_SECURITY_KEYS = frozenset({"cvv", "cvv2", "cvc", "cvc2", "csc", "security_code", "securitycode"})
_CHECK_RESULTS = frozenset({"match", "no_match", "unchecked"})  # `checks.cvc` of a payment says these, and no code
_WALK_DEPTH = 100
_HASH_BYTES = 16  # enough to compare, no more than needed

# Between groups: spaces, also of typography and East Asia; dashes and minus signs; soft hyphens and joiners.
_BETWEEN = (
    r" \t\0\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
    r"\u2010-\u2015\u2212\ufe58\ufe63\uff0d\u00ad\u200b-\u200d\u2060\ufeff-"
)
_GROUPED = re.compile(rf"\d(?:[{_BETWEEN}]{{0,2}}\d){{12,}}")
_NUMBER = re.compile(_GROUPED.pattern + r"(?:\.\d*+)?+(?:[eE][+-]?\d++)?+")
_GROUP = re.compile(r"\d+")
_SIXTEEN, _SIXTEEN_UP, _ANY = (16,), range(16, 20), range(13, 20)
_SCHEMES: tuple[tuple[str, str, tuple[int, ...] | range], ...] = (
    ("4", "4", (13, 16, 19)),  # Visa
    ("51", "55", _SIXTEEN),  # Mastercard
    ("2221", "2720", _SIXTEEN),
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("300", "305", range(14, 20)),  # Diners Club
    ("3095", "3095", range(14, 20)),
    ("36", "36", range(14, 20)),
    ("38", "39", range(14, 20)),
    ("3528", "3589", _SIXTEEN_UP),  # JCB
    ("6011", "6011", _SIXTEEN_UP),  # Discover
    ("644", "659", _SIXTEEN_UP),
    ("62", "62", _SIXTEEN_UP),  # UnionPay
    ("81", "81", _SIXTEEN_UP),
    ("60", "60", _SIXTEEN),  # RuPay
    ("508", "508", _SIXTEEN),
    ("2200", "2204", _SIXTEEN_UP),  # Mir
    ("5018", "5018", _ANY),  # Maestro
    ("5020", "5020", _ANY),
    ("5038", "5038", _ANY),
    ("56", "58", _ANY),
    ("6304", "6304", _ANY),
    ("6759", "6763", _ANY),
)

_BY_FIRST_DIGIT = {
    first: tuple(scheme for scheme in _SCHEMES if scheme[0][0] <= first <= scheme[1][0]) for first in "234568"
}
_ZERO = ord("0")
_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")  # the sum of the digits of twice the digit

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_SECURITY = re.compile(
    r"(?i)(?<![a-z0-9])(?P<key>(?:cvv2?|cvc2?|csc|security_?code)\\*+[\"']?+\s*+[:=]\s*+[\[{]?+\s*+)"
    r"(?:(?P<quote>\\*+[\"'])(?P<quoted>[^\"'\\]*+)|(?P<bare>[^\s,}\]\"'{\[\\]++))"
)
# Of lower case: to look for both cases at once takes three times as long, on half a megabyte 12 ms more.
_SUSPECT = re.compile(rb"@|\\u|[^\x00-\x7f]|cvv|cvc|csc|security_?code")
_SPACED_DIGITS = bytes.maketrans(b"0123456789", b"0" * 10)
_SPACES = b" -\t\0"
_CARD_LONG = b"0" * 13


def may_hold_card(value: bytes) -> bool:
    """Whether ASCII bytes hold 13 digits in a row, spaces and dashes aside: a quick look that misses no card number."""
    return _CARD_LONG in value.translate(_SPACED_DIGITS, _SPACES)


def is_card_number(digits: str) -> bool:
    """Whether ASCII digits are a card number of a known scheme with a right check digit (Luhn)."""
    length = len(digits)
    for low, high, lengths in _BY_FIRST_DIGIT.get(digits[:1], ()):
        if length in lengths and low <= digits[: len(low)] <= high:
            break
    else:
        return False
    said = digits.encode()
    return (sum(said[-1::-2]) + sum(said[-2::-2].translate(_DOUBLED)) - _ZERO * length) % 10 == 0


def mask_text(text: str) -> str:
    """The text with card numbers and e-mail addresses taken out."""
    if len(text) > 12:
        text = _GROUPED.sub(_mask_cards, text)
    return replace_e_mail(text, MASKED_E_MAIL)


def _mask_cards(match: re.Match[str]) -> str:
    """A card number is a run of whole groups of digits; what stands beside it may be digits too."""
    text = match.group()
    groups = [(found.start(), found.end()) for found in _GROUP.finditer(text)]
    digits = "".join(text[start:end] for start, end in groups)
    if not digits.isascii():
        digits = "".join(str(int(digit)) for digit in digits)
    # where in the text the digits counted so far end
    ends = dict(zip(accumulate(end - start for start, end in groups), (end for _, end in groups), strict=True))
    out, copied, begin = [], 0, 0
    for start, end in groups:
        possible = (begin + length for length in range(19, 12, -1)) if start >= copied else ()
        card = next((last for last in possible if last in ends and is_card_number(digits[begin:last])), None)
        if card is not None:
            out += [text[copied:start], MASKED_CARD]
            copied = ends[card]
        begin += end - start
    return "".join(out) + text[copied:]


def keyed_hash(secret: bytes, domain: str, value: str) -> str:
    """What stands for a value of which only equality matters: 32 hex digits, equal for equal values of a domain."""
    if domain == "ip" and ":" in value:
        value = _canonical_ip(value)
    return hmac.digest(secret, f"{domain}\0{value}".encode(), "sha256")[:_HASH_BYTES].hex()


def _canonical_ip(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        return value


def mask(value: bytes) -> tuple[bytes, bool]:
    """Any bytes with everything that looks like a secret masked, and whether something was.

    Bytes without a secret come back as they are. What was JSON stays JSON; numbers that were cards become strings.
    """
    if not _SUSPECT.search(value.lower()) and not may_hold_card(value):
        return value, False
    text = value.decode("utf-8", "surrogateescape")
    masked = _mask_source(_ESCAPE.sub(_write_out, text) if "\\u" in text else text)
    found = masked is not None
    out = masked.encode("utf-8", "surrogateescape") if masked is not None else value
    try:
        parsed = msgspec.json.decode(out)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return out, found
    clean = _walk(parsed, 0)
    return (out, found) if clean == parsed else (msgspec.json.encode(clean), True)


def mask_key(key: bytes | None) -> bytes | None:
    """A record's key without e-mail addresses. Digits stay: many an id of 16 digits looks like a card number."""
    if key is None or (b"@" not in key and key.isascii()):
        return key
    return replace_e_mail(key.decode("utf-8", "surrogateescape"), MASKED_E_MAIL).encode("utf-8", "surrogateescape")


def mask_headers(headers: Iterable[tuple[str, bytes]]) -> tuple[tuple[str, bytes], ...]:
    """A publisher's headers with everything that looks like a secret masked. Our own and the trace stay as they are."""
    return tuple(
        [
            (name, value) if name.startswith(_OWN_HEADERS) else (mask_text(name), mask(value)[0])
            for name, value in headers
        ]
    )


def _write_out(match: re.Match[str]) -> str:
    """An escaped character as itself, so that nothing hides behind it; quotes, backslashes and controls stay."""
    code = match.group(1)
    character = chr(int(code, 16)) if code else ""
    return character if character.isprintable() and character not in {'"', "\\", ""} else match.group()


def _mask_source(text: str) -> str | None:
    """Source text, JSON or not, masked; None where there was nothing to mask."""
    json_like = text.lstrip()[:1] in {"{", "["}
    parts, at = [], 0
    for string in _JSON_STRING.finditer(text):
        parts += [_mask_bare(text[at : string.start()], quoted=json_like), mask_text(string.group())]
        at = string.end()
    parts.append(_mask_bare(text[at:], quoted=json_like))
    masked = _mask_security_codes("".join(parts), quoted=json_like)
    return None if masked == text else masked


def _mask_bare(text: str, *, quoted: bool) -> str:
    return mask_text(_NUMBER.sub(_mask_number, text) if quoted else text)


def _mask_number(match: re.Match[str]) -> str:
    """A number of JSON that is a card becomes a string, so that what was JSON stays it."""
    digits = _GROUPED.match(match.group())
    assert digits is not None
    masked = _mask_cards(digits)
    return match.group() if masked == digits.group() else f'"{masked}"'


def _mask_security_codes(text: str, *, quoted: bool) -> str:
    def replace(match: re.Match[str]) -> str:
        said = match["bare"] if match["quote"] is None else match["quoted"]
        if said in _CHECK_RESULTS or (match["quote"] is None and said in {"null", "true", "false"}) or not said:
            return match.group()
        if match["quote"] is not None:
            return f"{match['key']}{match['quote']}{MASKED_CODE}"
        return f'{match["key"]}"{MASKED_CODE}"' if quoted else match["key"] + MASKED_CODE

    return _SECURITY.sub(replace, text)


def _walk(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _mask_security_codes(mask_text(value), quoted=False)
    if isinstance(value, bool) or value is None or depth > _WALK_DEPTH:
        return value
    if isinstance(value, int):
        return MASKED_CARD if is_card_number(str(value)) else value
    if isinstance(value, float):
        return MASKED_CARD if abs(value) < 1e19 and is_card_number(str(int(value))) else value
    if isinstance(value, list):
        return [_walk(item, depth + 1) for item in value]
    return {mask_text(key): _walk_field(key, item, depth) for key, item in value.items()}


def _walk_field(key: str, value: Any, depth: int) -> Any:
    if key.lower() not in _SECURITY_KEYS or value is None or isinstance(value, bool):
        return _walk(value, depth + 1)
    return value if isinstance(value, str) and value in _CHECK_RESULTS else MASKED_CODE
