"""Many events on one case, from the door to what is published: each is counted once, none is lost, rounds stay small."""

from collections import Counter

from app.runtime.round import OUTPUT_BYTES_MAX
from tests.agents.shop import Shop
from tests.domain.events import captured, line, placed
from tests.domain.test_many_events import chapter
from topics.catalogue import OUTBOUND

CHAPTERS = 60


def test_what_comes_in_is_applied_absorbed_or_refused_whatever_the_case_holds() -> None:
    shop = Shop(round_messages_max=200)
    shop.publish(placed(line("l1", "1000.00", 1000)), captured("1000.00", "p0", order_id="o1"))
    rows = []
    for n in range(CHAPTERS):
        shop.publish(*(said.but(order_id="o1") for said in chapter(n)), commit=False)
        rows.append(len(shop.log._stores["cases"].get(b"m1/o1") or b""))
    results: Counter[str] = Counter()
    for (topic, result), count in shop.desk.results.items():
        if topic in ("orders", "payments", "disputes", "reviews"):
            results[result] += count
    assert results.total() == 2 + 20 * CHAPTERS
    assert results["dead_lettered"] == len(shop.letters()) == CHAPTERS
    assert {letter.code for letter in shop.letters()} == {"id_conflict"}
    assert max(rows[n + 10] - rows[n] for n in range(CHAPTERS - 10)) < 10 * 20 * 150
    said = [len(output.value or b"") for output in shop.outputs if output.topic in OUTBOUND]
    assert len(said) > 20 * CHAPTERS
    assert max(said) <= OUTPUT_BYTES_MAX
