"""What the programmes of the networks are told of a case: each thing once, in the month in which it happened."""

import pytest

from app.domain.records import Counted
from tests.domain.dated import Dated, moment
from tests.domain.events import captured, dispute, fraud_reported, placed

CAPTURED, HEARD = "2026-01-31T12:00:00Z", "2026-02-01T12:00:00Z"


def counted(story, kind):
    return [(one.network, one.payment_id, one.at) for one in story.all if isinstance(one, Counted) and one.kind == kind]


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("dispute", dispute("opened", "10.00")),
        ("dispute", dispute("opened", "10.00", payment_id=None, order_id="o1")),
        ("fraud_report", fraud_reported()),
        ("fraud_report", fraud_reported().but(payment_id=None, order_id="o1")),
    ],
)
def test_what_came_before_its_payment_is_counted_once_and_in_its_own_month(kind, event):
    story = Dated(start="2026-01-31").given(placed()).on(HEARD, event)
    assert counted(story, kind) == []  # of which network is not known yet
    for capture_id in ("c1", "c2"):
        story.when(captured("50.00", network="visa", capture_id=capture_id).at(CAPTURED))
    assert counted(story, kind) == [("visa", "p1", moment(HEARD))]
    assert counted(story, "sale") == [("visa", "p1", moment(CAPTURED))]
