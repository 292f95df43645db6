"""The seal of a table's partition: the first thing its changelog says, and proof that the changelog is all there.

Without it a changelog that lost its records (a topic made anew, a retention that deletes) looks like that of a shop
that has not opened yet: every refund would be new again. So a partition whose input was read must have its seal. The
seal also names the secrets with which pseudonyms in the rows were made, and the tables that existed when it was made:
a table that is new in this version of the product has none yet, and is told from one that was lost.
"""

import json
from collections.abc import Collection, Mapping
from typing import NamedTuple

from app.runtime.exits import MisconfiguredError, UnsafeError
from app.runtime.round import TablePartition
from app.runtime.store import RESERVED, Change, Store, pack, row_of

KEY = RESERVED + b"seal"


class Seal(NamedTuple):
    """What was true when the state was last sealed."""

    secret_digest: str
    tables: list[str]


def missing_seals(
    stores: Mapping[TablePartition, Store],
    *,
    secret_digest: str,
    tables: Collection[str],
    begun: Collection[TablePartition],
) -> dict[TablePartition, Change]:
    """The seals to be written with the next round, by place.

    `begun`: places whose input this group has read before. Raises MisconfiguredError where the state was made with
    other secrets, UnsafeError where state is missing that must be there.
    """
    seals = {place: _read(store) for place, store in stores.items()}
    wanted = Seal(secret_digest, sorted(tables))
    for (table, partition), seal in seals.items():
        if seal is not None and seal.secret_digest != secret_digest:
            raise MisconfiguredError(
                f"the state of {table}/{partition} was made with another HASH_KEY",
                "Give the worker the key that it had; a new key needs a new APP_ID and a new reading of all topics",
            )
        siblings = [other for (_, where), other in seals.items() if where == partition and other is not None]
        is_new = bool(siblings) and all(table not in other.tables for other in siblings)
        if seal is None and (table, partition) in begun and not is_new:
            raise UnsafeError(
                f"the changelog of {table}/{partition} lost its state, but its input was read before",
                "Restore the changelog topic; or, to make the state anew, read all input again under a new APP_ID",
            )
    value = pack(None, json.dumps(wanted._asdict(), separators=(",", ":")).encode())
    return {place: (KEY, value) for place, seal in seals.items() if seal != wanted}


def _read(store: Store) -> Seal | None:
    value = store.get(KEY)
    return None if value is None else Seal(**json.loads(row_of(value)))
