"""A tier that cannot run is skipped aloud, or fails where it must run."""

import os
import subprocess
import sys

import pytest

from tests.house import tree

NEEDS_KAFKA = """
import pytest

@pytest.mark.kafka
def test_that_needs_a_broker():
    pass

@pytest.mark.real
def test_that_skips_by_itself():
    pytest.skip("there is no such file here")

def test_that_needs_nothing():
    pass
"""


def run(folder, path: str, processes: int = 0, **environ: str) -> tuple[int, str]:
    """A run of pytest on a machine with this PATH, shared among so many processes: its exit code and what it printed."""
    written = folder / "test_of_tiers.py"
    written.write_text(NEEDS_KAFKA)
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("REFUNDRY_", "KAFKA_", "PYTEST_"))
    }
    options = ["-p", "tests.conftest", "-p", "no:cacheprovider", "-c", "pyproject.toml", "--rootdir", "."]
    options += ["--numprocesses", str(processes)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(written)],
        cwd=tree.ROOT,
        env=kept | {"PATH": path} | environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("processes", [0, 2])
def test_on_a_bare_machine_a_tier_is_skipped_and_the_end_says_what_it_lacks_and_how_to_get_it(tmp_path, processes):
    code, said = run(tmp_path, str(tmp_path), processes)
    assert code == 0
    assert "NOT RUN: tier kafka" in said
    assert "lacks Java 17 or newer and Maven" in said
    assert "apt-get install openjdk-17-jre-headless maven" in said
    assert "1 passed, 2 skipped" in said


@pytest.mark.parametrize("processes", [0, 2])
@pytest.mark.parametrize(
    ("variable", "failed"), [("REFUNDRY_REQUIRE_KAFKA", "kafka"), ("REFUNDRY_REQUIRE_REAL", "real")]
)
def test_where_a_tier_must_run_a_skip_is_a_failure(tmp_path, variable, failed, processes):
    code, said = run(tmp_path, str(tmp_path), processes, **{variable: "1"})
    assert code == 1
    assert f"{variable} is set, so this may not be skipped" in said
    assert f"NOT RUN: tier {failed}" not in said


def test_a_broker_that_is_named_is_enough(tmp_path):
    code, said = run(tmp_path, str(tmp_path), KAFKA_BOOTSTRAP="broker.example:9092")
    assert code == 0
    assert "2 passed, 1 skipped" in said


def test_the_seed_of_the_examples_is_printed_and_can_be_given(tmp_path):
    _, fresh = run(tmp_path, str(tmp_path))
    _, fixed = run(tmp_path, str(tmp_path), REFUNDRY_HYPOTHESIS="ci")
    assert "again with --hypothesis-seed=" in fresh
    assert "the same in every run" in fixed
