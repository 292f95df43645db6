import hashlib
import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.domain.reasons import ReasonCode
from app.texts import LOCALES, MissingKeyError, UnknownTemplateError, prepare, render
from app.texts.catalogue import KEYS, NOTIFICATIONS, Kind
from tests.texts.samples import everything, required_only, subsets

TIMES = "\N{MULTIPLICATION SIGN}"
ALL = list(itertools.product(LOCALES, NOTIFICATIONS))


@pytest.mark.parametrize(("locale", "template"), ALL)
def test_it_reads_well_whatever_optional_fields_are_there(locale, template):
    for data in subsets(template):
        rendered = render(template, locale, data)
        assert rendered.locale == locale
        assert rendered.subject
        assert rendered.body
        for text in (rendered.subject, *rendered.body.split("\n\n")):
            assert text, "an empty paragraph"
            assert text == text.strip()
            assert not re.search(r"  |None|\{|\}|\(\)|\uff08\uff09| [.,;]|undefined|\n$", text), text


@pytest.mark.parametrize(("locale", "template"), ALL)
def test_the_subject_is_one_short_line(locale, template):
    for data in subsets(template):
        subject = render(template, locale, data).subject
        assert "\n" not in subject
        assert len(subject) <= 90


@pytest.mark.parametrize(("locale", "template"), ALL)
def test_every_field_that_is_printed_appears(locale, template):
    shown = render(template, locale, everything(template))
    text = f"{shown.subject}\n{shown.body}"
    kind = NOTIFICATIONS[template]
    if "amount" in kind.required:
        assert "234" in text
    for key in ("order_id", "acquirer_reference_number", "credit_id"):
        if key in kind.keys:
            assert everything(template)[key] in text
    if "lines" in kind.keys:
        assert "Kimono" in text
        assert "l2" in text


@pytest.mark.parametrize(
    ("template", "key"), [(name, key) for name, kind in NOTIFICATIONS.items() for key in kind.required]
)
@pytest.mark.parametrize("absent", ["left out", "None"])
def test_a_required_field_that_is_absent_is_named(template, key, absent):
    data = required_only(template)
    del data[key]
    if absent == "None":
        data[key] = None
    with pytest.raises(MissingKeyError, match=f"^{template} needs {key}$"):
        render(template, "en", data)


def test_an_unknown_template_is_refused_with_the_known_ones():
    with pytest.raises(UnknownTemplateError, match="refund_sent"):
        render("refund_gone", "en", {})


def test_an_optional_field_may_be_none():
    data = required_only("refund_completed")
    assert render("refund_completed", "en", data) == render(
        "refund_completed", "en", {**data, "acquirer_reference_number": None}
    )


@pytest.mark.parametrize(("locale", "template"), [(ln, t) for ln, t in ALL if ln != "en"])
def test_no_text_of_another_language_leaks(locale, template):
    mine = render(template, locale, required_only(template))
    for other in LOCALES:
        if other != locale:
            theirs = render(template, other, required_only(template))
            assert mine.subject != theirs.subject
            assert not set(mine.body.split("\n\n")) & set(theirs.body.split("\n\n")), other


ENGLISH_ALONE = re.compile(r"\b(the|your|you|refund|this|that|and|with|has|been)\b", re.IGNORECASE)


@pytest.mark.parametrize(("locale", "template"), [(ln, t) for ln, t in ALL if ln != "en"])
def test_no_english_word_stands_in_another_language(locale, template):
    rendered = render(template, locale, everything(template))
    assert not ENGLISH_ALONE.findall(f"{rendered.subject} {rendered.body}")


PAID_BACK = {
    "en": r"refunded|paid back\b(?<!be paid back)",
    "de": r"erstattet|zurückgezahlt(?! werden)|überwiesen",
    "fr": r"remboursé|versé sur.* été",
    "es": r"reembolsad|hemos devuelto|abonad",
    "pt": r"reembolsad|reembolsamos|estornad",
    "nl": r"terugbetaald|teruggestort",
    "pl": r"zwróc|zwrócon|wypłacon",
    "ja": r"返金しました|返金いたしました|返金済",
}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("template", ["refund_acknowledged", "refund_approved", "refund_sent", "refund_delayed"])
def test_money_that_is_not_confirmed_is_never_called_refunded(locale, template):
    for data in subsets(template):
        rendered = render(template, locale, data)
        found = re.search(PAID_BACK[locale], f"{rendered.subject} {rendered.body}", re.IGNORECASE)
        assert not found, found


@pytest.mark.parametrize("locale", LOCALES)
def test_a_confirmed_refund_is_called_refunded(locale):
    rendered = render("refund_completed", locale, required_only("refund_completed"))
    assert re.search(PAID_BACK[locale], rendered.body, re.IGNORECASE)


