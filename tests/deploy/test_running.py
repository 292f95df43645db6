"""What runs a worker (systemd, Kubernetes, a container) gives it settings that exist, and no more rights than it needs."""

import re

import pytest
import yaml

from app.runtime.exits import MisconfiguredError, UnreachableError, UnsafeError, UnsureError
from app.settings import defaults
from tests.house.tree import ROOT

UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
MANIFESTS = sorted((ROOT / "deploy/kubernetes").glob("*.yaml"))
CONTAINERFILE = ROOT / "deploy/container/Containerfile"


def workloads() -> list[dict]:
    documents = [document for path in MANIFESTS for document in yaml.safe_load_all(path.read_text())]
    return [document for document in documents if document["kind"] in ("StatefulSet", "Deployment")]


@pytest.mark.parametrize(
    "path",
    [*UNITS, *MANIFESTS, CONTAINERFILE, ROOT / "deploy/runbook.md"],
    ids=lambda path: path.name,
)
def test_every_setting_that_is_named_exists(path):
    known = {row.name for row in defaults()}
    named = set(re.findall(r"\bREFUNDRY_[A-Z][A-Z_]*[A-Z]\b", path.read_text()))
    assert named
    assert named <= known


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_starts_again_what_may_be_and_leaves_what_a_person_must_see(unit):
    lines = dict(line.split("=", 1) for line in unit.read_text().splitlines() if re.match(r"Restart\w*=", line))
    assert lines["Restart"] == "on-failure"
    left_alone = {int(code) for code in lines["RestartPreventExitStatus"].split()}
    assert left_alone == {2, MisconfiguredError.code, UnsafeError.code}
    assert not left_alone & {UnreachableError.code, UnsureError.code}


@pytest.mark.parametrize("workload", workloads(), ids=lambda workload: workload["metadata"]["name"])
def test_a_pod_runs_as_nobody_on_a_root_that_cannot_be_written(workload):
    pod = workload["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"] is True
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"] == {"drop": ["ALL"]}
        writable = {mount["mountPath"] for mount in container["volumeMounts"]}
        assert {"/var/lib/refundry", "/tmp"} <= writable


def test_a_pod_of_a_worker_keeps_its_name_so_that_its_slot_is_stable():
    (worker,) = [one for one in workloads() if one["metadata"]["name"] == "refundry-worker"]
    assert worker["kind"] == "StatefulSet"
    (container,) = worker["spec"]["template"]["spec"]["containers"]
    slot = next(one for one in container["env"] if one["name"] == "REFUNDRY_SLOT")
    assert slot["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"


def test_the_image_does_not_run_as_root():
    users = re.findall(r"(?m)^USER (\S+)$", CONTAINERFILE.read_text())
    assert users[-1] == "10001:10001"
