"""The tables of disputes are what the case does, and what they do not know is applied, marked and counted."""

from collections import deque

import pytest

from app.domain.disputes.transitions import FAMILIES, NEW, family_of, place_of
from app.domain.records import Refused
from tests.domain.dated import Dated
from tests.domain.disputed import case_of
from tests.domain.events import dispute
from tests.domain.expecting import alerted

SPEAKS = {
    "visa_allocation": {"network": "visa", "reason_code": "10.4"},
    "visa_collaboration": {"network": "visa", "reason_code": "13.1"},
    "mastercard": {"network": "mastercard", "reason_code": "4853"},
    "amex": {"network": "amex", "reason_code": "C08"},
    "discover": {"network": "discover", "reason_code": "RG"},
    "generic": {"network": "unionpay", "reason_code": "1"},
}
STAGES = ("pre_arbitration", "arbitration")


def told(family, move, place):
    """The event by which a network tells the move."""
    if move in ("inquired", "opened"):
        return dispute(move, "200.00", category=None, **SPEAKS[family])
    if move in STAGES and place == NEW:
        return dispute("opened", "200.00", category=None, stage=move, **SPEAKS[family])
    return dispute("escalated", stage=move) if move in STAGES else dispute(move)


def ways(family):
    """The shortest way to each place of a family, as the moves from `new`."""
    found, queue = {NEW: []}, deque([NEW])
    while queue:
        place = queue.popleft()
        for move, after in FAMILIES[family].get(place, {}).items():
            if after not in found:
                found[after] = [*found[place], (place, move)]
                queue.append(after)
    return found


def at(family, place) -> Dated:
    """A dispute that came to the place by moves that its family knows."""
    return case_of().on("2026-02-02", *(told(family, move, before) for before, move in ways(family)[place]))


def place(story):
    return place_of(story.case.disputes["d1"]).name


EDGES = [
    pytest.param(family, before, move, after, id=f"{family}-{before}-{move}")
    for family, table in FAMILIES.items()
    for before, row in table.items()
    for move, after in row.items()
]


@pytest.mark.parametrize(("family", "before", "move", "after"), EDGES)
def test_every_move_of_a_table_leads_where_the_table_says_and_is_not_marked(family, before, move, after):
    story = at(family, before).when(told(family, move, before))
    assert place(story) == after
    assert "illegal_transition" not in story.case.flags


@pytest.mark.parametrize("family", FAMILIES)
def test_a_table_reaches_all_of_its_places_and_leads_to_no_other(family):
    table = FAMILIES[family]
    assert set(ways(family)) == set(table) | {"won", "lost", "accepted", "expired", "withdrawn"}


@pytest.mark.parametrize(
    ("family", "before", "moves"),
    [
        ("amex", "new", ["pre_arbitration", "arbitration"]),
        ("amex", "chargeback", ["pre_arbitration", "arbitration"]),
        ("amex", "chargeback_answered", ["pre_arbitration", "accepted", "expired"]),
        ("amex", "lost", ["pre_arbitration", "arbitration"]),
        ("mastercard", "chargeback", ["pre_arbitration", "arbitration"]),
        ("mastercard", "chargeback_answered", ["arbitration", "accepted", "expired"]),
        ("mastercard", "pre_arbitration_answered", ["accepted", "expired"]),
        ("visa_collaboration", "chargeback", ["pre_arbitration"]),
        ("visa_collaboration", "lost", ["pre_arbitration", "evidence_submitted", "accepted", "expired"]),
        ("visa_allocation", "chargeback", ["arbitration"]),
        ("visa_allocation", "won", ["pre_arbitration", "accepted", "expired", "evidence_submitted"]),
        ("discover", "chargeback", ["pre_arbitration", "arbitration"]),
        ("generic", "inquiry", ["pre_arbitration", "arbitration"]),
        ("generic", "withdrawn", ["won", "lost", "evidence_submitted"]),
    ],
)
def test_a_move_that_its_table_does_not_know_is_applied_and_marked(family, before, moves):
    for move in moves:
        story = at(family, before)
        version = story.case.version
        story.when(told(family, move, before))
        assert story.case.version > version, move
        assert "illegal_transition" in story.case.flags
        assert "illegal_transition" in story.case.disputes["d1"].flags
        entry = next(entry for entry in story.case.timeline if entry.type == "dispute.strayed")
        assert (entry.subject, entry.note) == ("d1", f"{move} from {before} ({family})")


def test_at_a_later_place_the_same_chargeback_told_again_is_no_move_and_another_claim_is_one_to_be_marked():
    story = at("generic", "arbitration").when(told("generic", "opened", "arbitration"))
    assert "illegal_transition" not in story.case.flags
    story.when(dispute("opened", "150.00", category=None, **SPEAKS["generic"]))
    assert "illegal_transition" in story.case.disputes["d1"].flags
    assert place(story) == "arbitration"


def test_a_mark_is_told_with_the_next_alert():
    story = at("amex", "chargeback").when(dispute("escalated", stage="pre_arbitration"))
    story.then(alerted("dispute.action_required", stage="pre_arbitration", flags=["illegal_transition"]))


@pytest.mark.parametrize("family", FAMILIES)
def test_no_move_at_all_is_refused_or_stops_anything(family):
    for before in FAMILIES[family]:
        for move in (
            "inquired",
            "opened",
            *STAGES,
            "evidence_submitted",
            "won",
            "lost",
            "accepted",
            "expired",
            "withdrawn",
        ):
            story = at(family, before).when(told(family, move, before))
            assert not [record for record in story.said if isinstance(record, Refused)], (before, move)


@pytest.mark.parametrize(
    "again",
    [dispute("won"), dispute("evidence_submitted").at("2026-02-02T00:00:30Z"), dispute("funds_reinstated", "200.00")],
)
def test_what_is_told_again_or_late_or_moves_money_alone_is_not_marked(again):
    story = at("mastercard", "won").when(again)
    assert "illegal_transition" not in story.case.flags


@pytest.mark.parametrize("early", ["won", "withdrawn", "evidence_submitted"])
def test_what_comes_before_its_opening_is_not_marked(early):
    opening = dispute("opened", "200.00").at("2026-02-02T11:00:00Z")
    story = case_of().on("2026-02-02T12:00Z", dispute(early), opening)
    assert "illegal_transition" not in story.case.flags


@pytest.mark.parametrize(
    ("network", "category", "reason_code", "family"),
    [
        ("visa", "fraudulent", None, "visa_allocation"),
        ("visa", None, "11.3", "visa_allocation"),
        ("visa", None, "12.5", "visa_collaboration"),
        ("visa", "general", None, "visa_collaboration"),
        ("diners", None, None, "discover"),
        ("jcb", None, None, "generic"),
        (None, None, None, "generic"),
    ],
)
def test_the_network_and_at_visa_the_category_say_which_table_holds(network, category, reason_code, family):
    assert family_of(network, category, reason_code) == family