@pytest.mark.parametrize(("locale", "template"), ALL)
def test_internal_codes_and_choices_are_never_printed(locale, template):
    choices = [key for key, kind in KEYS.items() if kind is Kind.CHOICE]
    data = {**everything(template), **dict.fromkeys(choices, "INTERNAL")}
    body = render(template, locale, data).body
    assert "INTERNAL" not in body
    assert not [code for code in (*ReasonCode, template) if "_" in code and code in body]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    ("template", "field", "one", "other"),
    [
        ("refund_approved", "method", "original", "store_credit"),
        ("refund_acknowledged", "statutory", False, True),
        ("refund_acknowledged", "scope", "full", "lines"),
    ],
)
def test_a_choice_changes_the_text(locale, template, field, one, other):
    data = everything(template) | {"credit": None} if template == "refund_approved" else everything(template)
    assert render(template, locale, data | {field: one}).body != render(template, locale, data | {field: other}).body


@pytest.mark.parametrize("locale", LOCALES)
def test_a_withdrawal_is_acknowledged_with_its_content_and_time(locale):
    for minute, amount in (("05", 1000), ("06", 2000)):
        data = required_only("refund_acknowledged") | {
            "statutory": True,
            "asked_at": f"2026-03-02T14:{minute}:00Z",
            "amount": {"amount_minor": amount, "currency": "EUR"},
        }
        body = render("refund_acknowledged", locale, data).body
        assert f":{minute}" in body
        assert "UTC" in body
        assert str(amount // 100) in body
        by_lines = render("refund_acknowledged", locale, data | {"lines": [{"line_id": "l1", "quantity": 3}]}).body
        assert re.search(rf"- (3 {TIMES} .*l1|.*l1 {TIMES} 3)", by_lines)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_withdrawal_is_acknowledged_with_the_amount_that_it_names_where_none_can_be_paid_yet(locale):
    data = required_only("refund_acknowledged") | {"statutory": True, "scope": "amount", "amount": None}
    body = render("refund_acknowledged", locale, data | {"requested": {"amount_minor": 2300, "currency": "EUR"}}).body
    assert "23" in body


def test_in_german_a_withdrawal_is_masculine_and_a_request_is_feminine():
    data = required_only("refund_acknowledged") | {"scope": "full"}
    for statutory, sentence in ((True, "Er umfasst die gesamte"), (False, "Sie umfasst die gesamte")):
        assert sentence in render("refund_acknowledged", "de", data | {"statutory": statutory}).body


@pytest.mark.parametrize("locale", LOCALES)
def test_goods_to_send_back_need_not_be_listed(locale):
    data = required_only("refund_return_needed")
    with_list, without = (render("refund_return_needed", locale, data | {"lines": x}).body for x in (data["lines"], []))
    assert without == "\n\n".join(p for p in with_list.split("\n\n") if not p.startswith("- "))


@pytest.mark.parametrize(
    ("locale", "subject", "body"),
    [
        (
            "en-GB",
            "Your refund of €1,234.56 for order A-1001 is complete",
            (
                "We have refunded €1,234.56 for order A-1001 to the payment method that you used. "
                "You will usually see it on your statement within 5 days."
            ),
        ),
        (
            "de_AT",
            "Ihre Erstattung von 1.234,56\xa0€ zur Bestellung A-1001 ist abgeschlossen",
            (
                "Wir haben Ihnen 1.234,56\xa0€ zur Bestellung A-1001 auf dem Weg erstattet, auf dem Sie bezahlt haben. "
                "Der Betrag erscheint üblicherweise innerhalb von 5 Tagen auf Ihrem Kontoauszug."
            ),
        ),
        (
            "ja",
            "ご注文 A-1001 の返金 €1,234.56 が完了しました",
            (
                "ご注文 A-1001 について、お支払い時と同じ方法で €1,234.56 を返金いたしました。"
                "通常、5日以内にご利用明細に反映されます。"
            ),
        ),
    ],
)
def test_a_completed_refund_reads_like_this(locale, subject, body):
    rendered = render("refund_completed", locale, required_only("refund_completed"))
    assert rendered == (locale[:2], subject, body)


def digest() -> str:
    prepare()
    texts = (render(template, locale, data) for locale, template in ALL for data in subsets(template))
    return hashlib.sha256(repr(list(texts)).encode()).hexdigest()


def test_another_process_writes_the_same_bytes():
    code = "from tests.texts.test_notifications import digest; print(digest())"
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LANG": "pl_PL.UTF-8"}
    environment["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
    other = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == digest()
