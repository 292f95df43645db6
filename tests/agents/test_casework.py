"""The journal's agent: what is said, under which ids, keys and causes, and how timers come back into the journal."""

import json
from datetime import UTC, datetime, timedelta
from typing import get_args

from agents.casework import SAID, snapshot_of
from app.domain import records
from app.domain.case import decode_case, encode_case
from app.domain.ids import derive
from tests.agents.shop import TRACE, Shop, check
from tests.domain.events import (
    alert,
    amount,
    asked,
    captured,
    delivered,
    dispute,
    erased,
    line,
    placed,
    refund,
    verdict,
    withdrawn,
)
from tests.domain.stories import policy

KEPT_INSIDE = {
    records.Advised,
    records.Compared,
    records.Entered,
    records.Exposed,
    records.Flagged,
    records.Matched,
    records.Recognised,
    records.Repeated,
    records.Requested,
    records.Scheduled,
    records.Shadowed,
    records.Strayed,
}
"""Records of which nobody but the case hears; snapshots and metrics tell of them."""

PAID = (placed(customer_id="c1"), captured("100.00", order_id="o1"), delivered())
OUT = (
    "refund-decisions",
    "refund-instructions",
    "chargeback-alerts",
    "customer-notifications",
    "ledger-entries",
    "case-snapshots",
)
CASE = "m1/o1"


def test_each_record_is_said_or_kept_inside_on_purpose():
    assert not KEPT_INSIDE & set(SAID)
    assert set(SAID) | KEPT_INSIDE == set(get_args(records.Record))


def outbound(shop: Shop) -> list[tuple[str, bytes | None, bytes | None]]:
    return [(out.topic, out.key, out.value) for out in shop.outputs if out.topic in OUT]


def run(shop: Shop) -> Shop:
    """A refund from request to success with a review, a dispute and a withdrawn request beside it."""
    shop.publish(*PAID, asked("r1", amount("60.00")), verdict("approve", request_id="r1"))
    instruction = shop.bodies("refund-instructions", "refund.execute")[-1]["instruction_id"]
    shop.publish(
        refund("submitted", "60.00", instruction_id=instruction),
        refund("succeeded", "60.00", instruction_id=instruction),
    )
    shop.publish(
        dispute("opened", "20.00"),
        dispute("funds_withdrawn", "20.00"),
        asked("r2", amount("30.00")),
        withdrawn("r2"),
        dispute("won"),
    )
    return shop


def reviewed() -> Shop:
    return Shop(policy(auto_approve_limit={"default": 2000}))


def test_the_same_input_gives_the_same_bytes_whatever_the_size_of_a_round():
    one, other = run(reviewed()), run(Shop(policy(auto_approve_limit={"default": 2000}), round_messages_max=1))
    assert outbound(one) == outbound(other)


def test_every_event_doubled_gives_the_same_ids():
    once, twice = reviewed(), reviewed()
    events = [*PAID, asked("r1", amount("10.00")), dispute("opened", "20.00")]
    stamped = [event.but(event_id=f"x{n}", occurred_at=f"2026-01-05T12:{n:02}:00Z") for n, event in enumerate(events)]
    once.publish(*stamped)
    for event in stamped:
        twice.publish(event)
        twice.now -= timedelta(seconds=1)  # the repetition comes at the same moment
        twice.publish(event)
    ids = [
        [json.loads(v or b"")["id"] for t, _, v in outbound(shop) if t != "case-snapshots"] for shop in (once, twice)
    ]
    assert ids[0] == ids[1]
    assert once.snapshot() == twice.snapshot()


def test_an_id_is_said_once():
    shop = run(reviewed())
    ids = [json.loads(value or b"")["id"] for topic, _, value in outbound(shop) if topic != "case-snapshots"]
    assert len(ids) == len(set(ids)) > 10


def test_a_decision_names_the_event_that_released_it_and_carries_its_trace():
    shop = Shop(policy(auto_approve_limit={"default": 2000}))
    shop.publish(*PAID, asked("r1"))
    out = shop.publish(verdict("approve").but(event_id="the verdict"))
    (decided,) = [o for o in out if o.topic == "refund-decisions"]
    assert json.loads(decided.value or b"")["cause"] == {"topic": "reviews", "event_id": "the verdict"}
    assert dict(decided.headers)["traceparent"] == TRACE


