"""A year of a shop, played and judged: python -m tests.year [--seed 7] [--short]."""

import argparse
import random
import resource
import sys
import time
from datetime import datetime

from tests.year.judging import judged_year
from tests.year.plan import FULL, SHORT
from tests.year.playing import Played
from tests.year.table import table


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.year", description="A shop's year, and the verdict on it.")
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(1_000_000), help="default: a new one"
    )
    parser.add_argument("--short", action="store_true", help="3,000 payments instead of 100,000")
    given = parser.parse_args()
    _say(f"again with: python -m tests.year --seed {given.seed}{' --short' if given.short else ''}")

    def progress(now: datetime, played: Played) -> None:
        _say(f"{now:%Y-%m}: {played.messages} messages, {time.process_time():.0f} s of CPU")

    verdict = judged_year(SHORT if given.short else FULL, given.seed, progress=progress)
    _say(table(verdict))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    _say(f"{time.process_time():.0f} s of CPU, at most {peak} MiB of memory")
    return 1 if verdict.violations else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
