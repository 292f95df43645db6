"""What is missing, wrong or merely different among the topics of an installation."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.runtime.config import RuntimeConfig
from app.runtime.exits import UnsafeError
from app.runtime.topics_admin import Existing, create, plan, wanted_topics
from tests.runtime.toys import topology
from topics.catalogue import TOPICS, Topic

CONFIG = RuntimeConfig(bootstrap_servers="none:1", state_dir=Path("none"), prefix="x-", partitions=4)
TOY = (
    Topic("in", "key", "in", "delete", 7, (), "a", "b"),
    Topic("also-in", "key", "in", "delete", 7, (), "a", "b"),
    Topic("rates", "pair", "in", "compact", None, (), "a", "b", single=True),
)
WANTED = wanted_topics(CONFIG, topology(), TOY)
AS_WANTED = {topic.name: Existing(topic.partitions, dict(topic.settings)) for topic in WANTED}
CHANGELOG = "x-refundry-tallies-changelog"


def verdicts(existing: dict[str, Existing]) -> dict[str, str]:
    return {finding.topic: finding.verdict for finding in plan(WANTED, existing)}


def changed(name: str, **parts: Any) -> dict[str, Existing]:
    settings = {**AS_WANTED[name].settings, **parts.pop("settings", {})}
    return {**AS_WANTED, name: replace(AS_WANTED[name], settings=settings, **parts)}


def test_names_have_the_prefix_and_tables_their_changelog() -> None:
    assert [topic.name for topic in WANTED] == ["x-in", "x-also-in", "x-rates", CHANGELOG]
    assert {topic.name: topic.partitions for topic in WANTED} == {"x-in": 4, "x-also-in": 4, "x-rates": 1, CHANGELOG: 4}


def test_every_topic_of_the_catalogue_is_wanted() -> None:
    names = {topic.name for topic in wanted_topics(replace(CONFIG, prefix=""), replace(topology(), tables=()))}
    assert names == {topic.name for topic in TOPICS}


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        ({}, {"x-in": "missing", "x-also-in": "missing", "x-rates": "missing", CHANGELOG: "missing"}),
        (AS_WANTED, {"x-in": "ok", "x-also-in": "ok", "x-rates": "ok", CHANGELOG: "ok"}),
        (changed("x-rates", partitions=3), {"x-in": "ok", "x-also-in": "ok", "x-rates": "differs", CHANGELOG: "ok"}),
        (changed("x-in", partitions=6), {"x-in": "wrong", "x-also-in": "wrong", "x-rates": "ok", CHANGELOG: "wrong"}),
        (
            changed(CHANGELOG, partitions=6),
            {"x-in": "wrong", "x-also-in": "wrong", "x-rates": "ok", CHANGELOG: "wrong"},
        ),
        (
            changed(CHANGELOG, settings={"cleanup.policy": "delete"}),
            {"x-in": "ok", "x-also-in": "ok", "x-rates": "ok", CHANGELOG: "wrong"},
        ),
        (
            changed("x-in", settings={"retention.ms": "1000"}),
            {"x-in": "differs", "x-also-in": "ok", "x-rates": "ok", CHANGELOG: "ok"},
        ),
    ],
)
def test_each_difference_has_its_verdict(existing: dict[str, Existing], expected: dict[str, str]) -> None:
    assert verdicts(existing) == expected


def test_counts_that_all_differ_from_the_settings_in_the_same_way_are_only_worth_a_look() -> None:
    existing = {name: replace(topic, partitions=6) for name, topic in AS_WANTED.items() if name != "x-rates"}
    assert {verdict for name, verdict in verdicts(existing).items() if name != "x-rates"} == {"differs"}


def test_where_messages_are_judged_by_the_number_another_one_is_wrong() -> None:
    wanted = wanted_topics(replace(CONFIG, placed=("in",)), topology(), TOY)
    existing = {name: replace(topic, partitions=6) for name, topic in AS_WANTED.items()}
    found = {finding.topic: (finding.verdict, finding.details) for finding in plan(wanted, existing)}
    assert found["x-in"] == ("wrong", ("6 partitions, the settings say 4",))
    assert found["x-also-in"][0] == "differs"


def test_a_number_with_which_the_group_did_not_commit_is_unsafe_though_all_topics_agree() -> None:
    existing = {name: replace(topic, partitions=6) for name, topic in AS_WANTED.items()}
    findings = {finding.topic: finding for finding in plan(WANTED, existing, {"x-in": 4})}
    assert {name: finding.verdict for name, finding in findings.items()} == {
        "x-in": "unsafe",
        "x-also-in": "differs",
        "x-rates": "differs",
        CHANGELOG: "differs",
    }
    assert findings["x-in"].details == (
        "6 partitions, but the group committed its offsets and state with 4",
        "6 partitions, the settings say 4",
    )
    admin: Any = None
    with pytest.raises(UnsafeError, match="x-in"):
        create(admin, WANTED, findings.values(), CONFIG)


def test_a_wrong_count_is_said_with_those_it_must_agree_with() -> None:
    finding = next(one for one in plan(WANTED, changed("x-in", partitions=6)) if one.topic == "x-in")
    assert "x-also-in has 4" in finding.details[0]


def test_nothing_is_created_where_something_is_wrong() -> None:
    findings = plan(WANTED, changed("x-in", partitions=6))
    admin: Any = None
    with pytest.raises(UnsafeError, match="x-in"):
        create(admin, WANTED, findings, CONFIG)