def test_a_timer_fires_into_the_journal_and_is_the_cause_at_its_due_time():
    shop = Shop()
    shop.publish(asked("r1"))
    asked_at = shop.now
    shop.later(days=3, hours=1)
    held, denied = shop.bodies("refund-decisions")
    assert (denied["type"], denied["cause"]) == ("refund.denied", {"timer": "request:r1"})
    assert denied["occurred_at"] == held["wait_until"]
    assert datetime.fromisoformat(held["wait_until"]) == asked_at.replace(day=asked_at.day + 3)
    fired = [
        json.loads(out.value or b"")
        for out in shop.outputs
        if out.topic == "case-events" and b"timer.fired" in (out.value or b"")
    ]
    assert [(one["name"], one["due_at"]) for one in fired] == [("request:r1", held["wait_until"])]


def test_a_snapshot_follows_each_round_that_touched_its_case_and_versions_grow():
    shop = run(reviewed())
    versions = [body["version"] for body in shop.bodies("case-snapshots")]
    assert versions == sorted(set(versions))
    last = shop.snapshot()
    assert last["case_id"] == "m1/o1"
    assert {request["request_id"]: request["status"] for request in last["requests"]} == {
        "r1": "approved",
        "r2": "withdrawn",
    }
    assert last["timeline"][-1]["type"] == "dispute.won"


def test_the_state_on_disk_is_the_state():
    for case in run(reviewed()).rows("cases").values():
        assert decode_case(encode_case(case)) == case


def test_ids_at_their_limit_go_all_the_way():
    long, merchant = "i" * 128, "m" * 64
    shop = Shop(policy(auto_approve_limit={"default": 2000}))
    ids = {"merchant_id": merchant}
    order = placed(line(long, "100.00", sku="s"), customer_id="c" * 128).but(**ids)
    events = [
        order,
        captured("100.00", long, order_id=long),
        asked("r" * 128),
        dispute("opened", "10.00", dispute_id="d" * 128, payment_id=long),
        refund("succeeded", "1.00", long, refund_id="x" * 128),
    ]
    shop.publish(*(event.but(**ids) for event in events), order_id=long)
    shop.later(days=20)
    assert not shop.letters()
    assert shop.bodies("chargeback-alerts", "review.overdue")


def test_an_alert_with_a_long_id_is_answered():
    shop = Shop()
    shop.publish(placed(), captured("100.00", order_id="o1"), alert("40.00", "a" * 128, "ethoca"))
    assert not shop.letters()
    assert [body["amount"]["amount_minor"] for body in shop.bodies("refund-decisions", "refund.approved")] == [4000]


def test_a_case_of_thousands_of_refunds_stays_below_the_limit_of_a_message():
    shop = Shop(snapshots=False)
    shop.publish(placed(line("l1", "1000.00", title="t" * 500)), captured("1000.00", order_id="o1"))
    shop.publish(*(refund("succeeded", "0.01", refund_id=f"{n:0128}") for n in range(3000)), commit=False)
    assert not shop.letters()
    last = snapshot_of(shop.rows("cases")["m1/o1"])
    check(last)
    assert len(last.value or b"") <= 900 * 1024
    told = json.loads(last.value or b"")
    assert told["payments"][0]["refunded_minor"] == 3000
    assert told["truncated"]


def test_an_erased_customer_is_a_token_in_case_history_and_everything_said_after():
    shop = Shop()
    shop.publish(*PAID, asked("r1", amount("10.00")))
    mark = len(shop.outputs)
    shop.publish(erased("c1", "gone-1"))
    assert shop.snapshot()["customer_id"] == "gone-1"
    shop.publish(asked("r2", amount("10.00")))
    assert not [out for out in shop.outputs[mark:] if out.topic in OUT and b'"c1"' in (out.value or b"")]
    assert {body["customer_id"] for body in shop.bodies("refund-decisions", request_id="r2")} == {"gone-1"}


def test_a_case_that_hears_of_its_customer_after_the_erasure_is_erased_too():
    shop = Shop()
    shop.publish(erased("c1", "gone-1").at("2026-01-05T13:00:00Z"), placed(customer_id="c1").at("2026-01-05T11:00:00Z"))
    assert shop.snapshot()["customer_id"] == "gone-1"


def test_of_an_erased_customer_no_row_keeps_the_id_by_which_they_asked():
    """Neither of a request before the erasure, nor of one whose publisher has not heard of it."""
    shop, own = Shop(), {"by": "customer", "requester_id": "cus-4711", "customer_id": "cus-4711"}
    shop.publish(placed(customer_id="cus-4711"), *PAID[1:], asked("r1", amount("10.00"), **own))
    assert shop.rows("cases")[CASE].requests["r1"].requester_id == "cus-4711"
    shop.publish(erased("cus-4711", "gone-1"), asked("r2", amount("10.00"), **own))
    case = shop.rows("cases")[CASE]
    assert [request.requester_id for request in case.requests.values()] == ["gone-1", "gone-1"]
    assert b"cus-4711" not in encode_case(case)


