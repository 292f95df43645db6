"""The connection to Redis, with every patience explicit: nobody waits for a hint longer than for the truth."""

from typing import Final

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.readside.keys import Keys
from app.settings import Settings
from app.settings.problems import ConfigurationError, SettingProblem

CONNECT_S: Final = 2.0
CALL_S: Final = 5.0
"""A Redis that takes longer for one call counts as away."""


def connect(settings: Settings) -> Redis:
    """A client for REDIS_URL, TLS where that says `rediss://`. Nothing is sent yet.

    Raises `ConfigurationError` where there is no URL, or one with options that Redis clients do not know.
    """
    if settings.redis_url is None:
        raise _refused(settings, "the read side needs it", "like redis://localhost:6379/0")
    try:
        # it does not retry by itself: who calls knows what to do meanwhile
        client = Redis.from_url(
            settings.redis_url.get_secret_value(),
            socket_connect_timeout=CONNECT_S,
            socket_timeout=CALL_S,
            retry=Retry(NoBackoff(), 0),
            client_name="refundry",
        )
        # connects nothing, but looks at the options of the URL, which the first call would do
        client.connection_pool.connection_class(**client.connection_pool.connection_kwargs)
    except (ValueError, TypeError, RedisError) as error:
        raise _refused(settings, "its options are not understood", "take out what stands behind the ?") from error
    return client


def keys_of(settings: Settings) -> Keys:
    """The keys of this installation."""
    return Keys(settings.app_id, settings.topic_prefix)


def _refused(settings: Settings, message: str, hint: str) -> ConfigurationError:
    return ConfigurationError([SettingProblem("REFUNDRY_REDIS_URL", settings.source_of("redis_url"), message, hint)])
