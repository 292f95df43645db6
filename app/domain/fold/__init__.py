"""How each event of the journal changes the case it enters: facts only, no rules.

`FOLDS` has one function per type. A type that changes nothing but the timeline has none.
"""

from collections.abc import Callable
from typing import Any

from app.domain.case import Case
from app.domain.fold import disputes, early_warnings, orders, payments

Fold = Callable[[Case, Any], None]

FOLDS: dict[str, Fold] = {**orders.FOLDS, **payments.FOLDS, **disputes.FOLDS, **early_warnings.FOLDS}
