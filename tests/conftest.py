"""How every test runs: its tier, its seed, and what the end of the run says of the tiers that could not run."""

import os
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from tests.tiers import TIERS, missing

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("explore", deadline=None, print_blob=True)


def pytest_configure(config: pytest.Config) -> None:
    """The same examples with REFUNDRY_HYPOTHESIS=ci; otherwise a fresh seed, which the header prints."""
    profile = os.environ.get("REFUNDRY_HYPOTHESIS", "explore")
    settings.load_profile(profile)
    if profile != "ci" and config.getoption("hypothesis_seed", None) is None:
        config.option.hypothesis_seed = str(random.SystemRandom().randrange(2**32))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes long runs where it is asked for by its marker, or by its name alone.

    Where several processes share the files, those that wait for brokers come first and the quick ones fill what is left.
    """
    if os.environ.get("PYTEST_XDIST_WORKER"):
        items.sort(key=lambda item: item.get_closest_marker("kafka") is None)
    if "long" in str(config.option.markexpr) or any("::" in argument for argument in config.args):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("long")]


def pytest_report_header(config: pytest.Config) -> list[str]:
    seed = config.getoption("hypothesis_seed", None)
    examples = f"again with --hypothesis-seed={seed}" if seed else "the same in every run"
    required = [name for name, tier in TIERS.items() if tier.required]
    return [f"hypothesis examples: {examples}", f"tiers that must run: {', '.join(required) or 'none'}"]


def pytest_runtest_setup(item: pytest.Item) -> None:
    if found := missing({marker.name for marker in item.iter_markers()}):
        tier, lacking = found
        pytest.skip(f"lacks {lacking}; get it: {tier.how}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """In a tier that must run a skip is a failure, whoever skipped."""
    report: Any = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        report.tiers = sorted({marker.name for marker in item.iter_markers()} & TIERS.keys())
        for name in report.tiers:
            if TIERS[name].required:
                report.outcome = "failed"
                variable = TIERS[name].variable
                report.longrepr = f"{variable} is set, so this may not be skipped: {_reason(report)}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says loudly which tiers did not run, what they lack and how to get it."""
    skipped = terminalreporter.getreports("skipped")
    for name, tier in sorted(TIERS.items()):
        reasons = Counter(_reason(report) for report in skipped if name in getattr(report, "tiers", ()))
        if not reasons:
            continue
        terminalreporter.section(f"NOT RUN: tier {name}", sep="!", red=True, bold=True)
        for reason, count in sorted(reasons.items()):
            terminalreporter.write_line(f"{count} tests: {reason}")
        terminalreporter.write_line(f"To make this a failure instead: {tier.variable}=1")


def _reason(report: Any) -> str:
    """Why a test was skipped."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return reason.removeprefix("Skipped: ")
