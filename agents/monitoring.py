"""Listens to `merchant-activity`: counts per merchant and network, and says when a programme's threshold comes near, is
crossed, or is left again.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from agents.desk import Desk
from agents.saying import encoded
from app.domain.ids import derive
from app.domain.programmes import (
    Measure,
    Standing,
    count,
    decode_standing,
    encode_standing,
    following,
    measures,
    news,
)
from app.domain.publishing import Outbound
from app.domain.rates import convert
from app.runtime.topology import Agent, Batch, Round, TableSpec
from topics.catalogue import ALERTS, MERCHANT_ACTIVITY
from topics.journal import Origin, read_count, unpack

TABLE = "standings"


def agent(desk: Desk) -> Agent:
    """The agent of the programmes."""

    def handle(batch: Batch, round_: Round) -> None:
        """Counts for the merchant and network, and tells of each threshold that is neared, crossed or left."""
        rows = round_.table(TABLE, batch.partition)
        for message in batch.messages:
            round_.at(message)
            assert message.key is not None
            assert message.value is not None
            key = message.key.decode()
            standing = rows.get(key) or Standing()
            event = read_count(message.value)
            month = count(standing, event, usd_minor=_usd(desk, event))
            origin, trace = unpack(message.headers)
            for measure, said in _news(desk, standing, event, month):
                round_.publish(encoded(_alert(measure, said, origin, event), trace))
            rows.put(key, standing, due=None)

    return Agent("monitoring", MERCHANT_ACTIVITY, handle)


def _usd(desk: Desk, event: Any) -> int:
    if event.amount is None:
        return 0
    rate = desk.rates.find(event.amount.currency, "USD", event.occurred_at.date())
    return convert(event.amount.amount_minor, event.amount.currency, "USD", rate.value) if rate else 0


def _news(desk: Desk, standing: Standing, event: Any, month: str) -> Iterator[tuple[Measure, str]]:
    """A sale moves the ratios of its month and of the next, a dispute those of its own."""
    terms = desk.policies.speaking(event.merchant_id, event.occurred_at).monitoring
    months = [month, following(month)] if event.kind == "sale" else [month]
    for name in months:
        if name not in standing.months or not standing.months[name].is_noted:
            continue
        for measure in measures(standing, event.network, name, region=terms.region, regulated=terms.regulated):
            said = news(standing, measure)
            if said is not None and not desk.is_historical(_told_at(event)):
                yield measure, said


def _told_at(event: Any) -> datetime:
    """The time of the cause, as alerts state it: what is counted may be of another month."""
    at: datetime = event.told_at or event.occurred_at
    return at


def _alert(measure: Measure, said: str, origin: Origin, event: Any) -> Outbound:
    body = {
        "id": derive("prg", event.merchant_id, measure.programme, measure.month, said),
        "type": f"programme.threshold_{said}",
        "schema_version": 1,
        "occurred_at": _told_at(event),
        "merchant_id": event.merchant_id,
        "cause": {"topic": origin.topic, "event_id": origin.released},
        "order_id": None,
        "customer_id": None,
        "programme": measure.programme,
        "month": measure.month,
        "count": measure.count,
        "ratio_bps": measure.ratio_bps(),
        "threshold": {"count": measure.threshold.count, "ratio_bps": measure.threshold.bps},
        "amount_minor": measure.amount_minor,
        "projected_ratio_bps": measure.ratio_bps(measure.projected),
        "left_before_breach": measure.left,
    }
    return Outbound(ALERTS, event.merchant_id, body)


def _expire(round_: Round, partition: int, key: str, due: int, now: int) -> None:
    """Standings have no timers."""
    raise AssertionError((round_, partition, key, due, now))


def table() -> TableSpec[Standing]:
    """The table of standings."""
    return TableSpec(TABLE, (MERCHANT_ACTIVITY,), encode_standing, decode_standing, _expire)
