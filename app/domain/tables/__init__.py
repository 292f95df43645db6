"""Numbers that the world may change: each table is a YAML file with its source and the day on which it was read."""

from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@cache
def table(name: str) -> dict[str, Any]:
    """The rows of `<name>.yaml` beside this module, read once."""
    text = files(__name__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    rows: dict[str, Any] = yaml.load(text, Loader=_Loader)["rows"]  # noqa: S506 - the safe loader, in C where it is
    return rows


_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TABLES = (
    "compelling_evidence",
    "dispute_deadlines",
    "dispute_reasons",
    "programmes",
    "public_holidays",
    "refund_arrival_days",
    "withdrawal_rights",
)


def prepare() -> None:
    """Reads all tables, so that a broken one stops the start and none is read while events wait."""
    for name in TABLES:
        table(name)
