"""Environments of the peers, made once under .run: a venv each for those in Python, Maven's build for the one in Java."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench.peers.table import Contestant, Table
from tests.kafka.harness import ROOT

MADE = ROOT / ".run" / "bench"
KAFKA_STREAMS = ROOT / "tests" / "bench" / "kafka_streams"
_QUIET = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"


class NotInstalledError(Exception):
    """A contestant cannot run on this machine; the text says why, in one line."""


def command(contestant: Contestant, table: Table) -> list[str]:
    """What starts a contestant, without the arguments of a run; installs what it needs. Raises NotInstalledError."""
    runs = contestant.runs
    if runs.java is not None:
        made = _built()
        return [_tool("java"), *runs.jvm, _QUIET, "-cp", f"{made}/*:{made}/libs/*", runs.java]
    assert runs.module is not None, "a module or a class"
    if runs.environment is None:
        return [sys.executable, "-m", runs.module]
    return [str(_environment(runs.environment, table.environments[runs.environment])), "-m", runs.module]


def _environment(name: str, pins: Sequence[str]) -> Path:
    """The interpreter of an environment with exactly these packages."""
    directory = MADE / "environments" / name
    python, stamp = directory / "bin" / "python", directory / "complete"
    said = "\n".join(pins)
    if not stamp.exists() or stamp.read_text() != said:
        shutil.rmtree(directory, ignore_errors=True)
        _do([sys.executable, "-m", "venv", str(directory)])
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet"]
        _do([*pip, "install", "--only-binary", ":all:", *pins])
        stamp.write_text(said)
    return python


def _built() -> Path:
    """The folder with the jar of the contestant in Java, and what it needs in `libs`."""
    made, stamp = MADE / "kafka_streams", MADE / "kafka_streams" / "complete"
    sources = sorted(path for path in KAFKA_STREAMS.rglob("*") if path.suffix in (".java", ".xml"))
    said = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()
    if not stamp.exists() or stamp.read_text() != said:
        _tool("javac")
        shutil.rmtree(made, ignore_errors=True)
        build = [_tool("mvn"), "-q", "-B", "-ntp", "-f", str(KAFKA_STREAMS / "pom.xml"), f"-Dmade={made}"]
        copy = ["dependency:copy-dependencies", f"-DoutputDirectory={made}/libs", "-DincludeScope=runtime"]
        _do([*build, "package", *copy])
        stamp.write_text(said)
    return made


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NotInstalledError(f"no `{name}` on this machine")
    return found


def _do(step: Sequence[str]) -> None:
    done = subprocess.run(step, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or "no word").splitlines()[-1]
        raise NotInstalledError(f"`{Path(step[0]).name}` failed: {last[:200]}")
