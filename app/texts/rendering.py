"""From a template, a locale and raw fields to a subject and a body that a person reads."""

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from functools import lru_cache
from typing import Any, NamedTuple

from jinja2 import Template
from jinja2.runtime import Context

from app.domain.reasons import OUTCOMES, Outcome
from app.texts.book import OTHER, Book, book
from app.texts.catalogue import KEYS, NOTIFICATIONS, Kind
from app.texts.fallback import choose
from app.texts.formats import day, deadline, moment, money, zone
from app.texts.wording import PROSE_MAX, TEXT_MAX, counted, listed, plain, shortened

SUBJECT_MAX = 150

_Print = Callable[[Book, tzinfo, Any], Any]
_OUTCOMES: Mapping[str, Outcome] = {reason.value: outcome for reason, outcome in OUTCOMES.items()}


class Rendered(NamedTuple):
    """What a customer reads, in which language. Plain text: paragraphs of the body are parted by an empty line."""

    locale: str
    subject: str
    body: str


class TextError(Exception):
    """The caller asked for what the catalogue does not have, or left out what it asks for."""


class UnknownTemplateError(TextError):
    """There is no notification of that name."""


class MissingKeyError(TextError):
    """A required key is absent or None."""


class _Step(NamedTuple):
    key: str
    required: bool
    print: _Print


def render(template: str, locale: str, data: Mapping[str, Any]) -> Rendered:
    """Writes a notification in the locale that was asked for, or the nearest that there are texts in.

    `data` has the raw fields of `catalogue.KEYS`; keys that the template does not use are left alone. The same
    arguments give the same text. Raises `UnknownTemplateError` and `MissingKeyError`; a value of another form than
    its key has raises as the conversion does.
    """
    steps = _steps(template)
    texts = book(choose(locale))
    tz = zone(data.get("timezone"))
    values: dict[str, Any] = {}
    for key, required, write in steps:
        raw = data.get(key)
        if raw is not None:
            values[key] = write(texts, tz, raw)
        elif required:
            raise MissingKeyError(f"{template} needs {key}")
        else:
            values[key] = ""
    if "reasons" in values:
        values["reasons"] = _reasons(template, texts, values)
    text = _written(texts.notifications[template], values)
    subject, *body = [paragraph for raw in text.split("\n\n") if (paragraph := raw.strip())]
    return Rendered(texts.locale, shortened(subject, SUBJECT_MAX), "\n\n".join(body))


def _written(template: Template, values: dict[str, Any]) -> str:
    """What `Template.render` does, without the copies of values and globals that it makes for each text."""
    context = Context(template.environment, values, template.name, template.blocks)
    return "".join(template.root_render_func(context))


@lru_cache(maxsize=len(NOTIFICATIONS))
def _steps(template: str) -> tuple[_Step, ...]:
    notification = NOTIFICATIONS.get(template)
    if notification is None:
        raise UnknownTemplateError(f"no notification is called {template!r}; known: {', '.join(NOTIFICATIONS)}")
    return tuple(_Step(key, key in notification.required, _printer(key)) for key in notification.keys)


def _printer(key: str) -> _Print:
    match KEYS[key]:
        case Kind.TEXT:
            return lambda _texts, _tz, raw: plain(raw, TEXT_MAX)
        case Kind.PROSE:
            return lambda _texts, _tz, raw: plain(raw, PROSE_MAX)
        case Kind.MONEY:
            return lambda texts, _tz, raw: money(texts.locale, raw["amount_minor"], raw["currency"])
        case Kind.DAY:
            return lambda texts, tz, raw: day(texts.locale, raw, tz)
        case Kind.DEADLINE:
            return lambda texts, tz, raw: deadline(texts.locale, raw, tz)
        case Kind.MOMENT:
            return lambda texts, tz, raw: moment(texts.locale, raw, tz)
        case Kind.COUNT:
            return lambda texts, _tz, raw: counted(texts.locale, texts.words[key], raw)
        case Kind.LINES:
            return lambda texts, _tz, raw: listed(texts.locale, texts.words, raw)
        case Kind.REASONS | Kind.CHOICE:
            return lambda _texts, _tz, raw: raw


def _reasons(template: str, texts: Book, values: Mapping[str, Any]) -> str:
    """The sentences of the codes that this notification speaks of, each once.

    Advice to staff stands among the reasons of an approval, and other rules among those of a denial: neither is told.
    """
    outcome = NOTIFICATIONS[template].speaks_of
    assert outcome is not None
    codes: Sequence[str] = [code for code in values["reasons"] if _OUTCOMES.get(code, outcome) is outcome]
    if outcome is Outcome.DENY:
        codes = codes[:1]
    sentences = texts.reasons[outcome]
    told: dict[str, None] = {}
    for code in codes:
        sentence = sentences.get(code) or sentences[OTHER]
        told[sentence if isinstance(sentence, str) else sentence.render(values)] = None
    return str(texts.words["between_sentences"].join(told))
