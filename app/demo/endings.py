"""Every signal that asks a demo to end ends it in order: what it started is stopped before it is gone."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Turns the first of these signals into KeyboardInterrupt, or SystemExit with 128 and its number.

    Those that follow are passed over until the block is left, so that nobody cuts the clearing up short. Outside of the
    main thread, where signals cannot be had, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def asked(number: int, _: FrameType | None) -> None:
        for other in ASKING:
            signal.signal(other, signal.SIG_IGN)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + number)

    before = {number: signal.signal(number, asked) for number in ASKING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
