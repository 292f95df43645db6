"""A fault is planted in a year that is right, as a bug of the product would: the judge finds it and names it."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from app.demo.oracle import Record
from app.demo.oracle.wire import moment
from tests.year.judging import Verdict, is_of_a_programme, judged
from tests.year.plan import SHORT
from tests.year.playing import RATES, Play
from tests.year.programmes import Programmes
from tests.year.purchase import text_of
from tests.year.turns import Turn

SMALL = SHORT._replace(
    payments=520, november_sales=0, november_late=0, december_chargebacks=0, night_visa=0, night_reports=0
)
SEED = 6
Body = dict[str, Any]


class Place(NamedTuple):
    """A record of a turn of a purchase."""

    number: int
    turn: int
    record: int
    body: Body


class Year:
    """A small year: all turns in their order, and those of each purchase."""

    def __init__(self, directory: Path) -> None:
        self.all: list[Turn] = []
        self.of: dict[int, list[Turn]] = defaultdict(list)
        Play(SMALL, SEED, directory, self._take).to_the_end(lambda _now, _played: None)

    def _take(self, number: int, turn: Turn) -> None:
        self.all.append(turn)
        said = [record for record in turn.said if not is_of_a_programme(record)]
        self.of[number].append(Turn(turn.at, turn.heard, said))

    def places(self, type_: str) -> Iterator[Place]:
        for number, turns in self.of.items():
            for n, turn in enumerate(turns):
                for m, record in enumerate(turn.said):
                    if f'"type":"{type_}"'.encode() in (record.value or b""):
                        yield Place(number, n, m, json.loads(record.value or b""))


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    return Year(tmp_path_factory.mktemp("year"))


def _names(turns: list[Turn]) -> set[str]:
    return {violation.name for violation in judged(turns, Verdict())}


def _with(turns: list[Turn], place: Place, *bodies: Body | None) -> list[Turn]:
    """The turns with other bodies in the place of one: none where it is left out."""
    turn = turns[place.turn]
    record = turn.said[place.record]
    put = [
        Record(record.position, record.key, json.dumps(body, separators=(",", ":")).encode())
        for body in bodies
        if body is not None
    ]
    said = [*turn.said[: place.record], *put, *turn.said[place.record + 1 :]]
    return [*turns[: place.turn], turn._replace(said=said), *turns[place.turn + 1 :]]


def nothing(_: Body) -> list[Body]:
    return []


def twice(body: Body) -> list[Body]:
    return [body, {**body, "id": "another"}]


def but(**more: Any) -> Callable[[Body], list[Body]]:
    return lambda body: [body | more]


def one_more(name: str) -> Callable[[Body], list[Body]]:
    """An amount of the first payment, or of the body itself, is off by one."""

    def changed(body: Body) -> list[Body]:
        if "payments" in body:
            first = body["payments"][0]
            return [{**body, "payments": [{**first, name: first[name] + 1}, *body["payments"][1:]]}]
        money = body[name]
        return [{**body, name: {**money, "amount_minor": money["amount_minor"] + 1}}]

    return changed


def asked_again(body: Body) -> list[Body]:
    return [body, {**body, "id": "another", "revision": body["revision"] + 1}]


def later(name: str, **span: float) -> Callable[[Body], list[Body]]:
    return lambda body: [{**body, name: text_of(moment(body[name]) + timedelta(**span))}]


def has_payment(body: Body) -> bool:
    return bool(body["payments"])


def tenfold(body: Body) -> list[Body]:
    """Everything that an approval pays, ten times."""
    tenders = [
        {**one, "amount": {**one["amount"], "amount_minor": one["amount"]["amount_minor"] * 10}}
        for one in body["tenders"]
    ]
    return [{**body, "tenders": tenders}]


FAULTS: list[tuple[str, str, Callable[[Body], list[Body]], Callable[[Body], bool], str]] = [
    ("a snapshot with another claim", "case.snapshot", one_more("claimed_minor"), has_payment, "prefix_differs"),
    ("a snapshot with another refund", "case.snapshot", one_more("refunded_minor"), has_payment, "prefix_differs"),
    ("an approval of what is not there", "refund.approved", tenfold, lambda _: True, "approved_below_zero"),
    ("an exposure kept silent", "exposure.detected", nothing, lambda _: True, "exposure_differs"),
    ("an exposure of another amount", "exposure.detected", one_more("over"), lambda _: True, "exposure_differs"),
    ("an exposure alerted twice", "exposure.detected", twice, lambda _: True, "exposure_alerted_again"),
    ("a stage that nobody is asked about", "dispute.action_required", nothing, lambda _: True, "not_asked"),
    ("asked again without news", "dispute.action_required", asked_again, lambda _: True, "asked_again_for_nothing"),
    ("a revision left out", "dispute.action_required", but(revision=2), lambda b: b["revision"] == 1, "revision_gap"),
    (
        "another stage",
        "dispute.action_required",
        but(stage="arbitration"),
        lambda b: b["stage"] == "inquiry",
        "stage_differs",
    ),
    ("a day too late", "dispute.action_required", later("respond_by", days=1), lambda _: True, "deadline_differs"),
    ("an end kept silent", "dispute.closed", nothing, lambda _: True, "not_closed"),
    ("an end told twice", "dispute.closed", twice, lambda _: True, "closed_again"),
    ("another sum recovered", "dispute.closed", one_more("recovered"), lambda _: True, "closing_differs"),
    ("a fee forgotten", "dispute.closed", but(fees=[]), lambda b: bool(b["fees"]), "closing_differs"),
    ("a reminder kept silent", "dispute.deadline_near", nothing, lambda b: b["hours_left"] == 24, "not_reminded"),
    ("a reminder told twice", "dispute.deadline_near", twice, lambda _: True, "reminded_wrongly"),
    ("an answer given twice", "dispute.submit_evidence", twice, lambda _: True, "answered_twice"),
    ("an answer too late", "dispute.accept", later("occurred_at", days=90), lambda _: True, "answered_too_late"),
    (
        "a verdict that becomes nothing",
        "dispute.accept",
        nothing,
        lambda b: b["merchant_id"] == "m-day",
        "verdict_unheard",
    ),
    ("a refund that goes on", "refund.cancel", nothing, lambda b: b["reason"] == "dispute_open", "not_called_off"),
    ("called off twice", "refund.cancel", twice, lambda _: True, "called_off_twice"),
]


@pytest.mark.parametrize(
    ("type_", "change", "where", "found"), [fault[1:] for fault in FAULTS], ids=[f[0] for f in FAULTS]
)
def test_a_planted_fault_is_found_and_named(year: Year, type_, change, where, found):
    candidates = [place for place in year.places(type_) if where(place.body)]
    assert candidates, f"the small year has no such {type_}"
    for place in candidates[:40]:
        turns = year.of[place.number]
        if found in _names(_with(turns, place, *change(place.body))):
            assert _names(turns) == set(), "what is found is the fault and nothing else"
            return
    pytest.fail(f"planted in {len(candidates)} places, and never found as {found}")


def test_who_is_asked_after_the_end_is_found(year: Year):
    place = next(
        p for p in year.places("dispute.closed") if p.body["outcome"] == "lost" and p.body["merchant_id"] == "m-day"
    )
    turns = year.of[place.number]
    asked = next(p for p in year.places("dispute.action_required") if p.number == place.number)
    again = {**asked.body, "id": "another", "revision": 99}
    assert "asked_after_the_end" in _names(_with(turns, place, place.body, again))


def test_an_answer_after_a_refused_verdict_is_found(year: Year):
    answer = next(year.places("dispute.accept")).body
    for number, turns in year.of.items():
        for n, turn in enumerate(turns):
            heard = json.loads(turn.heard.value or b"") if turn.heard is not None else {}
            refused = any(record.topic == "dead-letters" for record in turn.said)
            if heard.get("type") == "review.resolved" and heard["subject"]["kind"] == "dispute" and refused:
                body = {**answer, "dispute_id": heard["subject"]["id"], "merchant_id": heard["merchant_id"]}
                place = Place(number, n, len(turn.said), body)
                said = Record(
                    turn.said[0].position._replace(topic="dispute-instructions"),
                    "k",
                    json.dumps(body, separators=(",", ":")).encode(),
                )
                spoilt = [*turns[:n], turn._replace(said=[*turn.said, said]), *turns[n + 1 :]]
                assert "verdict_out_of_turn" in _names(spoilt), place
                return
    pytest.fail("no verdict was refused")


@pytest.mark.parametrize(
    "change",
    [nothing, twice, but(count=1), but(ratio_bps="150.00"), but(month="2026-04"), but(left_before_breach=7)],
    ids=["kept silent", "said twice", "another count", "another ratio", "another month", "another distance"],
)
def test_a_wrong_alert_of_a_programme_is_found(year: Year, change):
    n = next(n for n, turn in enumerate(year.all) if any(is_of_a_programme(record) for record in turn.said))
    turn = year.all[n]
    m = next(m for m, record in enumerate(turn.said) if is_of_a_programme(record))
    place = Place(0, n, m, json.loads(turn.said[m].value or b""))
    for turns, names in ((year.all, set()), (_with(year.all, place, *change(place.body)), {"programme_differs"})):
        programmes = Programmes(RATES)
        assert {violation.name for turn in turns for violation in programmes.judge(turn)} == names
