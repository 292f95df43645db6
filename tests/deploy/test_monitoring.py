"""Alerts speak of what the product measures, and whoever is woken by one finds what to do.

`promtool` judges the rules themselves on `alerts_test.yaml`, where it is installed.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from app.metrics import CATALOGUE, Metrics
from tests.house.tree import ROOT

MONITORING, RUNBOOK = ROOT / "deploy/monitoring", ROOT / "deploy/runbook.md"
ALERTS = [
    rule for group in yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"] for rule in group["rules"]
]
METRICS = {metric.name: metric for metric in CATALOGUE}
BY_PROMETHEUS = {"instance", "job", "le"}
OF_OTHERS = ("up{", "kube_pod_container_status_waiting_reason{")
"""Prometheus' own, and one of kube-state-metrics."""


def selectors(expression: str) -> list[tuple[str, dict[str, str]]]:
    """Each metric of ours that an expression names, with the labels that it selects by."""
    found = re.findall(r"\b(refundry_\w+)(?:\{([^}]*)\})?", expression)
    return [(name, dict(re.findall(r'(\w+)\s*[!=]~?\s*"([^"]*)"', labels))) for name, labels in found]


def without_suffix(name: str) -> str:
    base = re.sub(r"_(bucket|count|sum)$", "", name)
    return base if METRICS.get(base) and METRICS[base].kind == "histogram" else name


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_speaks_of_metrics_and_labels_that_there_are(alert):
    named = selectors(alert["expr"])
    assert named or any(metric in alert["expr"] for metric in OF_OTHERS)
    for name, labels in named:
        metric = METRICS[without_suffix(name)]
        assert set(labels) <= {*metric.labels, *BY_PROMETHEUS}, name
    for grouping in re.findall(r"\b(?:by|on) \(([^)]*)\)", alert["expr"]):
        labels = {label for name, _ in named for label in METRICS[without_suffix(name)].labels}
        assert {label.strip() for label in grouping.split(",")} <= labels | BY_PROMETHEUS


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_a_value_that_an_alert_selects_is_one_that_is_counted_from_the_start(alert):
    for name, labels in selectors(alert["expr"]):
        metric = METRICS[without_suffix(name)]
        for label, pattern in labels.items():
            if metric.known and label in metric.labels:
                assert all(value in metric.known for value in pattern.split("|"))


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_who_acts_and_what_is_the_matter(alert):
    assert alert["labels"]["severity"] in ("page", "ticket")
    assert alert["annotations"]["summary"].endswith(".")


def test_each_alert_has_its_entry_in_the_runbook_and_no_entry_is_left_over():
    entries = re.findall(r"(?m)^## (Refundry\w+)$", RUNBOOK.read_text())
    assert sorted(entries) == sorted(alert["alert"] for alert in ALERTS)


def test_every_place_in_the_runbook_that_it_points_to_is_there():
    text = RUNBOOK.read_text()
    anchors = {heading.lower().replace(" ", "-") for heading in re.findall(r"(?m)^## (.+)$", text)}
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= anchors


def test_what_is_counted_by_a_known_value_stands_at_zero_before_it_is_counted():
    text = Metrics().text().decode()
    assert 'refundry_dead_letters_total{code="id_conflict"} 0.0' in text
    assert 'refundry_rounds_total{outcome="aborted"} 0.0' in text
    assert 'refundry_unknown_fields_total{topic="payments"} 0.0' in text


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is missing; Debian: apt-get install prometheus")
@pytest.mark.parametrize(
    "command",
    [
        ("check", "config", str(MONITORING / "prometheus.yaml")),
        ("test", "rules", str(Path(__file__).parent / "alerts_test.yaml")),
    ],
    ids=["they can be loaded", "they fire when they must, and not before"],
)
def test_prometheus_on_the_rules(command):
    done = subprocess.run(["promtool", *command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is missing; Debian: apt-get install prometheus")
def test_what_finds_pods_can_be_loaded_too_and_names_jobs_as_alerts_do(tmp_path):
    written = yaml.safe_load((MONITORING / "prometheus-kubernetes.yaml").read_text())
    (pods,) = written["scrape_configs"]
    assert pods.pop("kubernetes_sd_configs") == [{"role": "pod"}]  # Debian's promtool is built without it
    components = {
        document["metadata"]["labels"]["app.kubernetes.io/component"]
        for path in (ROOT / "deploy/kubernetes").glob("*.yaml")
        for document in yaml.safe_load_all(path.read_text())
        if document["kind"] in ("StatefulSet", "Deployment")
    }
    (job,) = (rule["replacement"] for rule in pods["relabel_configs"] if rule.get("target_label") == "job")
    named = set(re.findall(r"refundry-(?:worker|read-side|console)", (MONITORING / "prometheus.yaml").read_text()))
    assert {job.replace("$1", component) for component in components} == named
    (tmp_path / "prometheus.yaml").write_text(yaml.safe_dump(written | {"rule_files": []}))
    done = subprocess.run(
        ["promtool", "check", "config", str(tmp_path / "prometheus.yaml")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
