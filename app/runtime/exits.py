"""Why a worker ends, told apart by what its supervisor and its operator must do.

A worker that cannot be sure of its state ends; its supervisor starts it again and it reads what is true from Kafka. So
these are raised, never logged and passed over. Codes 3, 4 and 5 are the contract's; 75 is EX_TEMPFAIL of sysexits.
"""

import logging
import os
import sys
from typing import NoReturn

_log = logging.getLogger(__name__)


class WorkerStopError(Exception):
    """The worker must end with `code`. `reason` says what is wrong, `hint` what to do about it."""

    code = 75

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(f"{reason}. {hint}" if hint else reason)
        self.reason = reason
        self.hint = hint


class MisconfiguredError(WorkerStopError):
    """Starting again cannot help: change the settings, or the topics."""

    code = 3


class UnreachableError(WorkerStopError):
    """The broker or the state directory does not answer; starting again may help."""

    code = 4


class UnsafeError(WorkerStopError):
    """Going on could lose or repeat money's facts; a person decides."""

    code = 5


class UnsureError(WorkerStopError):
    """What is true can only be read anew: start the worker again."""

    code = 75


def leave(code: int) -> NoReturn:
    """Ends the process now. Clients are not torn down on the way: a producer that is unsure must not send any more."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def leave_for(stop: WorkerStopError) -> NoReturn:
    """Says why, and ends the process with the code that fits."""
    _log.error("the worker stops: %s", stop)
    leave(stop.code)
