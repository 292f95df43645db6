"""Passwords: how one is hashed, and whether one is right, at the same cost whether its owner exists or not."""

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final

COST, BLOCK, LANES = 2**15, 8, 3
"""The parameters that OWASP's cheat sheet gives for 32 MiB (2024); a tenth of a second or more of one core."""
MEMORY_MAX: Final = 64 << 20
SALT_BYTES, HASH_BYTES = 16, 32
SHORTEST, LONGEST = 12, 256
"""In characters. Length is what makes a password hard to guess; what it is made of is left to its owner."""


def hash_of(password: str) -> str:
    """`scrypt$COST$BLOCK$LANES$SALT$HASH`, with a fresh salt; salt and hash in base64."""
    salt = secrets.token_bytes(SALT_BYTES)
    derived = _derived(password, salt, COST, BLOCK, LANES)
    return f"scrypt${COST}${BLOCK}${LANES}${_text(salt)}${_text(derived)}"


def is_hash(text: str) -> bool:
    """Whether it is a hash as this module writes them, of a cost that this module would bear."""
    return _parts(text) is not None


def matches(password: str, known: str) -> bool:
    """Whether the password is the one behind a hash. The time that it takes depends on neither."""
    parts = _parts(known)
    assert parts is not None, "only hashes that were checked are stored"
    cost, block, lanes, salt, expected = parts
    return hmac.compare_digest(_derived(password[:LONGEST], salt, cost, block, lanes), expected)


NOBODY: Final = f"scrypt${COST}${BLOCK}${LANES}${'A' * 22}==${'A' * 43}="
"""What a password is compared with where there is no such user: nothing matches it, and it takes as long."""


def _derived(password: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=cost,
        r=block,
        p=lanes,
        maxmem=MEMORY_MAX,
        dklen=HASH_BYTES,
    )


def _parts(text: str) -> tuple[int, int, int, bytes, bytes] | None:
    try:
        name, cost, block, lanes, salt, expected = text.split("$")
        numbers = int(cost), int(block), int(lanes)
        raw = base64.b64decode(salt, validate=True), base64.b64decode(expected, validate=True)
    except (ValueError, binascii.Error):
        return None
    costs_too_much = numbers[0] > COST * 2 or numbers[1] > BLOCK or numbers[2] > LANES
    is_weak = numbers[0] < 2**14 or numbers[0] & (numbers[0] - 1) or numbers[1] < BLOCK or numbers[2] < 1
    if name != "scrypt" or costs_too_much or is_weak or len(raw[0]) < SALT_BYTES or len(raw[1]) != HASH_BYTES:
        return None
    return (*numbers, *raw)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
