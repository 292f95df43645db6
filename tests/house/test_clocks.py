"""Who reads the time of day: nobody who decides, and of the runtime only those whose page says so."""

import ast

from tests.house import tree

TIME_OF_DAY = {"time", "time_ns", "now", "utcnow", "today", "localtime", "gmtime"}
DECIDE = ("agents/", "topics/", "app/domain/", "app/policies/", "app/texts/")


def readers(*folders: str) -> set[str]:
    """Files that ask what time of day it is."""
    return {
        source.name
        for source in tree.product()
        if source.name.startswith(folders)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in TIME_OF_DAY
        and isinstance(node.func.value, ast.Name | ast.Attribute)
    }


def test_nobody_who_decides_reads_the_time_of_day():
    assert readers(*DECIDE) == set()


def test_the_page_of_the_runtime_names_all_of_it_that_does():
    page = (tree.ROOT / "app" / "runtime" / "README.md").read_text()
    (told,) = (part for part in page.split("\n") if part.startswith("* **The time of day**"))
    found = {name.removeprefix("app/runtime/") for name in readers("app/runtime/")}
    assert found == {"account.py", "heartbeat.py", "preflight.py", "pump.py", "tail.py"}
    assert {name for name in found if f"`{name}`" in told} == found
