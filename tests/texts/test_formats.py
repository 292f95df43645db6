from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from app.texts import LOCALES
from app.texts.book import book
from app.texts.formats import day, deadline, instant, moment, money, plural, zone
from app.texts.wording import counted
from topics.currencies import EXPONENTS

NB, NNB = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"

MONEY = {
    "en": ("€12.34", "¥1,200", f"KWD{NB}1.234", f"CLF{NB}1.2345", "-$1,234.05"),
    "de": (f"12,34{NB}€", f"1.200{NB}¥", f"1,234{NB}KWD", f"1,2345{NB}CLF", f"-1.234,05{NB}$"),
    "fr": (f"12,34{NB}€", f"1{NNB}200{NB}JPY", f"1,234{NB}KWD", f"1,2345{NB}CLF", f"-1{NNB}234,05{NB}$US"),
    "es": (f"12,34{NB}€", f"1.200{NB}JPY", f"1,234{NB}KWD", f"1,2345{NB}CLF", f"-1.234,05{NB}US$"),
    "pt": (f"€{NB}12,34", f"JP¥{NB}1.200", f"KWD{NB}1,234", f"CLF{NB}1,2345", f"-US${NB}1.234,05"),
    "nl": (f"€{NB}12,34", f"JP¥{NB}1.200", f"KWD{NB}1,234", f"CLF{NB}1,2345", f"US${NB}-1.234,05"),
    "pl": (f"12,34{NB}€", f"1{NB}200{NB}JPY", f"1,234{NB}KWD", f"1,2345{NB}CLF", f"-1{NB}234,05{NB}USD"),
    "ja": ("€12.34", "￥1,200", f"KWD{NB}1.234", f"CLF{NB}1.2345", "-$1,234.05"),
}
AMOUNTS = ((1234, "EUR"), (1200, "JPY"), (1234, "KWD"), (12345, "CLF"), (-123405, "USD"))


@pytest.mark.parametrize(
    ("locale", "minor", "currency", "text"),
    [(locale, *AMOUNTS[i], text) for locale, texts in MONEY.items() for i, text in enumerate(texts)],
)
def test_money_is_written_as_the_language_does(locale, minor, currency, text):
    assert money(locale, minor, currency) == text


def test_the_table_of_money_has_every_language():
    assert set(MONEY) == set(LOCALES)


@pytest.mark.parametrize(("minor", "text"), [(0, "€0.00"), (5, "€0.05"), (99, "€0.99"), (100, "€1.00"), (-5, "-€0.05")])
def test_small_amounts_keep_their_zeros(minor, text):
    assert money("en", minor, "EUR") == text


@pytest.mark.parametrize("currency", ["ISK", "UGX", "IQD", "MGA", "UYW"])
def test_decimals_are_those_of_iso_4217_whatever_the_cldr_says(currency):
    digits = money("en", 10 ** EXPONENTS[currency], currency).removeprefix(currency).strip()
    assert digits == ("1" if EXPONENTS[currency] == 0 else f"1.{'0' * EXPONENTS[currency]}")


@given(st.sampled_from(LOCALES), st.integers(-(2**53) + 1, 2**53 - 1), st.sampled_from(sorted(EXPONENTS)))
def test_no_digit_of_an_amount_is_lost_or_invented(locale, minor, currency):
    text = money(locale, minor, currency)
    shown = int("".join(c for c in text if c.isdigit()))
    assert shown == abs(minor)
    assert ("-" in text) == (minor < 0)


@given(st.sampled_from(LOCALES), st.integers(0, 10**12))
def test_money_agrees_with_babel_where_the_decimals_agree(locale, minor):
    whole, rest = divmod(minor, 100)
    expected = format_currency(Decimal(f"{whole}.{rest:02d}"), "EUR", locale=locale)
    assert money(locale, minor, "EUR") == expected


def test_an_unknown_currency_is_an_error():
    with pytest.raises(KeyError):
        money("en", 1, "XXX")


DATES = {
    "en": "March 2, 2026",
    "de": "2. März 2026",
    "fr": "2 mars 2026",
    "es": "2 de marzo de 2026",
    "pt": "2 de março de 2026",
    "nl": "2 maart 2026",
    "pl": "2 marca 2026",
    "ja": "2026年3月2日",
}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    "value",
    ["2026-03-02", "2026-03-02T14:05:09Z", date(2026, 3, 2), datetime(2026, 3, 2, 14, 5, tzinfo=UTC)],
)
def test_a_day_is_the_same_in_every_raw_form(locale, value):
    assert day(locale, value, UTC) == DATES[locale]


