"""The broker of the tier `kafka`, for real data that is streamed through it."""

from tests.kafka.conftest import bootstrap, own_broker  # noqa: F401  fixtures, used by their names
