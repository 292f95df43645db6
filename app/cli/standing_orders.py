"""An order as the workers of an installation hold it: its row and that of its customer, of their changelogs."""

from contextlib import nullcontext
from typing import NamedTuple

from agents import Desk
from agents.casework import TABLE as CASES
from agents.history import TABLE as CUSTOMERS
from app.cli.cases import the_one
from app.cli.kafka import changelog_of, config_of, read_whole
from app.cli.showing import console
from app.desk import global_topics
from app.domain.case import decode_case
from app.replay import Rows
from app.runtime.config import RuntimeConfig
from app.runtime.store import row_of
from app.settings import Settings
from topics.case_ids import merchant_id_of, number_of


class StandingOrder(NamedTuple):
    """Whose it is, and the rows that tell of it."""

    merchant_id: str
    rows: Rows


def standing_order(settings: Settings, order_id: str, merchant_id: str | None, desk: Desk) -> StandingOrder:
    """The order as it stands; the desk learns the policies and rates that are published.

    Failure where there is no such order, or one at several merchants; UnreachableError where no broker answers.
    """
    config, cases = config_of(settings), dict[bytes, bytes]()

    def case(key: bytes | None, value: bytes | None) -> None:
        if key is None:
            return
        case_id = key.decode()
        if number_of(case_id) == order_id and merchant_id in (None, merchant_id_of(case_id)):
            _keep(cases, key, value)

    screen = console(err=True)
    with screen.status("reading how the order stands") if screen.is_terminal else nullcontext():
        read_whole(config, {changelog_of(config, CASES): case, **global_topics(desk)})
        merchants = [merchant_id_of(key.decode()) for key in cases]
        merchant = the_one(merchants, "order", "ids are case-sensitive; an order is known a moment after its event")
        (row,) = cases.values()
        customer_id = decode_case(row_of(row)).customer_id
        customers = _customer(config, f"{merchant}/{customer_id}".encode()) if customer_id else {}
    return StandingOrder(merchant, {CASES: cases, CUSTOMERS: customers})


def _customer(config: RuntimeConfig, wanted: bytes) -> dict[bytes, bytes]:
    """The row of a customer; none where nothing is known of them yet."""
    rows: dict[bytes, bytes] = {}

    def customer(key: bytes | None, value: bytes | None) -> None:
        if key == wanted:
            _keep(rows, key, value)

    read_whole(config, {changelog_of(config, CUSTOMERS): customer})
    return rows


def _keep(rows: dict[bytes, bytes], key: bytes, value: bytes | None) -> None:
    if value is None:
        rows.pop(key, None)
    else:
        rows[key] = value
