"""What another book of policies would have decided on a request, at the moment at which it is decided.

Asked of the same case and request with the same questions, before the live decision is applied. Nothing comes of it:
the record is compared by who listens, applied to nothing and said to nobody.
"""

from collections.abc import Iterator

import msgspec

from app.domain.case import Case, Request
from app.domain.context import Context
from app.domain.policy import BUILT_IN_ID
from app.domain.records import Decided, Shadowed
from app.domain.refunds.assessment import assess


def shadow(case: Case, request: Request, decided: Decided, context: Context) -> Iterator[Shadowed]:
    """The decision beside the live one. None where no shadow policy names the merchant, or the asker withdrew."""
    if context.shadow is None or decided.outcome == "withdrawn":
        return
    policy = context.shadow.speaking(case.merchant_id, request.asked_at)
    if policy.id == BUILT_IN_ID:
        return
    if policy.digest == decided.policy[2]:
        yield Shadowed(decided, decided)
        return
    try:
        instead = assess(case, request, msgspec.structs.replace(context, policies=context.shadow, shadow=None))
    except Exception:  # noqa: BLE001 - whatever is wrong with what is only tried must not touch what is decided
        yield Shadowed(decided, None, failed=True)
    else:
        yield Shadowed(decided, instead)
