"""The domain decides from its arguments alone: no clock, no randomness, no input or output, no concurrency."""

import ast

from tests.house import tree

CLOCKS = {"now", "utcnow", "today", "time", "monotonic", "perf_counter", "time_ns", "localtime"}
CHANCE = {"random", "uuid1", "uuid4", "urandom", "token_hex", "token_bytes", "shuffle", "choice", "getrandbits"}
DOORS = {"open", "print", "input", "eval", "exec", "__import__", "globals", "breakpoint"}
FROM_OUTSIDE = {
    "asyncio",
    "logging",
    "os",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "threading",
    "time",
    "uuid",
    "io",
}


def domain() -> list[tree.Source]:
    found = [source for source in tree.product() if source.name.startswith("app/domain/")]
    assert found
    return found


def calls(source: tree.Source) -> list[tuple[int, str, bool]]:
    """Line, last name and whether it has arguments, of each call in a file."""
    return [
        (node.lineno, node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id, bool(node.args))
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)
    ]


def test_the_domain_reads_no_clock():
    read = [
        f"{source.name}:{line} {name}()" for source in domain() for line, name, _ in calls(source) if name in CLOCKS
    ]
    assert not read


def test_the_domain_leaves_nothing_to_chance():
    left = [
        f"{source.name}:{line} {name}()" for source in domain() for line, name, _ in calls(source) if name in CHANCE
    ]
    assert not left


def test_the_domain_opens_no_door():
    opened = [
        f"{source.name}:{line} {name}()" for source in domain() for line, name, _ in calls(source) if name in DOORS
    ]
    assert not opened


def test_the_domain_waits_for_nobody():
    waits = [
        f"{source.name}:{node.lineno}"
        for source in domain()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith)
    ]
    assert not waits


def test_the_domain_imports_no_way_out():
    imported = [
        f"{source.name}:{node.lineno}"
        for source in domain()
        for node in ast.walk(source.tree)
        if (isinstance(node, ast.Import) and any(alias.name.split(".")[0] in FROM_OUTSIDE for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in FROM_OUTSIDE)
    ]
    assert not imported


def test_money_in_the_domain_is_never_a_float():
    floats = [
        f"{source.name}:{node.lineno}"
        for source in domain()
        for node in ast.walk(source.tree)
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not _works_with_exact_numbers(source))
    ]
    assert not floats


def _works_with_exact_numbers(source: tree.Source) -> bool:
    """A module that imports exact numbers may divide them; elsewhere `/` makes a float of two integers."""
    return any(
        isinstance(node, ast.ImportFrom) and node.module in ("fractions", "decimal") for node in source.tree.body
    )


def test_the_domain_walks_no_set_in_the_order_of_its_hashes():
    walks = [
        f"{source.name}:{node.iter.lineno}"
        for source in domain()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.For | ast.comprehension) and _is_set(node.iter)
    ]
    assert not walks


def _is_set(node: ast.expr) -> bool:
    """A set that is written out or made on the spot."""
    return isinstance(node, ast.Set | ast.SetComp) or (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("set", "frozenset")
    )


def test_agents_decide_nothing_about_money():
    decided = [
        f"{source.name}:{node.lineno}"
        for source in tree.sources("agents")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.If | ast.IfExp | ast.While) and "minor" in ast.unparse(node.test)
    ]
    assert not decided
