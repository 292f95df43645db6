"""Scenarios beside a policy: what comes out otherwise is told with its line, and rules that were never met are found."""

import pytest

from app.backtest.scenario_files import TOPICS, read_scenarios
from app.backtest.scenarios import counted, coverage, try_scenarios
from app.policies import EXAMPLES, PoliciesRefusedError, read_directory
from tests.backtest.telling import policies

RULES = """\
  - {name: gifts, when: "'gift_card' in request.kinds", then: review, reason: rule_review}
  - {name: large, when: "request.amount_minor > 6000", then: deny, reason: final_sale}
  - {name: odd, when: "request.skus[3] == 'x'", then: approve, reason: within_policy}
"""
STORY = """\
scenario: a gift card goes to review
events:
  - type: order.placed
    currency: EUR
    lines: [{line_id: l1, sku: gift, kind: gift_card, quantity: 1, amount_minor: 5000}]
  - {type: payment.captured, amount: {amount_minor: 5000, currency: EUR}, method: {kind: card}}
  - {type: refund.requested, request_id: r1, requested_by: customer, reason: other, scope: {kind: full}}
expect:
"""
HELD = (
    "  - {request_id: r1, outcome: held, reason: rule_review, rule: gifts, amount_minor: 5000, waiting_for: review}\n"
)


def tried(folder, *expected: str, story: str = STORY):
    policies(folder, RULES)
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "a.yaml").write_text(story + "".join(expected))
    written = read_directory(folder, compiler=counted)
    results = try_scenarios(read_scenarios(folder), written)
    return results, coverage(written)


def said(problems, folder) -> list[str]:
    return [str(problem).removeprefix(f"{folder}/scenarios/") for problem in problems]


def test_a_scenario_that_comes_out_as_expected_has_no_problems(tmp_path):
    (result,), _ = tried(tmp_path, HELD)
    assert (result.scenario, result.problems) == ("a gift card goes to review", ())


def test_rules_are_counted_by_how_often_they_were_met_and_could_not_judge(tmp_path):
    _, rules = tried(tmp_path, HELD)
    assert [(rule.rule, rule.met, rule.not_judged) for rule in rules] == [
        ("gifts", 1, 0),
        ("large", 0, 0),
        ("odd", 0, 1),
    ]


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ("outcome: approved", "outcome: expected approved, it was held because of rule_review"),
        ("outcome: held, reason: velocity", "reason: expected velocity, it was held because of rule_review"),
        ("outcome: held, rule: large", "rule: expected large, it was said by gifts"),
        ("outcome: held, amount_minor: 4999", "amount_minor: expected 4999, it was 5000"),
        ("outcome: held, waiting_for: return", "waiting_for: expected return, it was review"),
    ],
)
def test_what_comes_out_otherwise_is_told_with_its_line(tmp_path, expected, told):
    (result,), _ = tried(tmp_path, f"  - {{request_id: r1, {expected}}}\n")
    assert said(result.problems, tmp_path) == [f"a.yaml:9: expect[0].{told}"]


def test_a_request_that_nobody_made_is_told(tmp_path):
    (result,), _ = tried(tmp_path, "  - {request_id: r2, outcome: held}\n")
    assert said(result.problems, tmp_path) == [
        "a.yaml:9: expect[0].request_id: expected a decision on r2, there is none"
    ]


def test_an_event_that_is_refused_is_told_with_its_line(tmp_path):
    story = STORY.replace("amount: {amount_minor: 5000, currency: EUR}", "amount: {amount_minor: -1, currency: EUR}")
    (result,), _ = tried(tmp_path, HELD, story=story)
    assert said(result.problems, tmp_path)[0].startswith(
        "a.yaml:6: events[1]: refused: invalid_field: amount.amount_minor"
    )


def test_time_can_be_said_and_moved_on(tmp_path):
    story = STORY.replace("scenario:", "until: 2026-02-20T12:00:00Z\nscenario:").replace(
        "{type: refund.requested,", "{type: refund.requested, occurred_at: 2026-02-10T10:00:00Z,"
    )
    (result,), _ = tried(tmp_path, "  - {request_id: r1, outcome: denied, reason: window_expired}\n", story=story)
    assert result.problems == ()


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("expect:", "expct:", ["a.yaml:1: expect: missing, expected a list of expected decisions, like {request_id: …}", "a.yaml:8: expct: unknown key (did you mean `expect`?)"]),
        ("type: order.placed", "type: order.place", ["a.yaml:3: events[0].type: expected an inbound type of the contract (did you mean `order.placed`?)"]),
        ("outcome: held", "outcome: hold", ["a.yaml:9: expect[0].outcome: expected one of approved, denied, held, withdrawn"]),
        ("rule: gifts", "rul: gifts", ["a.yaml:9: expect[0].rul: unknown key (did you mean `rule`?)"]),
        ("scenario: a", "until: soon\nscenario: a", ["a.yaml:1: until: expected a time with offset, like 2026-02-05T12:00:00Z"]),
        ("scenario: a gift card goes to review", "[", ["a.yaml:2: expected YAML: did not find expected ',' or ']'"]),
    ],
)  # fmt: skip
def test_a_file_that_is_no_scenario_is_refused_with_file_line_and_hint(tmp_path, before, after, told):
    with pytest.raises(PoliciesRefusedError) as caught:
        tried(tmp_path, HELD.replace(before, after), story=STORY.replace(before, after, 1))
    found = said(caught.value.problems, tmp_path)
    assert found == told if "YAML" not in told[0] else found[0].startswith("a.yaml:")


def test_every_problem_of_a_scenario_is_told_at_once_in_the_order_of_its_lines(tmp_path):
    story = STORY.replace("type: order.placed", "type: order.place")
    with pytest.raises(PoliciesRefusedError) as caught:
        tried(
            tmp_path, HELD.replace("outcome: held", "outcome: hold").replace("rule: gifts", "rul: gifts"), story=story
        )
    assert [(problem.line, problem.path) for problem in caught.value.problems] == [
        (3, "events[0].type"),
        (9, "expect[0].outcome"),
        (9, "expect[0].rul"),
    ]


def test_the_scenarios_that_are_shipped_come_out_as_they_say():
    results = try_scenarios(read_scenarios(EXAMPLES), read_directory(EXAMPLES))
    assert len(results) == 3
    assert not [problem for result in results for problem in result.problems]


def test_every_inbound_type_belongs_to_one_topic():
    assert TOPICS["refund.requested"] == "orders"
    assert TOPICS["refund.succeeded"] == "payments"
    assert set(TOPICS.values()) == {"orders", "payments", "disputes", "reviews", "customers"}
