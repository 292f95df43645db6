"""Settings from the environment and a file: the environment wins, names nobody knows are refused."""

import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.settings.checks import contradictions
from app.settings.fields import PREFIX, Settings
from app.settings.problems import ConfigurationError, SettingProblem

CONFIG = PREFIX + "CONFIG"
MAX_FILE_BYTES = 64 * 1024

# Switches of the test suite: they are in the environment of workers that it starts, and mean nothing to them.
_OF_THE_TESTS = (PREFIX + "REQUIRE_", PREFIX + "HYPOTHESIS")
_ENVIRONMENT = "environment"
_NOT_SET = (None, "")
_QUOTED = re.compile(r"'([^']*)'")


def load_settings(environ: Mapping[str, str], file: Path | None = None) -> Settings:
    """The settings of `environ` and of a YAML or TOML file (`file`, else the one that REFUNDRY_CONFIG names).

    A variable that is empty counts as not set. Raises `ConfigurationError` with every problem.
    """
    problems: list[SettingProblem] = []
    given: dict[str, tuple[Any, str]] = {}
    named = file or (Path(environ[CONFIG]) if environ.get(CONFIG) else None)
    if named is not None:
        _take(given, _of_file(named, problems), str(named), problems)
    _take(given, _of_environment(environ), _ENVIRONMENT, problems)
    try:
        settings = Settings(**{name: value for name, (value, _) in given.items()})
    except ValidationError as error:
        problems += [_refused(detail, given) for detail in error.errors(include_url=False, include_input=False)]
        raise ConfigurationError(problems) from None
    settings._sources.update({name: source for name, (_, source) in given.items()})  # noqa: SLF001 - made here
    problems += contradictions(settings)
    if problems:
        raise ConfigurationError(problems)
    return settings


def variable(name: str) -> str:
    """The variable of a setting: `partitions` is `REFUNDRY_PARTITIONS`."""
    return PREFIX + name.upper()


def _of_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: value
        for name, value in environ.items()
        if name.startswith(PREFIX) and name != CONFIG and not name.startswith(_OF_THE_TESTS)
    }


def _of_file(file: Path, problems: list[SettingProblem]) -> dict[str, Any]:
    hint = "one `name: value` a line"
    try:
        with file.open("rb") as stream:
            body = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        problems.append(SettingProblem(CONFIG, str(file), error.strerror or "unreadable", "name a file that exists"))
        return {}
    if len(body) > MAX_FILE_BYTES:
        problems.append(SettingProblem(CONFIG, str(file), f"expected at most {MAX_FILE_BYTES // 1024} KiB", hint))
        return {}
    try:
        text = body.decode("utf-8")
        told = tomllib.loads(text) if file.suffix == ".toml" else yaml.safe_load(text)
    # a tag that its value does not fit, such as `!!bool x`, is no YAMLError
    except (ValueError, yaml.YAMLError, LookupError, AttributeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}:{mark.line + 1}" if mark else str(file)
        problems.append(SettingProblem(CONFIG, place, "expected YAML, or TOML in a .toml file", hint))
        return {}
    if told is None:
        return {}
    if not isinstance(told, dict) or not all(isinstance(name, str) for name in told):
        problems.append(SettingProblem(CONFIG, str(file), "expected names and values", hint))
        return {}
    return told


def _take(
    given: dict[str, tuple[Any, str]], values: Mapping[str, Any], source: str, problems: list[SettingProblem]
) -> None:
    """Takes the values of one source over those of the sources before it."""
    seen: dict[str, str] = {}
    for written, value in values.items():
        full = written.upper() if written.upper().startswith(PREFIX) else PREFIX + written.upper()
        name = full.removeprefix(PREFIX).lower()
        if name not in Settings.model_fields:
            problems.append(SettingProblem(full, source, "there is no such setting", _near(name)))
        elif name in seen:
            problems.append(SettingProblem(full, source, "expected once", f"it is written as {seen[name]} too"))
        elif value not in _NOT_SET:
            given[name] = (value, source)
        seen.setdefault(name, written)


def _near(name: str) -> str:
    near = get_close_matches(name, Settings.model_fields, n=1, cutoff=0.6)
    return f"did you mean {variable(near[0])}?" if near else "`refundry config show` lists all settings"


def _refused(detail: ErrorDetails, given: Mapping[str, tuple[Any, str]]) -> SettingProblem:
    name = str(detail["loc"][0])
    expected, hint = _expected(detail)
    default = Settings.model_fields[name].default
    if name == "hash_key":
        hint = "make one with: openssl rand -hex 32"
    if hint is None and default not in (None, "", ()):
        hint = f"default: {default}"
    return SettingProblem(variable(name), given[name][1], f"expected {expected}", hint)


def _expected(detail: ErrorDetails) -> tuple[str, str | None]:
    """What was expected, in words, and a hint if one is known. Never the value."""
    context: dict[str, Any] = detail.get("ctx", {})
    kind = detail["type"]
    if kind == "refused":
        return str(context["expected"]), str(context["hint"])
    if kind == "literal_error":
        return f"one of {', '.join(_QUOTED.findall(str(context['expected'])))}", None
    bounds = {
        "greater_than_equal": ("at least {ge}", context),
        "greater_than": ("more than {gt}", context),
        "less_than_equal": ("at most {le}", context),
        "string_too_short": ("at least {min_length} characters", context),
        "too_short": ("at least {min_length} characters", context),
        "string_too_long": ("at most {max_length} characters", context),
        "too_long": ("at most {max_length} characters", context),
    }
    if kind in bounds:
        text, values = bounds[kind]
        return text.format(**values), None
    if kind == "string_pattern_mismatch":
        return "at most 64 letters, digits, dots, dashes and underscores", None
    return "a whole number" if kind.startswith("int_") else "a plain text", None
