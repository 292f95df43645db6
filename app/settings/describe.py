"""What `refundry config show` and the documentation print of the settings. Secrets never appear."""

from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

import msgspec
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from app.settings.fields import Settings
from app.settings.load import variable

HIDDEN = "****"


class SettingRow(NamedTuple):
    """One setting: the variable, its value as text ("" where it is not set), where that came from, what it does."""

    name: str
    value: str
    source: str
    description: str


def describe(settings: Settings) -> list[SettingRow]:
    """A row for every setting, in the order in which they are defined."""
    return [
        _row(name, getattr(settings, name), settings.source_of(name), field)
        for name, field in Settings.model_fields.items()
    ]


def defaults() -> list[SettingRow]:
    """The rows of the documentation: every setting with its default, whatever is set here."""
    return [_row(name, field.default, "default", field) for name, field in Settings.model_fields.items()]


def _row(name: str, value: object, source: str, field: FieldInfo) -> SettingRow:
    return SettingRow(variable(name), _shown(name, value), source, field.description or "")


def _shown(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return _without_login(value.get_secret_value()) if name == "redis_url" else HIDDEN
    told = msgspec.to_builtins(value, enc_hook=str)
    return ",".join(told) if isinstance(told, list | tuple) else str(told)


def _without_login(url: str) -> str:
    """A URL that says where, and not as whom: login and query can hold passwords."""
    parts = urlsplit(url)
    _, at, host = parts.netloc.rpartition("@")
    query = HIDDEN if parts.query else ""
    return urlunsplit((parts.scheme, f"{HIDDEN}@{host}" if at else host, parts.path, query, ""))
