"""The settings of an installation: read once, checked as a whole, passed on as values."""

from app.settings.checks import require_for_worker
from app.settings.describe import SettingRow, defaults, describe
from app.settings.fields import PREFIX, Settings
from app.settings.load import load_settings, variable
from app.settings.problems import ConfigurationError, SettingProblem
from app.settings.values import split_address

__all__ = [
    "PREFIX",
    "ConfigurationError",
    "SettingProblem",
    "SettingRow",
    "Settings",
    "defaults",
    "describe",
    "load_settings",
    "require_for_worker",
    "split_address",
    "variable",
]
