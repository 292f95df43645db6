"""The tiers of the tests: what each needs from the machine, how to get it, and whether it may be missing.

A test belongs to a tier by its marker. Where the machine lacks what the tier needs, its tests are skipped, and the end of
the run says what was missing; with the tier's variable set to 1 they fail instead.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

JAVA_OLDEST = 17


@dataclass(frozen=True)
class Tier:
    """One tier. `lacks` says in a few words what the machine lacks, "" where nothing is missing."""

    name: str
    variable: str
    how: str
    lacks: Callable[[], str]

    @property
    def required(self) -> bool:
        """Whether a test that cannot run is a failure."""
        return os.environ.get(self.variable, "") not in ("", "0")


@cache
def lacks_kafka() -> str:
    """A broker of one's own, or what it takes to start one."""
    if os.environ.get("KAFKA_BOOTSTRAP"):
        return ""
    lacking = [] if java_major() >= JAVA_OLDEST else [f"Java {JAVA_OLDEST} or newer"]
    if shutil.which("mvn") is None:
        lacking.append("Maven")
    return " and ".join(lacking)


@cache
def lacks_redis() -> str:
    """The server's program, and what makes a certificate for it."""
    return " and ".join(program for program in ("redis-server", "openssl") if shutil.which(program) is None)


@cache
def chromium() -> str | None:
    """Where the browser is."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def lacks_browser() -> str:
    """A browser of the system's: the one that comes with playwright is fetched from elsewhere."""
    return "" if chromium() else "chromium"


def lacks_real() -> str:
    """Real data has many homes: each test says for itself what it looks for."""
    return ""


def java_major() -> int:
    """The major version of the `java` on the path, 0 where there is none."""
    java = shutil.which("java")
    if java is None:
        return 0
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False, timeout=30).stderr
    match = re.search(r'version "(\d+)', said)
    return int(match[1]) if match else 0


TIERS = {
    tier.name: tier
    for tier in (
        Tier(
            "kafka",
            "REFUNDRY_REQUIRE_KAFKA",
            "apt-get install openjdk-17-jre-headless maven, or KAFKA_BOOTSTRAP=host:port of a broker that may be filled",
            lacks_kafka,
        ),
        Tier("redis", "REFUNDRY_REQUIRE_REDIS", "apt-get install redis-server openssl", lacks_redis),
        Tier("browser", "REFUNDRY_REQUIRE_BROWSER", "apt-get install chromium", lacks_browser),
        Tier("real", "REFUNDRY_REQUIRE_REAL", "the reason of each skipped test names the file", lacks_real),
    )
}


def missing(markers: set[str]) -> tuple[Tier, str] | None:
    """The first tier among `markers` that cannot run here, with what it lacks."""
    for name in sorted(markers & TIERS.keys()):
        if lacking := TIERS[name].lacks():
            return TIERS[name], lacking
    return None
