"""What `dispute.closed` says came back: by what the network says, and by the movements of funds."""

import pytest

from tests.domain.disputed import case_of, opened
from tests.domain.events import captured, dispute, money, placed
from tests.domain.stories import given


def out(text: str, movement: str | None = None):
    return dispute("funds_withdrawn", text, movement_id=movement)


def back(text: str, movement: str | None = None):
    return dispute("funds_reinstated", text, movement_id=movement)


WON, LOST = dispute("won"), dispute("lost")
RECOVERED = [
    # won: the claim came back, whatever has moved yet
    ([WON], "200.00"),
    ([out("200.00"), WON], "200.00"),
    ([out("200.00"), back("200.00"), WON], "200.00"),
    # won in part, as the network says
    ([out("200.00"), dispute("won", "80.00")], "80.00"),
    ([out("200.00"), back("80.00"), dispute("won", "80.00")], "80.00"),
    # lost: what was reinstated and stayed
    ([LOST], "0"),
    ([out("200.00"), LOST], "0"),
    ([out("200.00"), back("60.00"), LOST], "60.00"),
    ([out("120.00", "a"), out("80.00", "b"), LOST], "0"),
    # lent for the time of our answer, and taken again at pre-arbitration
    ([out("200.00"), back("200.00"), out("200.00"), LOST], "0"),
    ([out("200.00"), back("200.00"), out("150.00"), LOST], "50.00"),
    # debited above the claim, because the rate had moved
    ([out("210.00"), back("210.00"), out("210.00"), LOST], "0"),
    ([out("210.00"), back("30.00"), LOST], "30.00"),
    ([dispute("accepted")], "0"),
    ([out("200.00"), dispute("expired")], "0"),
    ([dispute("withdrawn")], "200.00"),
]


@pytest.mark.parametrize(("events", "recovered"), RECOVERED)
def test_an_end_says_what_came_back(events, recovered):
    (closed,) = closings(case_of(opened(), *events))
    assert closed["recovered"] == money(recovered)
    assert closed["disputed"] == money("200.00")


def closings(story):
    return [said.body for said in story.told if said.body["type"] == "dispute.closed"]


def test_a_win_in_part_that_is_told_before_the_opening_closes_with_that_part():
    story = given(dispute("won", "80.00").at("2026-01-05T09:00:00Z")).given(placed())
    story.given(captured("200.00"), dispute("opened", "200.00").at("2026-01-04T09:00:00Z"))
    (closed,) = closings(story)
    assert (closed["outcome"], closed["disputed"], closed["recovered"]) == ("won", money("200.00"), money("80.00"))


def test_a_part_that_was_won_before_is_no_part_of_a_whole_win():
    story = case_of(opened(), dispute("won", "80.00"), LOST, WON)
    assert [closed["recovered"] for closed in closings(story)] == [money("80.00"), money("0"), money("200.00")]


def test_a_win_that_speaks_of_another_currency_is_flagged_and_counts_as_whole():
    story = case_of(opened(), dispute("won", "80.00 USD"))
    (closed,) = closings(story)
    assert closed["recovered"] == money("200.00")
    assert "currency_differs" in story.case.flags


def test_a_win_in_part_that_is_told_after_a_later_whole_one_takes_nothing_from_it():
    story = given(WON.at("2026-01-06T09:00:00Z"), dispute("won", "80.00").at("2026-01-05T09:00:00Z")).given(placed())
    story.given(captured("200.00"), dispute("opened", "200.00").at("2026-01-04T09:00:00Z"))
    (closed,) = closings(story)
    assert (closed["outcome"], closed["recovered"]) == ("won", money("200.00"))


def test_a_part_that_was_won_before_is_no_part_of_what_a_withdrawal_gives_back():
    story = case_of(opened(), dispute("won", "80.00"), dispute("escalated", stage="pre_arbitration"))
    story.when(dispute("withdrawn"))
    assert [closed["recovered"] for closed in closings(story)] == [money("80.00"), money("200.00")]


@pytest.mark.parametrize("end", ["won", "lost", "accepted", "withdrawn"])
def test_the_opening_told_once_more_after_the_end_opens_nothing_and_costs_no_second_fee(end):
    fee = {"amount_minor": 1500, "currency": "EUR"}
    story = case_of().on("2026-02-02T12:00Z", opened(fee=fee)).on("2026-02-10", dispute(end))
    story.on("2026-02-11", opened(fee=fee).at("2026-02-02T12:00:00Z"))
    assert story.case.disputes["d1"].state == end
    assert [said.body["amount"] for said in story.told if said.body.get("kind") == "fee"] == [money("-15.00")]


@pytest.mark.parametrize(
    ("early", "recovered"),
    [
        ([dispute("won", "80.00"), back("80.00")], "80.00"),
        ([back("80.00"), dispute("won", "80.00")], "80.00"),
        ([out("210.00"), LOST], "0"),
        ([LOST, out("210.00")], "0"),
    ],
)
def test_an_end_with_money_that_came_before_the_opening_closes_when_that_says_what_was_claimed(early, recovered):
    story = given(placed(), captured("200.00"), *(event.at("2026-01-05T09:00:00Z") for event in early))
    assert not closings(story)
    story.given(dispute("opened", "200.00").at("2026-01-04T09:00:00Z"))
    (closed,) = closings(story)
    assert (closed["disputed"], closed["recovered"]) == (money("200.00"), money(recovered))


def test_an_end_whose_opening_never_comes_closes_with_the_money_that_moved_when_the_wait_for_it_is_over():
    story = given(placed(), captured("200.00"), out("200.00"), LOST)
    assert not closings(story.later(hours=71))
    (closed,) = closings(story.later(hours=1))
    assert (closed["outcome"], closed["disputed"]) == ("lost", money("200.00"))
    story.given(dispute("opened", "200.00").at("2026-01-01T09:00:00Z"))
    assert len(closings(story)) == 1
