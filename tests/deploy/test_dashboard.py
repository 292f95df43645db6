"""The dashboard shows what the product measures: each expression names metrics and labels that exist, and can be read."""

import json
import re
import shutil
import subprocess
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from tests.deploy.test_monitoring import BY_PROMETHEUS, METRICS, selectors, without_suffix
from tests.house.tree import ROOT
from topics.catalogue import TOPICS

DASHBOARD = json.loads((ROOT / "deploy/grafana/refundry.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
TARGETS = [(panel["title"], target) for panel in PANELS for target in panel["targets"]]
BY_EXPRESSION = pytest.mark.parametrize(
    "target", [target for _, target in TARGETS], ids=[f"{title} {target['refId']}" for title, target in TARGETS]
)


@BY_EXPRESSION
def test_an_expression_names_metrics_and_labels_that_there_are(target):
    named = selectors(target["expr"])
    assert named
    grouped = {label.strip() for text in re.findall(r"\bby \(([^)]*)\)", target["expr"]) for label in text.split(",")}
    ours = set[str]()
    for name, labels in named:
        metric = METRICS[without_suffix(name)]
        assert (metric.kind == "histogram") == name.endswith("_bucket")
        assert (metric.kind == "gauge") != bool(re.search(rf"{name}[^ ]*\[", target["expr"])), "counts are rates"
        assert set(labels) <= {*metric.labels, *BY_PROMETHEUS}
        ours |= set(metric.labels)
    assert grouped <= ours | BY_PROMETHEUS
    assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= grouped


@BY_EXPRESSION
def test_a_value_that_is_selected_is_one_that_a_topic_or_a_result_can_have(target):
    known = {"topic": {topic.name for topic in TOPICS}, "result": {"held"}, "job": {"refundry-worker"}}
    for _, labels in selectors(target["expr"]):
        for label, pattern in labels.items():
            assert set(pattern.split("|")) <= known[label]


def test_everything_that_an_operator_asks_first_is_on_it():
    shown = {without_suffix(name) for _, target in TARGETS for name, _ in selectors(target["expr"])}
    assert shown >= {
        "refundry_ready",
        "refundry_events_total",
        "refundry_lag_messages",
        "refundry_round_seconds",
        "refundry_commit_seconds",
        "refundry_outputs_total",
        "refundry_oldest_held_event_seconds",
        "refundry_dead_letters_total",
        "refundry_handler_failures_total",
        "refundry_heartbeat_age_seconds",
        "refundry_strayed_disputes_total",
        "refundry_without_progress_seconds",
        "refundry_read_side_complete_timestamp_seconds",
    }


def test_panels_have_names_and_lie_beside_each_other():
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert all(panel["title"] and panel["description"].endswith(".") for panel in PANELS)
    for one, other in combinations((panel["gridPos"] for panel in DASHBOARD["panels"]), 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below
        assert one["x"] + one["w"] <= 24


def test_it_asks_the_prometheus_that_its_reader_chooses():
    (variable,) = DASHBOARD["templating"]["list"]
    assert (variable["name"], variable["type"], variable["query"]) == ("datasource", "datasource", "prometheus")
    sources = [part["datasource"] for panel in PANELS for part in (panel, *panel["targets"])]
    assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is missing; Debian: apt-get install prometheus")
def test_prometheus_can_read_every_expression(tmp_path: Path):
    rules = [
        {"record": f"dashboard:{number}", "expr": target["expr"].replace("$__rate_interval", "5m")}
        for number, (_, target) in enumerate(TARGETS)
    ]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(TARGETS)} rules found" in done.stdout
