"""Which language a customer gets: the one asked for, else the nearest that there are texts in, else English."""

import re
from functools import lru_cache

LOCALES = ("en", "de", "fr", "es", "pt", "nl", "pl", "ja")
"""The languages of the contract; each has a folder in `locales/`."""

DEFAULT = "en"

_TAG = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8})*")


@lru_cache(maxsize=1024)
def choose(requested: str) -> str:
    """The locale whose texts are used for the one asked for.

    Subtags are dropped from the right until there are texts: de-AT -> de. A POSIX name (`pt_BR.UTF-8`) is read as
    well. What has no texts, is empty or is no language tag at all gets English; nothing raises.
    """
    tag = re.split("[.@]", requested.strip(), maxsplit=1)[0].replace("_", "-").lower()
    if not _TAG.fullmatch(tag):
        return DEFAULT
    while tag:
        if tag in LOCALES:
            return tag
        tag = tag.rpartition("-")[0]
    return DEFAULT
