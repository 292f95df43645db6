"""The lives that are measured are what they are said to be, and their means are right."""

from itertools import chain

from tests.agents.shop import Shop
from tests.bench.disputes import BEGAN, DISPUTE, OPENED, ORDER, Lives, Wave, _captured, _earlier, _sent, mean


def test_a_mean_counts_each_event_as_often_as_it_comes():
    often, rare = Wave("often", 3.0, 10, 10e-6), Wave("rare", 1.0, 2, 10e-6)
    assert mean([often, rare]) == (3 * 1 + 1 * 5) / 4
    assert Lives([often], [rare]).ratio == 5


def test_every_event_is_read_and_the_disputes_are_answered_with_what_is_claimed_of_them():
    shop = Shop()
    told = chain(
        _earlier(),
        (event for event, *_ in ORDER),
        [_captured("", BEGAN)],
        (event for event, *_ in (*OPENED[:1], *DISPUTE)),
    )
    for number, event in enumerate(told):
        sent = _sent(*event(0), f"w{number}", number)
        shop.append(sent.topic, sent.key, sent.value, timestamp=sent.at)
    assert not shop.letters()
    revisions = shop.bodies("chargeback-alerts", "dispute.action_required")
    assert [(body["compelling_evidence"] or {}).get("status") for body in revisions] == [None, "qualified"]
    assert [body["outcome"] for body in shop.bodies("chargeback-alerts", "dispute.closed")] == ["won"]
    (approved,) = shop.bodies("refund-decisions", "refund.approved")
    assert approved["amount"]["amount_minor"] == 4400
