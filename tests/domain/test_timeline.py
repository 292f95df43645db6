"""The timeline of a case: what happened last, and no more of it than its snapshot may hold."""

import pytest

from tests.domain.events import authorized, dispute, placed
from tests.domain.stories import given

MOST = 200


@pytest.mark.parametrize(
    ("authorizations", "kept"),  # beside them: the order, the dispute, its end, a late step and its mark
    [(194, 199), (195, 200), (196, 200)],
)
def test_a_move_that_no_table_knows_pushes_the_oldest_entry_out_of_a_full_timeline(authorizations, kept):
    """Each step of a story holds the snapshot against its published model."""
    before = (authorized("10.00") for _ in range(authorizations))
    story = given(placed(), *before, dispute("opened", "10.00"), dispute("lost"), dispute("evidence_submitted"))
    assert "dispute.strayed" in [entry.type for entry in story.case.timeline]
    assert len(story.case.timeline) == kept <= MOST
