"""Rows hold the parts of a case, and a purchase in a customer's history, as arrays, so the order of fields is a contract
with every row already written.

`state_layout.json` says that order by hand. A field that is new goes to its end there; one that is moved, removed or put
in between makes old rows unreadable, and needs a new STATE_VERSION in both places.
"""

import json
from pathlib import Path

import msgspec
import pytest

from app.domain import case as cases
from app.domain.case import STATE_VERSION
from app.domain.disputes import compelling_evidence
from app.domain.state import dispute, goods, order, payment, request

KEPT = json.loads(Path(__file__).with_name("state_layout.json").read_text())
STRUCTS = {
    name: struct
    for module in (cases, compelling_evidence, dispute, goods, order, payment, request)
    for name, struct in vars(module).items()
    if isinstance(struct, type) and issubclass(struct, msgspec.Struct) and struct.__struct_config__.array_like
}


def test_everything_that_is_stored_as_an_array_is_kept_in_order():
    assert KEPT["version"] == STATE_VERSION
    assert KEPT["fields"].keys() == STRUCTS.keys()


@pytest.mark.parametrize("name", STRUCTS)
def test_fields_stand_where_rows_have_them(name):
    assert list(STRUCTS[name].__struct_fields__) == KEPT["fields"][name]
