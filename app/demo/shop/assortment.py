"""Three shops: who they are, where they sell, what they sell, and what things cost there."""

from typing import NamedTuple


class Market(NamedTuple):
    """A country a shop sells to. `taxes`: code and rate in basis points; `price`: the usual range in minor units."""

    country: str
    locale: str
    currency: str
    prices_include_tax: bool
    taxes: tuple[tuple[str, int], ...]
    price: tuple[int, int]


class Shop(NamedTuple):
    """A merchant with its markets; the first sells most."""

    merchant_id: str
    markets: tuple[Market, ...]


class Article(NamedTuple):
    """Something to buy."""

    name: str
    category: str
    kind: str


NORDLICHT = Shop(
    "nordlicht",
    (
        Market("DE", "de-DE", "EUR", True, (("vat", 1900),), (690, 12900)),
        Market("FR", "fr-FR", "EUR", True, (("vat", 2000),), (690, 12900)),
        Market("PL", "pl-PL", "PLN", True, (("vat", 2300),), (2900, 49900)),
        Market("CH", "de-CH", "CHF", True, (("vat", 810),), (790, 14900)),
    ),
)
MAPLE = Shop(
    "maple-and-main",
    (
        Market("US", "en-US", "USD", False, (("state", 625), ("city", 225)), (499, 14900)),
        Market("CA", "en-CA", "CAD", False, (("gst", 500), ("pst", 700)), (699, 18900)),
        Market("GB", "en-GB", "GBP", True, (("vat", 2000),), (450, 11900)),
    ),
)
HARBOUR = Shop(
    "harbour-goods",
    (
        Market("JP", "ja-JP", "JPY", True, (("consumption", 1000),), (680, 19800)),
        Market("KW", "ar-KW", "KWD", False, (), (1250, 48500)),
        Market("BR", "pt-BR", "BRL", True, (("icms", 1700),), (2490, 69900)),
    ),
)
SHOPS = (NORDLICHT, MAPLE, HARBOUR)

ARTICLES = (
    Article("Linen shirt", "apparel", "physical"),
    Article("Wool scarf", "apparel", "physical"),
    Article("Rain jacket", "apparel", "physical"),
    Article("Desk lamp", "home", "physical"),
    Article("Enamel pot", "home", "physical"),
    Article("Headphones", "electronics", "physical"),
    Article("Power bank", "electronics", "physical"),
    Article("Wooden train", "toys", "physical"),
    Article("Jigsaw puzzle", "toys", "physical"),
    Article("Travel guide", "books", "physical"),
    Article("Novel", "books", "physical"),
    Article("E-book", "books", "digital"),
    Article("Sheet music, download", "music", "digital"),
    Article("Gift wrapping", "services", "service"),
    Article("Gift card", "vouchers", "gift_card"),
)
