"""All texts of one language, read from its folder and compiled once.

`locales/<locale>/<template>.txt` is a notification: the first paragraph is the subject, the others are the body.
`reasons.yaml` has a sentence for each reason code, `words.yaml` the small words and plural forms.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import yaml
from jinja2 import StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

from app.domain.reasons import Outcome
from app.texts import formats
from app.texts.catalogue import NOTIFICATIONS
from app.texts.fallback import LOCALES

OTHER = "other"
"""The entry of `reasons.yaml` for a code that a merchant's own policy rule gives."""


@dataclass(frozen=True)
class Book:
    """The texts of one language. A reason is a plain sentence, or a template where it says an amount."""

    locale: str
    notifications: Mapping[str, Template]
    reasons: Mapping[Outcome, Mapping[str, str | Template]]
    words: Mapping[str, Any]


@lru_cache(maxsize=len(LOCALES))
def book(locale: str) -> Book:
    """The texts of a language of `LOCALES`. What is missing or malformed there raises, whatever it is."""
    folder = resources.files(__package__) / "locales" / locale
    environment = _environment()
    reasons = _yaml(folder / "reasons.yaml")
    return Book(
        locale=locale,
        notifications={
            name: environment.from_string((folder / f"{name}.txt").read_text("utf-8")) for name in NOTIFICATIONS
        },
        reasons={
            outcome: {code: _sentence(environment, text) for code, text in reasons[outcome].items()}
            for outcome in Outcome
        },
        words=_yaml(folder / "words.yaml"),
    )


def prepare() -> None:
    """Reads and compiles all languages, so that a missing file stops the start and not the first customer, and no
    customer's event waits until a language is read.
    """
    for locale in LOCALES:
        book(locale)
        formats.prepare(locale)


def _environment() -> SandboxedEnvironment:
    # What is rendered is plain text, and escaping would put &amp; into mails; whoever makes HTML of it escapes there.
    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    for names in (environment.globals, environment.filters, environment.tests):
        names.clear()  # a text needs `if` and values, and can do nothing else
    return environment


def _sentence(environment: SandboxedEnvironment, text: str) -> str | Template:
    return environment.from_string(text) if "{" in text else text


def _yaml(file: Traversable) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    return content
