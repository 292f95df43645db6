"""The command line over files of the set, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

CALL = "from app.cli import main; main()"


def refundry(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs `refundry ARGUMENTS…` to its good end."""
    done = subprocess.run(
        [sys.executable, "-c", CALL, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    return done


def last_decisions(out: Path) -> dict[str, dict[str, Any]]:
    """The last decision on every request, from the output of a replay."""
    found = {}
    with out.open("rb") as lines:
        for line in lines:
            if b'"refund-decisions"' in line[:30]:
                decision = json.loads(line)["value"]
                found[decision["request_id"]] = decision
    return found
