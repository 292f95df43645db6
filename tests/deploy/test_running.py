"""What runs a worker (systemd, Kubernetes, a container) gives it settings that exist, and no more rights than it needs."""

import re

import pytest
import yaml

from app.console.users import Users
from app.runtime.exits import MisconfiguredError, UnreachableError, UnsafeError, UnsureError
from app.settings import ConfigurationError, defaults, load_settings
from tests.console.world import users_file
from tests.house.tree import ROOT

UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
MANIFESTS = sorted((ROOT / "deploy/kubernetes").glob("*.yaml"))
CONTAINERFILE = ROOT / "deploy/container/Containerfile"


def documents() -> list[dict]:
    return [document for path in MANIFESTS for document in yaml.safe_load_all(path.read_text())]


def workloads(*kinds: str) -> list[dict]:
    return [document for document in documents() if document["kind"] in (kinds or ("StatefulSet", "Deployment"))]


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
    assert "StartLimitIntervalSec=0\n" in unit.read_text(), "it is never given up, however long a broker is away"


@pytest.mark.parametrize(
    "workload",
    workloads("StatefulSet", "Deployment", "Job"),
    ids=lambda workload: workload["metadata"].get("name", "command"),
)
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


def test_a_pod_is_not_given_the_addresses_of_services_which_settings_would_refuse():
    services = [document["metadata"]["name"] for document in documents() if document["kind"] == "Service"]
    assert "refundry-console" in services
    of_the_console = {"REFUNDRY_CONSOLE_SERVICE_HOST": "10.0.0.7", "REFUNDRY_CONSOLE_PORT": "tcp://10.0.0.7:9465"}
    with pytest.raises(ConfigurationError, match="REFUNDRY_CONSOLE_SERVICE_HOST"):
        load_settings(of_the_console)
    for workload in workloads("StatefulSet", "Deployment", "Job"):
        assert workload["spec"]["template"]["spec"]["enableServiceLinks"] is False, workload["metadata"]


@pytest.mark.parametrize("workload", workloads(), ids=lambda workload: workload["metadata"]["name"])
def test_a_round_of_seconds_in_which_nothing_answers_is_no_reason_to_kill(workload):
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    assert container["livenessProbe"].get("timeoutSeconds", 1) >= 10


def test_only_workers_have_the_key_of_the_hashes_and_each_program_a_login_of_its_own():
    secrets = {
        workload["metadata"]["name"]: source["secretRef"]["name"]
        for workload in workloads()
        for container in workload["spec"]["template"]["spec"]["containers"]
        for source in container["envFrom"]
        if "secretRef" in source
    }
    assert secrets == {
        "refundry-worker": "refundry",
        "refundry-read-side": "refundry-read-side",
        "refundry-console": "refundry-console",
    }


def test_a_pod_of_a_worker_keeps_its_name_so_that_its_slot_is_stable():
    (worker,) = [one for one in workloads() if one["metadata"]["name"] == "refundry-worker"]
    assert worker["kind"] == "StatefulSet"
    (container,) = worker["spec"]["template"]["spec"]["containers"]
    slot = next(one for one in container["env"] if one["name"] == "REFUNDRY_SLOT")
    assert slot["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"


def test_workers_start_beside_each_other_so_that_one_that_cannot_holds_up_nobody():
    (worker,) = [one for one in workloads() if one["metadata"]["name"] == "refundry-worker"]
    assert worker["spec"]["podManagementPolicy"] == "Parallel"
    assert worker["spec"]["updateStrategy"] == {"type": "RollingUpdate"}


def test_a_pod_of_the_console_is_the_only_one_and_starts_with_the_settings_that_it_is_given(tmp_path):
    (console,) = [one for one in workloads() if one["metadata"]["name"] == "refundry-console"]
    assert (console["spec"]["replicas"], console["spec"]["strategy"]) == (1, {"type": "Recreate"})
    pod = console["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    environ = {one["name"]: one["value"] for one in container["env"]}
    (mount,) = [one for one in container["volumeMounts"] if one["name"] == "users"]
    (users,) = [one for one in pod["volumes"] if one["name"] == "users"]
    assert environ["REFUNDRY_CONSOLE_USERS"].startswith(mount["mountPath"] + "/")
    # the product takes a file with this mode, and refuses one that its group may write
    file = users_file(tmp_path / "users.yaml")
    file.chmod(users["secret"]["defaultMode"])
    Users(file).require()
    given = {
        "REFUNDRY_KAFKA_SECURITY_PROTOCOL": "SSL",
        "REFUNDRY_REDIS_URL": "rediss://redis:6379/0",
        "REFUNDRY_CONSOLE_PROXIES": "10.244.0.0/16",
    }
    settings = load_settings(environ | given)
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert settings.console_bind == f"0.0.0.0:{ports['pages']}"
    assert settings.ops_bind == f"0.0.0.0:{ports['ops']}"


def test_only_the_ingress_reaches_the_pages_and_only_the_monitoring_the_rest():
    reached = {
        (source["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], port["port"])
        for document in documents()
        if document["kind"] == "NetworkPolicy"
        for rule in document["spec"]["ingress"]
        for source in rule["from"]
        for port in rule["ports"]
    }
    assert reached == {("monitoring", 9464), ("ingress-nginx", 9465)}


def test_the_image_does_not_run_as_root():
    users = re.findall(r"(?m)^USER (\S+)$", CONTAINERFILE.read_text())
    assert users[-1] == "10001:10001"
