"""Policies tried on the year of the real shop: a restocking fee, and a window that begins in the middle of the year.

Each trial is a replay under the new policies and a backtest of them against the old ones; what both say is reckoned
here a second time, from the rules as they are written and from the rows of the set, with whole numbers and a calendar.
"""

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.real.conftest import Year
from tests.real.online_retail import DATA, GOODS, POLICY, UNKNOWN_ORDER, Stream
from tests.real.replaying import last_decisions, refundry

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.exists(), reason="lacks ../shared/data/online_retail/online_retail.csv.gz"),
]

UNTIL = "2012-01-01T00:00:00Z"
LIMIT_PENCE = 1_000_000
PERCENT = 15
RESTOCKING = f"""\
fees:
  restocking: {{rate: "0.15", categories: [{GOODS}], conditions: [new], reasons: [other]}}
"""
SECOND_STARTS, WINDOW = datetime(2011, 7, 1, tzinfo=UTC), timedelta(days=14)
SECOND = (
    POLICY.replace("version: 1", "version: 2")
    .replace("2010-01-01T00:00:00Z", "2011-07-01T00:00:00Z")
    .replace("days: 3650", "days: 14")
    + "staff_override: []\n"
)


class Outcome(NamedTuple):
    """What must become of a request: its outcome, and the pence that are paid."""

    outcome: str
    pence: int


class Trial(NamedTuple):
    """What a replay under the new policies decided, what a backtest of them told, and what both must say."""

    decided: dict[str, Outcome]
    told: dict[str, Any]
    old: dict[str, Outcome]
    new: dict[str, Outcome]


def tried(folder: Path, year: Year, policies: dict[str, str], *, percent: int, late_from: datetime | None) -> Trial:
    events, old, new = year.file, folder / "old", folder / "new"
    for place, files in ((old, {"first": POLICY}), (new, policies)):
        place.mkdir()
        for name, text in files.items():
            (place / f"{name}.yaml").write_text(text)
    out = folder / "out.jsonl"
    refundry("replay", events, "--policies", new, "--out", out, "--until", UNTIL)
    done = refundry("policy", "backtest", new, "--old", old, "--events", events, "--until", UNTIL, "--output", "json")
    decided = {
        request_id: Outcome(
            decision["type"].removeprefix("refund."),
            decision["amount"]["amount_minor"] if decision["type"] == "refund.approved" else 0,
        )
        for request_id, decision in last_decisions(out).items()
    }
    return Trial(
        decided,
        json.loads(done.stdout),
        reckoned(year.stream, percent=0, late_from=None),
        reckoned(year.stream, percent=percent, late_from=late_from),
    )


