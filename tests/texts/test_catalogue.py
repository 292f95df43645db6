import ast
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from jinja2 import Environment, meta, nodes

import app.texts
from app.texts import LOCALES, expires_at
from app.texts.book import _environment, book
from app.texts.catalogue import KEYS, NOTIFICATIONS, Kind

FOLDER = Path(app.texts.__file__).parent / "locales"
NOW = datetime(2026, 3, 2, 14, 5, tzinfo=UTC)
CONTRACT = """refund_acknowledged refund_approved refund_denied refund_withdrawn refund_information_needed
refund_return_needed refund_sent refund_completed refund_delayed refund_failed store_credit_issued
dispute_bank_is_handling subscription_cancelled"""


def parsed(locale, template):
    return Environment().parse((FOLDER / locale / f"{template}.txt").read_text("utf-8"))


def test_the_notifications_are_those_of_the_contract():
    assert list(NOTIFICATIONS) == CONTRACT.split()


def test_every_language_has_a_folder_with_the_same_files():
    files = {folder.name: {file.name for file in folder.iterdir()} for folder in FOLDER.iterdir()}
    expected = {*(f"{name}.txt" for name in NOTIFICATIONS), "reasons.yaml", "words.yaml"}
    assert files == dict.fromkeys(LOCALES, expected)


@pytest.mark.parametrize("template", NOTIFICATIONS)
def test_every_language_uses_each_key_of_a_notification_and_no_other(template):
    for locale in LOCALES:
        used = meta.find_undeclared_variables(parsed(locale, template))
        notification = NOTIFICATIONS[template]
        expected = {*notification.required, *notification.optional}
        by_reason = {"refundable"}
        spare = {"request_id"}  # the customer may not need the number, the consumer does
        assert used <= expected
        assert expected - used <= by_reason | spare, locale


@pytest.mark.parametrize("template", NOTIFICATIONS)
def test_every_language_asks_the_same_questions(template):
    def asked(locale):
        tree = parsed(locale, template)
        return sorted({name.name for test in tree.find_all(nodes.If) for name in _names(test.test)})

    assert {locale: asked(locale) for locale in LOCALES} == dict.fromkeys(LOCALES, asked("en"))


def _names(node):
    return [node] if isinstance(node, nodes.Name) else list(node.find_all(nodes.Name))


@pytest.mark.parametrize("template", NOTIFICATIONS)
def test_choices_are_asked_and_never_printed(template):
    for locale in LOCALES:
        printed = {
            n.name for out in parsed(locale, template).find_all(nodes.Output) for n in out.nodes if hasattr(n, "name")
        }
        assert not [key for key in printed if KEYS[key] is Kind.CHOICE]


@pytest.mark.parametrize("template", NOTIFICATIONS)
def test_keys_are_known_required_or_optional_and_said_what_sets_it_off(template):
    notification = NOTIFICATIONS[template]
    assert set(notification.keys) <= set(KEYS)
    assert len(set(notification.keys)) == len(notification.keys)
    assert notification.trigger
    assert notification.until is None or KEYS[notification.until] is Kind.DEADLINE
    assert ("reasons" in notification.keys) == (notification.speaks_of is not None)


def test_no_key_is_defined_that_no_notification_uses():
    assert {key for notification in NOTIFICATIONS.values() for key in notification.keys} == set(KEYS)


@pytest.mark.parametrize("locale", LOCALES)
def test_the_small_words_are_complete(locale):
    words = book(locale).words
    counts = {key for key, kind in KEYS.items() if kind is Kind.COUNT}
    assert set(words) == {*counts, "more_lines", "line", "untitled", "between_sentences"}
    assert words["line"].format(count=2, title="T").count("T") == 1
    assert "l1" in words["untitled"].format(line_id="l1")


def test_a_text_can_do_nothing_but_ask_and_print():
    environment = _environment()
    assert [environment.globals, environment.filters, environment.tests] == [{}, {}, {}]


@pytest.mark.parametrize(
    ("template", "data", "expected"),
    [
        ("refund_sent", {}, NOW + timedelta(days=3)),
        ("refund_return_needed", {"return_by": "2026-04-01T12:00:00Z"}, datetime(2026, 4, 1, 12, tzinfo=UTC)),
        (
            "refund_return_needed",
            {"return_by": datetime(2026, 4, 1, 12, tzinfo=UTC)},
            datetime(2026, 4, 1, 12, tzinfo=UTC),
        ),
        ("refund_return_needed", {"return_by": date(2026, 4, 1)}, datetime(2026, 4, 2, tzinfo=UTC)),
        (
            "refund_return_needed",
            {"return_by": "2026-04-01", "timezone": "Europe/Berlin"},
            datetime(2026, 4, 1, 22, tzinfo=UTC),
        ),
        ("refund_return_needed", {"return_by": "2026-01-01T00:00:00Z"}, NOW),
        ("refund_information_needed", {}, NOW + timedelta(days=14)),
        ("refund_information_needed", {"answer_by": "2026-03-05T00:00:00Z"}, datetime(2026, 3, 5, tzinfo=UTC)),
    ],
)
def test_a_notification_is_stale_at_its_date_or_after_its_days(template, data, expected):
    assert expires_at(template, NOW, data) == expected


@pytest.mark.parametrize("template", NOTIFICATIONS)
def test_every_notification_is_stale_some_day_and_not_before_its_cause(template):
    assert NOW + timedelta(days=1) < expires_at(template, NOW, {}) < NOW + timedelta(days=60)


def test_the_table_of_reasons_imports_nothing_but_enum():
    tree = ast.parse((Path(app.texts.__file__).parent.parent / "domain" / "reasons.py").read_text())
    imported = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert imported == ["enum"]