MOMENTS = {
    "en": "March 2, 2026, 3:05 PM UTC+1",
    "de": "2. März 2026, 15:05 UTC+1",
    "fr": "2 mars 2026, 15:05 UTC+1",
    "es": "2 de marzo de 2026, 15:05 UTC+1",
    "pt": "2 de março de 2026 15:05 UTC+1",
    "nl": "2 maart 2026, 15:05 UTC+1",
    "pl": "2 marca 2026 15:05 UTC+1",
    "ja": "2026年3月2日 15:05 UTC+1",
}


@pytest.mark.parametrize("locale", LOCALES)
def test_a_moment_has_date_time_and_distance_from_utc(locale):
    assert moment(locale, "2026-03-02T14:05:59.9Z", zone("Europe/Berlin")) == MOMENTS[locale]


@pytest.mark.parametrize(
    ("value", "name", "expected"),
    [
        ("2026-03-02T23:30:00Z", "Europe/Berlin", "March 3, 2026, 12:30 AM UTC+1"),
        ("2026-07-02T22:30:00Z", "Europe/Berlin", "July 3, 2026, 12:30 AM UTC+2"),
        ("2026-03-02T02:00:00Z", "America/Los_Angeles", "March 1, 2026, 6:00 PM UTC-8"),
        ("2026-03-02T02:00:00Z", "Asia/Kathmandu", "March 2, 2026, 7:45 AM UTC+5:45"),
        ("2026-03-02T02:00:00Z", "America/St_Johns", "March 1, 2026, 10:30 PM UTC-3:30"),
        ("2026-03-02T02:00:00+02:00", None, "March 2, 2026, 12:00 AM UTC"),
        ("2026-03-02T02:00:00Z", "No/Such_Zone", "March 2, 2026, 2:00 AM UTC"),
        ("2026-03-02T02:00:00Z", "../../etc/passwd", "March 2, 2026, 2:00 AM UTC"),
    ],
)
def test_times_are_those_of_the_zone_else_utc(value, name, expected):
    assert moment("en", value, zone(name)) == expected
    assert expected.startswith(day("en", value, zone(name)))


def test_a_deadline_names_the_time_if_it_has_one():
    assert deadline("en", "2026-03-02", UTC) == "March 2, 2026"
    assert deadline("en", "2026-03-02T12:00:00Z", UTC) == "March 2, 2026, 12:00 PM UTC"


def test_a_day_is_no_moment():
    with pytest.raises(TypeError):
        moment("en", "2026-03-02", UTC)


@pytest.mark.parametrize("value", ["yesterday", "2026-13-01", "2026-02-30T00:00:00Z", ""])
def test_what_is_no_time_is_an_error(value):
    with pytest.raises(ValueError, match=r"Invalid isoformat|must be in|out of range"):
        instant(value)


def test_the_same_instant_with_another_offset_is_the_same_day():
    there = datetime(2026, 3, 3, 1, 0, tzinfo=timezone(timedelta(hours=9)))
    assert day("en", there, UTC) == "March 2, 2026"


PLURALS = {
    "en": {0: "within 0 days", 1: "within 1 day", 2: "within 2 days"},
    "de": {1: "innerhalb von 1 Tag", 2: "innerhalb von 2 Tagen"},
    "fr": {0: "sous 0 jour", 1: "sous 1 jour", 2: "sous 2 jours", 1_000_000: "sous 1000000 jours"},
    "es": {1: "en el plazo de 1 día", 5: "en el plazo de 5 días"},
    "pt": {0: "em até 0 dia", 1: "em até 1 dia", 5: "em até 5 dias"},
    "nl": {1: "binnen 1 dag", 5: "binnen 5 dagen"},
    "pl": {1: "w ciągu 1 dnia", 2: "w ciągu 2 dni", 5: "w ciągu 5 dni"},
    "ja": {1: "1日以内に", 5: "5日以内に"},
}
POLISH = {
    1: "artykuł", 2: "artykuły", 3: "artykuły", 4: "artykuły", 5: "artykułów", 11: "artykułów", 12: "artykułów",
    14: "artykułów", 15: "artykułów", 21: "artykułów", 22: "artykuły", 25: "artykułów", 101: "artykułów",
    102: "artykuły", 112: "artykułów", 122: "artykuły",
}  # fmt: skip


@pytest.mark.parametrize(
    ("locale", "count", "text"), [(ln, n, t) for ln, row in PLURALS.items() for n, t in row.items()]
)
def test_counts_take_the_plural_form_of_the_language(locale, count, text):
    assert counted(locale, book(locale).words["expected_days"], count) == text


@pytest.mark.parametrize(("count", "noun"), POLISH.items())
def test_polish_has_three_forms(count, noun):
    assert counted("pl", book("pl").words["more_lines"], count) == f"i jeszcze {count} {noun}"


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("phrase", ["expected_days", "more_lines"])
def test_every_form_that_small_numbers_take_is_written(locale, phrase):
    forms = book(locale).words[phrase]
    assert {plural(locale, n) for n in range(200)} <= set(forms)
    assert all("{count}" in form for form in forms.values())
