"""The books beside the proof: the ledger of every case against its snapshot, by sums alone."""

from collections.abc import Callable

import msgspec

from app.audit.found import name_of
from app.audit.verifying import Verifier
from app.reports.money import MoneyReport
from app.runtime.topology import Output
from topics.catalogue import LEDGER


def reckon(output: Output, place: str, verifier: Verifier, money: MoneyReport) -> None:
    """Adds a record to the books, if it belongs there; names one that nobody can read."""
    if output.topic in money.topics:
        try:
            money.take(output.topic, output.key, output.value)
        except (msgspec.MsgspecError, ValueError, KeyError, RecursionError):
            verifier.say("unreadable", output.topic, name_of(output), place, "it is not what its topic holds")


def say_books(verifier: Verifier, money: MoneyReport, is_known: Callable[[str], bool] = lambda _: True) -> None:
    """Names each case in which ledger and snapshot do not come to the same, if all of its ledger is known."""
    for one in filter(lambda one: is_known(one["case_id"]), money.differences()):
        what = f"{one['what']}: the ledger says {one['ledger_minor']}, the snapshot {one['snapshot_minor']}"
        verifier.say("books do not close", LEDGER, one["case_id"], "", f"{what} {one['currency']} (minor units)")
