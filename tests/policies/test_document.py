"""A policy on its topic, its digest, and what publishing may do."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from app.domain.policy import BUILT_IN, Policies, canonical
from app.policies import EXAMPLES
from app.policies.conditions import ConditionRefusedError
from app.policies.document import key_of, published, read_record
from app.policies.load import load, read_directory
from app.policies.problems import PoliciesRefusedError
from app.policies.publish import plan
from tests.policies.writing import HEAD, head, one, written

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
RULE = 'rules: [{name: a, when: "request.amount_minor > 5", then: review, reason: rule_review}]\n'
REPUBLISH = "write to this topic with `refundry policy publish` alone"


def test_the_digests_of_what_is_shipped_are_stable():
    (standard,) = load(EXAMPLES)
    assert (BUILT_IN.digest, standard.digest) == ("ea226ae942b6c870", "32945f3a9f472ec6")


def test_the_digest_is_the_hash_of_the_bytes_that_are_published(tmp_path):
    record = published(one(tmp_path, HEAD))
    assert sha256(record.body).hexdigest()[:16] == record.policy.digest
    assert record.key == b"standard@1"
    assert record.body == json.dumps(json.loads(record.body), sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("window: {from: delivered, by_category: {electronics: 14}, days: 30}\n", True),
        ("waits: {link: 60m, order: 3d, payment: 168h, return: 30d, review: 14d, history: 1m}\n", True),
        ("pre_dispute:\n  refund_up_to:\n    default: 5000 # a comment\n", True),
        ("rules: []\n", True),
        ("fees: {}\n", True),
        ("window: {from: delivered, by_category: {electronics: 14}, days: 31}\n", False),
        ("velocity: null\n", False),
        ("second_reviewer_above: {default: 100001}\n", False),
    ],
)
def test_the_digest_changes_when_and_only_when_the_meaning_does(tmp_path, text, same):
    (tmp_path / "other").mkdir()
    assert (one(tmp_path, HEAD + text).digest == one(tmp_path / "other", HEAD).digest) is same


def test_equal_rates_have_equal_digests(tmp_path):
    (tmp_path / "other").mkdir()
    short, long = (
        f'{HEAD}fees: {{damage: {{opened: "{zero}", missing: "{all_}"}}}}\n'
        for zero, all_ in (("0", "1"), ("-0.00", "1.000"))
    )
    assert one(tmp_path, short).digest == one(tmp_path / "other", long).digest


def test_the_example_is_the_built_in_policy_with_fees():
    (standard,) = load(EXAMPLES)
    told, built_in = json.loads(canonical(standard)), json.loads(canonical(BUILT_IN))
    assert {key for key, value in told.items() if value != built_in[key]} == {"policy", "effective_from", "fees"}
    assert standard.fees.restocking_rate("electronics", "opened", "changed_mind") > 0


def test_what_is_published_is_read_back_the_same(tmp_path):
    for policy in [one(tmp_path, HEAD), *load(EXAMPLES)]:
        record = published(policy)
        assert read_record(record.key, record.body) == policy


@pytest.mark.parametrize(
    ("key", "body", "said"),
    [
        (b"a@1", None, "policies/a@1: a published version cannot be deleted (publish a new version with `merchants: []` to retire a policy)"),
        (b"a@1", b"{", f"policies/a@1: expected a JSON object ({REPUBLISH})"),
        (b"a@1", b"\xff", f"policies/a@1: expected a JSON object ({REPUBLISH})"),
        (b"a@1", b"[" * 100_000, f"policies/a@1: expected a JSON object ({REPUBLISH})"),
        (b"a@1", b"[]", "policies/a@1: expected a policy: keys and values (like policy: standard)"),
        (b"a@1", b" " * (512 * 1024 + 1), f"policies/a@1: expected at most 512 KiB ({REPUBLISH})"),
        (b"standard@2", canonical(BUILT_IN).replace(b"built-in", b"standard"), f"policies/standard@2: policy: expected the key policy@version of the body ({REPUBLISH})"),
        (None, canonical(BUILT_IN).replace(b"built-in", b"standard"), f"policies/: policy: expected the key policy@version of the body ({REPUBLISH})"),
        (b"standard@1", canonical(BUILT_IN).replace(b"built-in", b"standard").replace(b'"days":14', b'"dais":14').replace(b'{"days":30,"requests":5}', b"5"), "policies/standard@1: velocity: expected requests and days, or null: off (write it as key: value)"),
    ],
)  # fmt: skip
def test_a_record_that_is_no_policy_is_refused(key, body, said):
    with pytest.raises(PoliciesRefusedError) as caught:
        read_record(key, body)
    assert [str(problem) for problem in caught.value.problems] == [said]


def test_a_compiler_makes_rules_of_conditions_and_its_refusals_carry_their_place(tmp_path):
    def compiler(source: str):
        if source == "bad":
            raise ConditionRefusedError("an expression", "try `true`")
        return lambda facts: facts["source"] == source

    (tmp_path / "a.yaml").write_text(HEAD + RULE)
    ((policy, _),) = read_directory(tmp_path, compiler=compiler)
    (rule,) = policy.rules
    assert rule.condition({"source": "request.amount_minor > 5"})
    assert not rule.condition({"source": "other"})
    assert json.loads(canonical(policy))["rules"] == [
        {"name": "a", "when": "request.amount_minor > 5", "then": "review", "reason": "rule_review"}
    ]
    wrong = "rules:\n  - {name: a, when: good, then: deny, reason: final_sale}\n  - {name: a, when: bad, then: deny, reason: final_sale}\n"
    (tmp_path / "a.yaml").write_text(HEAD + wrong)
    with pytest.raises(PoliciesRefusedError) as caught:
        read_directory(tmp_path, compiler=compiler)
    assert [str(problem).rpartition("a.yaml:")[2] for problem in caught.value.problems] == [
        "7: rules[1].name: expected each name once (choose another name)",
        "7: rules[1].when: expected an expression (try `true`)",
    ]


def planned(folder: Path, existing: dict[str, str], wanted: dict[str, str]):
    """What publishing `wanted` would do where `existing` is published, as keys and short refusals."""
    folders = [folder / "existing", folder / "wanted"]
    for one_of in folders:
        one_of.mkdir()
    known = [told.policy for told in written(folders[0], **existing)]
    told = plan(known, written(folders[1], **wanted), now=NOW)
    return (
        [record.key.decode() for record in told.publications],
        [key_of(policy) for policy in told.unchanged],
        [
            f"{problem.file.rpartition('/')[2]}:{problem.line} {problem.path}: {problem.message}"
            for problem in told.refusals
        ],
    )


SOON = "2026-03-01T13:00:29Z"
LATER = "2026-03-01T13:00:30Z"


@pytest.mark.parametrize(
    ("existing", "wanted", "result"),
    [
        ({}, {}, ([], [], [])),
        ({}, {"a": HEAD}, (["standard@1"], [], [])),
        ({"a": HEAD}, {"a": HEAD}, ([], ["standard@1"], [])),
        ({"a": HEAD}, {"a": HEAD + "velocity: null\n"}, ([], [], ["a.yaml:2 version: standard@1 is published with other content (*), and this (*)"])),
        ({"a": HEAD}, {"a": HEAD, "b": head(version=2, since=LATER)}, (["standard@2"], ["standard@1"], [])),
        ({"a": HEAD}, {"b": head(version=2, since=SOON)}, ([], [], ["b.yaml:3 effective_from: expected a start at least an hour ahead"])),
        ({"b": head(version=2)}, {"a": head(version=1, since="2019-01-01T00:00:00Z")}, ([], [], ["a.yaml:3 effective_from: expected a start at least an hour ahead"])),
        ({}, {"a": HEAD, "b": head(version=2, since=SOON)}, ([], [], ["b.yaml:3 effective_from: expected a start at least an hour ahead"])),
        ({}, {"a": HEAD, "b": head(version=2, since=LATER), "c": head(policy="c", merchants="[m]")}, (["c@1", "standard@1", "standard@2"], [], [])),
        ({"a": head(merchants="[m]")}, {"b": head(policy="b", merchants="[n, m]", since=LATER)}, ([], [], ["b.yaml:4 merchants: expected each merchant in one policy at a time, `m` is in two"])),
        ({"a": head(merchants="[m]")}, {"a": head(version=2, since=LATER, merchants="[]"), "b": head(policy="b", merchants="[m]", since=LATER)}, (["b@1", "standard@2"], [], [])),
        ({"b": head(version=2, since=LATER)}, {"c": head(version=3, since=LATER)}, ([], [], ["c.yaml:3 effective_from: expected a start of its own, standard@2 is published with the same"])),
    ],
)  # fmt: skip
def test_publishing_adds_versions_and_never_changes_one(tmp_path, existing, wanted, result):
    publications, unchanged, refusals = planned(tmp_path, existing, wanted)
    assert (publications, unchanged) == result[:2]
    assert [_without_digests(said) for said in refusals] == result[2]


def _without_digests(said: str) -> str:
    return " ".join("(*)" + word[18:] if word.startswith("(") and len(word) > 17 else word for word in said.split(" "))


def test_one_refusal_forbids_the_whole_plan_and_every_refusal_is_told(tmp_path):
    wanted = {"a": HEAD + "velocity: null\n", "b": head(version=2, since=SOON), "c": head(policy="c", merchants="[m]")}
    publications, _, refusals = planned(tmp_path, {"a": HEAD}, wanted)
    assert publications == []
    assert len(refusals) == 2


def test_a_refusal_says_which_version_and_which_time_would_do(tmp_path):
    known = written(tmp_path, a=HEAD)
    (tmp_path / "b").mkdir()
    wanted = written(tmp_path / "b", a=HEAD + "velocity: null\n", b=head(version=2, since=SOON))
    told = plan([known[0].policy], wanted, now=NOW)
    assert [problem.hint for problem in told.refusals] == [
        "a published version never changes: give this the version 2",
        "at the earliest 2026-03-01T13:02:00Z; workers must know it before it speaks",
    ]


def test_a_published_book_speaks_like_the_directory_that_it_came_from(tmp_path):
    told = written(
        tmp_path, a=HEAD, b=head(version=2, since="2026-01-01T00:00:00Z"), c=head(policy="c", merchants="[m]")
    )
    book = Policies(read_record(*published(one_of.policy)[:2]) for one_of in told)
    own = load(tmp_path)
    for merchant_id in ("m", "n"):
        for at in (NOW.replace(year=2019), NOW.replace(year=2025), NOW):
            assert book.speaking(merchant_id, at) == own.speaking(merchant_id, at)
