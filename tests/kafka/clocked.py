"""Runs the product with a wrong clock: `python -m tests.kafka.clocked SECONDS COMMAND…` is `refundry COMMAND…` in a
process whose time of day is that many seconds off. Clocks that only go forward are as they were, as on a machine whose
time of day was set wrong.
"""

import sys
import time

from app.cli import main


def run() -> None:
    right, off = time.time, float(sys.argv.pop(1))
    time.time = lambda: right() + off
    main()


if __name__ == "__main__":
    run()
