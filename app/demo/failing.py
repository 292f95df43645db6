"""How a demo ends that cannot reach its verdict."""

from collections.abc import Sequence


class DemoFailedError(Exception):
    """The demo cannot go on. `code` is the contract's exit code where it is one; `details` are lines to show first."""

    def __init__(self, reason: str, hint: str = "", *, code: int, details: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.reason, self.hint, self.code, self.details = reason, hint, code, details
