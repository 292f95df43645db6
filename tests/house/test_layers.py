"""Dependencies point one way, and no module stands outside the layers."""

import tomllib

from tests.house import tree

CONTRACTS = {
    contract["id"]: contract
    for contract in tomllib.loads((tree.ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}


def layers() -> list[set[str]]:
    """The layers from above to below, each as the modules on it."""
    return [{module.strip(" ()") for module in layer.split("|")} for layer in CONTRACTS["layers"]["layers"]]


def test_every_module_of_the_product_stands_on_a_layer():
    placed = set().union(*layers())
    found = {"topics", "agents"} | {
        f"app.{path.stem}"
        for path in (tree.ROOT / "app").iterdir()
        if path.suffix == ".py" or any(path.glob("**/*.py"))
    }
    assert not found - placed - {"app.__init__"}


def test_the_layers_end_with_the_domain_and_what_is_said():
    assert layers()[-2:] == [{"app.domain"}, {"topics"}]
    assert layers()[0] == {"app.cli"}


def test_the_oracle_may_import_nothing_of_ours():
    rule = CONTRACTS["independent-oracle"]
    reached = set(rule["forbidden_modules"])
    ours = {"topics", "agents"} | {module for layer in layers() for module in layer if module.startswith("app.")}
    assert ours - reached <= {"app.demo", *(m for m in ours if not (tree.ROOT / m.replace(".", "/")).exists())}


def test_the_oracle_names_no_package_of_the_product():
    told = [
        source.name
        for source in tree.product()
        if source.name.startswith("app/demo/oracle/")
        for line in source.text.splitlines()
        if line.startswith(("import ", "from "))
        and line.split()[1].split(".")[0] in tree.PACKAGES
        and not line.split()[1].startswith("app.demo.oracle")
    ]
    assert not told
