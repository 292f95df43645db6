"""What people read: notifications to customers, in their language."""

from app.texts.book import prepare
from app.texts.catalogue import expires_at
from app.texts.fallback import LOCALES, choose
from app.texts.rendering import MissingKeyError, Rendered, TextError, UnknownTemplateError, render

__all__ = [
    "LOCALES",
    "MissingKeyError",
    "Rendered",
    "TextError",
    "UnknownTemplateError",
    "choose",
    "expires_at",
    "prepare",
    "render",
]
