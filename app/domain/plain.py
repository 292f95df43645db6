"""Parts of events that the state keeps as they came."""

from datetime import datetime
from typing import Any

import msgspec


def plain(part: Any) -> Any:
    """A part of an event as dictionaries, lists and values, times as they are; None where there is none."""
    return None if part is None else msgspec.to_builtins(part, builtin_types=(datetime,))
