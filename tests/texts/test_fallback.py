import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.texts import LOCALES, choose, render


@pytest.mark.parametrize(
    ("requested", "locale"),
    [
        *((locale, locale) for locale in LOCALES),
        ("de-AT", "de"),
        ("de_AT", "de"),
        ("DE-at", "de"),
        ("pt-BR", "pt"),
        ("pt_BR.UTF-8", "pt"),
        ("fr-CA", "fr"),
        ("es-419", "es"),
        ("de@euro", "de"),
        ("ja-JP-u-ca-japanese", "ja"),
        ("nl-Latn-BE", "nl"),
        (" pl ", "pl"),
        ("en-US", "en"),
        ("sv", "en"),
        ("sv-SE", "en"),
        ("zh-Hans", "en"),
        ("x-de", "en"),
        ("deu", "en"),
        ("", "en"),
        ("-", "en"),
        ("_de", "en"),
        ("de-", "en"),
        ("de--AT", "en"),
        ("C", "en"),
        ("POSIX", "en"),
        ("../de", "en"),
        ("de/../fr", "en"),
        ("dé", "en"),
        ("de\n", "de"),
        ("d" * 5000, "en"),
    ],
)
def test_the_nearest_language_is_chosen(requested, locale):
    assert choose(requested) == locale


@given(st.text())
def test_any_text_gets_a_language(requested):
    assert choose(requested) in LOCALES


def test_the_text_says_which_language_it_is_in():
    assert render("refund_withdrawn", "de-CH", {"order_id": "o", "request_id": "r"}).locale == "de"
