"""When a dispute was opened, as its provider states it: bounded by the time of the event that says so."""

from datetime import timedelta

import pytest

from app.domain.case import encode_case
from app.domain.records import Reported
from tests.domain.dated import Dated, moment
from tests.domain.disputed import alerts, opened
from tests.domain.events import captured, dispute, placed

HEARD = "2026-02-02T12:00:00Z"
BOUNDED = [
    ("2026-01-30T08:00:00Z", "2026-01-30T08:00:00Z"),
    (None, HEARD),
    ("2026-02-03T12:00:00Z", "2026-02-03T12:00:00Z"),  # a clock that is wrong by a day
    ("2026-02-03T12:00:01Z", HEARD),
    ("2999-12-31T23:59:59Z", HEARD),
]


@pytest.mark.parametrize(("stated", "opened_at"), BOUNDED)
def test_an_opening_in_a_time_to_come_counts_from_the_event_that_tells_it(stated, opened_at):
    story = Dated(start="2026-01-05").given(placed(customer_id="c1"), captured("200.00", network="visa"))
    story.on(HEARD, opened(opened_at=stated).at(HEARD))
    at = moment(opened_at)
    assert story.case.disputes["d1"].opened_at == at
    assert alerts(story)[-1]["respond_by"] == at + timedelta(days=18, hours=-48)  # Visa, less the margin
    assert [r.at for r in story.all if isinstance(r, Reported) and r.kind == "dispute_opened"] == [at]
    assert ("opened_in_future" in alerts(story)[-1]["flags"]) == (stated is not None and at != moment(stated))


def test_openings_that_state_another_time_again_and_again_do_not_make_the_case_larger():
    story = Dated(start="2026-01-05").given(placed(), captured("200.00", network="visa"))
    sizes = []
    for day in range(1, 29):
        story.when(dispute("opened", "200.00", opened_at=f"2026-01-{day:02}T00:00:00Z"))
        case = story.case
        sizes.append(len(encode_case(case)) - sum(len(a) + len(b) for a, b in case.seen.items()))
    assert len(story.case.disputes) == 1
    assert alerts(story)[-1]["revision"] == 1
    # beside the identities of what was heard, two bytes each to say how long they are
    assert sizes[-1] - sizes[0] <= 4 * len(sizes)