@pytest.fixture(scope="module")
def restocking(year: Year, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    folder = tmp_path_factory.mktemp("restocking")
    return tried(folder, year, {"first": POLICY + RESTOCKING}, percent=PERCENT, late_from=None)


@pytest.fixture(scope="module")
def changing(year: Year, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    folder = tmp_path_factory.mktemp("changing")
    return tried(folder, year, {"first": POLICY, "second": SECOND}, percent=0, late_from=SECOND_STARTS)


def reckoned(stream: Stream, *, percent: int, late_from: datetime | None) -> dict[str, Outcome]:
    """Every request of the stream, by the rules as they are written.

    A unit costs its share of the row, so that units so far are rounded half up and the last one takes what is left. Of
    each row of articles `percent` are kept, rounded half up. More than the limit is for a person. Requests from
    `late_from` on have 14 days from the delivery, before it from the order. Nothing paid for, nothing back.
    """
    bought: dict[tuple[str, str], dict[str, Any]] = {}
    paid: Counter[str] = Counter()
    placed, arrived = dict[str, datetime](), dict[str, datetime]()
    gone: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    found: dict[str, Outcome] = {}
    for told_at, _, _, body in stream.events:
        at, order_id = told_at.astimezone(UTC), body["order_id"]  # days of 24 hours, also where summer time ends
        match body["type"]:
            case "order.placed":
                placed[order_id] = at
                bought.update({(order_id, line["line_id"]): line for line in body["lines"]})
            case "payment.captured":
                paid[order_id] += body["amount"]["amount_minor"]
            case "order.delivered":
                arrived[order_id] = at
            case "refund.requested":
                if not paid[order_id]:
                    found[body["request_id"]] = Outcome("denied", 0)
                    continue
                rows = []
                for wanted in body["scope"]["lines"]:
                    key = order_id, wanted["line_id"]
                    units, pence = gone[key]
                    line = bought[key]
                    so_far = units + wanted["quantity"]
                    whole = (2 * so_far * line["amount_minor"] + line["quantity"]) // (2 * line["quantity"])
                    rows.append((key, wanted["quantity"], whole - pence, line["kind"] == "physical"))
                amount = sum(gross - (percent * gross + 50) // 100 * article for _, _, gross, article in rows)
                late = (
                    late_from is not None and at >= late_from and at > arrived.get(order_id, placed[order_id]) + WINDOW
                )
                if amount <= 0 or late:
                    found[body["request_id"]] = Outcome("denied", 0)
                elif amount > LIMIT_PENCE:
                    found[body["request_id"]] = Outcome("held", 0)
                else:
                    found[body["request_id"]] = Outcome("approved", amount)
                    for key, units, gross, _ in rows:
                        gone[key][0] += units
                        gone[key][1] += gross
    return found


def test_the_year_holds_what_is_to_be_seen(year: Year, restocking: Trial):
    asked = [event for event in year.stream.events if event.body["type"] == "refund.requested"]
    assert len(asked) > 4000
    assert sum(event.at >= SECOND_STARTS for event in asked) > 1000
    assert sum(event.body["order_id"].startswith(UNKNOWN_ORDER) for event in asked) > 500
    assert restocking.told["no_lines"] == restocking.told["passed_over"] == 0
    assert restocking.told["events"] == len(year.stream.events) > restocking.told["undecided"] > 0
    assert Counter(outcome.outcome for outcome in restocking.old.values())["held"] > 1


def test_a_replay_with_a_restocking_fee_pays_what_the_rules_give(restocking: Trial):
    assert restocking.decided == restocking.new
    assert sum(outcome.pence for outcome in restocking.new.values()) > 0


def test_a_replay_with_a_policy_that_changes_in_the_year_pays_what_the_rules_give(changing: Trial):
    assert changing.decided == changing.new


@pytest.mark.parametrize("name", ["restocking", "changing"])
def test_a_backtest_flips_exactly_what_the_rules_flip_and_its_sums_are_theirs(name: str, request):
    trial: Trial = request.getfixturevalue(name)
    told = trial.told
    flips = {
        flip["request_id"]: (
            Outcome(flip["old_outcome"], flip["old_paid_minor"]),
            Outcome(flip["new_outcome"], flip["new_paid_minor"]),
        )
        for flip in told["flips"]
    }
    assert flips == {key: (old, trial.new[key]) for key, old in trial.old.items() if old != trial.new[key]}
    assert len(flips) == told["flipped"] > 50
    assert told["requests"] == len(trial.old)
    sums = [sum(outcome.pence for outcome in world.values()) for world in (trial.old, trial.new)]
    assert told["totals"] == [
        {
            "currency": "GBP",
            "old_paid_minor": sums[0],
            "new_paid_minor": sums[1],
            "difference_minor": sums[1] - sums[0],
        }
    ]
    assert sum(shift["difference_minor"] for shift in told["shifts"]) == sums[1] - sums[0]


def test_no_request_from_before_the_change_comes_out_otherwise(year: Year, changing: Trial):
    asked_at = {
        event.body["request_id"]: event.at for event in year.stream.events if event.body["type"] == "refund.requested"
    }
    assert min(asked_at[flip["request_id"]] for flip in changing.told["flips"]) >= SECOND_STARTS
    reasons = {(flip["old_outcome"], flip["new_outcome"], flip["new_reason"]) for flip in changing.told["flips"]}
    assert ("approved", "denied", "window_expired") in reasons
