"""The read side as commands use it: a quick answer, or a line that says why Kafka is read instead."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from app.settings import Settings

if TYPE_CHECKING:
    from app.readside.answering import Answers, Found


def asked(settings: Settings, question: "Callable[[Answers], list[Found]]") -> "list[Found]":
    """What the read side knows. Empty: it is not set up, or does not know; then Kafka, the truth, is to be read.

    ConfigurationError where REDIS_URL cannot be used.
    """
    if settings.redis_url is None:
        return []
    # a third of a second, which those without a read side can do without
    from redis import RedisError  # noqa: PLC0415 - as said

    from app.readside.answering import Answers, StaleError  # noqa: PLC0415 - the same
    from app.readside.connecting import connect, keys_of  # noqa: PLC0415 - the same

    client = connect(settings)
    try:
        return question(Answers(client, keys_of(settings)))
    except StaleError as stale:
        why = str(stale)
    except RedisError as error:
        why = f"{type(error).__name__}: {error}"
    finally:
        client.close()
    click.echo(f"refundry: the read side does not answer, so Kafka is read ({why})", err=True)
    return []