def test_who_asked_for_a_customer_stays_who_they_are_when_the_customer_is_erased():
    shop = Shop(policy(auto_approve_limit={"default": 0}))
    shop.publish(*PAID, asked("r1", amount("10.00"), by="support", requester_id="eve"), erased("c1", "gone-1"))
    shop.publish(asked("r2", amount("10.00"), by="support", requester_id="eve"), verdict("approve", "eve", "r2"))
    assert [row["requester_id"] for row in shop.snapshot()["requests"]] == ["eve", "eve"]
    assert shop.letters()[-1].code == "illegal_transition"


def test_what_a_case_says_of_a_late_erasure_is_no_trace_of_the_customer():
    """Ids of facts are hashes that anybody can reckon who guesses the customer's id."""
    shop = Shop()
    shop.publish(erased("c1", "gone-1").at("2026-01-05T13:00:00Z"), placed(customer_id="c1").at("2026-01-05T11:00:00Z"))
    assert shop.snapshot()["cause"] == {"topic": "customers", "event_id": "erased:gone-1"}
    told = derive("act", "order_placed", CASE, "c1")
    assert told in {fact["activity_id"] for fact in shop.bodies("customer-activity", "activity.recorded")}
    assert not [
        out for out in shop.outputs if out.topic in (*OUT, "case-events") and told.encode() in (out.value or b"")
    ]


def test_an_erasure_that_comes_again_leaves_the_orders_that_came_since():
    shop, gone = Shop(), erased("c1", "gone-1").but(event_id="gone").at("2026-01-05T12:00:00Z")
    shop.publish(gone, placed(customer_id="c1").at("2026-01-05T13:00:00Z"), gone)
    assert shop.snapshot()["customer_id"] == "c1"


def test_an_order_amended_to_a_customer_is_erased_with_them():
    shop = Shop()
    shop.publish(
        placed(), placed(line("l1", "100.00"), customer_id="c1").but(type="order.amended"), erased("c1", "gone-1")
    )
    assert shop.snapshot()["customer_id"] == "gone-1"


def test_before_the_day_from_which_we_act_nothing_is_instructed_told_or_alerted():
    shop = Shop(act_from=datetime(2026, 2, 1, tzinfo=UTC))
    shop.publish(*PAID, asked("r1", amount("10.00")), dispute("opened", "20.00"))
    assert shop.bodies("refund-decisions")[0]["historical"] is True
    assert not [
        out.topic
        for out in shop.outputs
        if out.topic in ("refund-instructions", "customer-notifications", "chargeback-alerts")
    ]
    shop.later(days=27)
    shop.publish(asked("r2", amount("10.00")))
    assert shop.bodies("refund-decisions", request_id="r2")[0]["historical"] is False
    assert shop.bodies("refund-instructions", "refund.execute", request_id="r2")


def test_the_customer_reads_their_language_and_the_nearest_one_else():
    shop = Shop()
    shop.publish(
        placed(locale="de-AT"),
        captured("100.00", order_id="o1"),
        asked("r1", amount("10.00")),
        asked("r2", amount("10.00"), locale="sv"),
    )
    told = {
        body["request_id"]: (body["requested_locale"], body["locale"]) for body in shop.bodies("customer-notifications")
    }
    assert told == {"r1": ("de-AT", "de"), "r2": ("sv", "en")}


def test_a_dispute_that_goes_where_its_network_knows_no_way_is_counted_by_family():
    shop = Shop()
    claim = dispute("opened", "100.00", network="amex", reason_code="C08")
    shop.publish(*PAID, claim, dispute("escalated", stage="arbitration"), dispute("lost"))
    assert shop.desk.strayed_disputes == {"amex": 1}
    assert shop.snapshot()["flags"] == ["illegal_transition"]
    assert not shop.letters()


def test_what_came_of_events_is_counted_by_topic_and_result():
    shop = reviewed()
    same = {"event_id": "same", "occurred_at": "2026-01-05T12:00:00Z"}
    shop.publish(placed().but(**same), placed().but(**same))
    shop.publish(captured("100.00", order_id="o1", capture_id="c"), captured("99.00", order_id="o1", capture_id="c"))
    shop.publish(asked("r1", amount("60.00")), asked("r2", amount("10.00")))
    shop.append("orders", b"o1", b"not JSON")
    assert dict(shop.desk.results) == {
        ("orders", "applied"): 2,  # the order, and the request that is approved at once
        ("orders", "duplicate"): 1,
        ("orders", "held"): 1,
        ("orders", "dead_lettered"): 1,
        ("payments", "applied"): 1,
        ("payments", "dead_lettered"): 1,
    }
