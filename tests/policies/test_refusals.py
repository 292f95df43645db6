"""What an author reads whose policy is refused: file, line, path, what was expected, and a hint."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.policies import compile_condition, marked_yaml
from app.policies.check import policy_of
from app.policies.load import load, read_file
from app.policies.problems import PoliciesRefusedError, Source
from tests.policies.writing import HEAD, head, lines, problems, write

LIMITS = "minor units by currency, like {default: 20000, JPY: 30000}"
WAIT = "a whole number with s, m, h or d, at most 730d, like 72h"
WAITS = "order: 72h, payment: 7d, return: 30d, review: 14d, history: 60s"
PRORATION = "cancellation_day: used, on_cancellation: refund, setup_fee: keep"
COSTS = "handling_cost: {}, counter_fee: {}, deadline_margin_hours: 48"
RESTOCKING = "categories: [], conditions: [], reasons: []"
FLOAT = (
    'expected a whole number, or a decimal in quotes; never a float (write 1 instead of 1.0, "0.15" instead of 0.15)'
)
NULL = "null switches off limits, velocity, statutory and pre_dispute alone; leave the key out for its default"
RULE = 'name: a, when: "x", then: deny, reason: a'

# What stands on line 5, below a head that is right; and what is said of it, without the file's name.
ON_LINE_FIVE = [
    ("windw: {days: 3}", "windw: unknown key (did you mean `window`?)"),
    ("xyzzy: 1", None),
    ("window: {days: 3, from: placed, by_categry: {}}", "window.by_categry: unknown key (did you mean `by_category`?)"),
    ("window: {days: 3}", "window.from: missing, expected one of delivered, fulfilled, placed, captured (write it; `window` replaces the whole default of that key)"),
    ("window: {days: 3, from: delivred}", "window.from: expected one of delivered, fulfilled, placed, captured (did you mean `delivered`?)"),
    ("window: {days: -1, from: placed}", "window.days: expected whole days, 0 to 36500 (the number is too small)"),
    ("window: {days: 36501, from: placed}", "window.days: expected whole days, 0 to 36500 (the number is too large)"),
    ('window: {days: "30", from: placed}', "window.days: expected whole days, 0 to 36500 (write the number without quotes)"),
    ("window: {days: 1.5, from: placed}", f"window.days: {FLOAT}"),
    ("window: {days: true, from: placed}", "window.days: expected whole days, 0 to 36500 (write the number without quotes)"),
    ("window: {days: 3, from: placed, by_category: {a: -1}}", "window.by_category.a: expected whole days by category, like {electronics: 14} (the number is too small)"),
    ("window: 30", "window: expected days, from, by_category (write it as key: value)"),
    ("window: null", f"window: expected days, from, by_category ({NULL})"),
    ("auto_approve_limit: {default: -1}", f"auto_approve_limit.default: expected {LIMITS}, or null: no limit (the number is too small)"),
    ("auto_approve_limit: {EUR: 9007199254740992}", f"auto_approve_limit.EUR: expected {LIMITS}, or null: no limit (the number is too large)"),
    ("auto_approve_limit: {eur: 1}", f"auto_approve_limit.eur: expected {LIMITS}, or null: no limit (write EUR)"),
    ("auto_approve_limit: {XAU: 1}", f"auto_approve_limit.XAU: expected {LIMITS}, or null: no limit (keys are currency codes of ISO 4217, and default)"),
    ("auto_approve_limit: 20000", f"auto_approve_limit: expected {LIMITS}, or null: no limit (write it as key: value)"),
    ("second_reviewer_above: {default: 100.0}", f"second_reviewer_above.default: {FLOAT}"),
    ("return_required: {unless_below: {}}", "return_required.kinds: missing, expected a list of line kinds (physical, digital, service, subscription, gift_card); [] for none (write it; `return_required` replaces the whole default of that key)"),
    ("return_required: {kinds: [goods]}", "return_required.kinds[0]: expected a list of line kinds (physical, digital, service, subscription, gift_card); [] for none (known: digital, gift_card, physical, service, subscription)"),
    ("return_required: {kinds: [], reasons_exempt: [damagd]}", "return_required.reasons_exempt[0]: expected a list of refund reasons, like [damaged, not_received] (did you mean `damaged`?)"),
    ("return_required: {kinds: [], reasons_exempt: [other, other]}", "return_required.reasons_exempt: expected a list of refund reasons, like [damaged, not_received] (name each once)"),
    (f"fees: {{restocking: {{rate: 0.15, {RESTOCKING}}}}}", f"fees.restocking.rate: {FLOAT}"),
    (f"fees: {{restocking: {{rate: 1, {RESTOCKING}}}}}", 'fees.restocking.rate: expected a share as a decimal string, "0" to "1" (put the number in quotes, like "0.15")'),
    (f'fees: {{restocking: {{rate: "15%", {RESTOCKING}}}}}', 'fees.restocking.rate: expected a share as a decimal string, "0" to "1" (at most three digits before and six after the point, no exponent, no percent sign)'),
    (f'fees: {{restocking: {{rate: "1.5", {RESTOCKING}}}}}', 'fees.restocking.rate: expected a share as a decimal string, "0" to "1" (the number is too large)'),
    ('fees: {damage: {broken: "1"}}', 'fees.damage.broken: expected what is kept by condition, like {opened: "0.00", damaged: "0.50", missing: "1.00"} (known: damaged, missing, new, opened)'),
    ("fees: null", f"fees: expected restocking, return_shipping, damage ({NULL})"),
    ("shipping_refund: {reasons: damaged, with_full_return: true}", "shipping_refund.reasons: expected a list of refund reasons, like [damaged, not_received] (put it in square brackets: [a, b])"),
    ("shipping_refund: {reasons: [], with_full_return: yes}", "shipping_refund.with_full_return: expected true or false (quotes make it a word)"),
    ('shipping_refund: {reasons: [], with_full_return: "true"}', "shipping_refund.with_full_return: expected true or false (without quotes)"),
    (f"proration: {{unit: month, {PRORATION}}}", "proration.unit: expected one of day, fixed_30, second (known: day, fixed_30, second)"),
    ("tenders: as_capture", "tenders: expected as_captured, proportional, or a list of payment kinds, like [store_credit, gift_card, card] (did you mean `as_captured`?)"),
    ("tenders: [crad]", "tenders: expected as_captured, proportional, or a list of payment kinds, like [store_credit, gift_card, card] (did you mean `card`?)"),
    ("tenders: [card, card]", "tenders: expected as_captured, proportional, or a list of payment kinds, like [store_credit, gift_card, card] (name at least one kind, and each once)"),
    ("tenders: []", "tenders: expected as_captured, proportional, or a list of payment kinds, like [store_credit, gift_card, card] (name at least one kind, and each once)"),
    ("velocity: {requests: 0, days: 30}", "velocity.requests: expected how many requests are usual, 1 to 1000 (the number is too small)"),
    ("velocity:", "velocity: expected a value (write null to switch it off)"),
    ("staff_override: [exceeds_refundable]", "staff_override[0]: expected a list of window_expired, final_sale, withdrawal_period_over, exempt_from_withdrawal (known: exempt_from_withdrawal, final_sale, window_expired, withdrawal_period_over)"),
    ("statutory: {enabled: on}", "statutory.enabled: expected true or false (quotes make it a word)"),
    (f"waits: {{{WAITS}}}", f"waits.link: missing, expected {WAIT} (write it; `waits` replaces the whole default of that key)"),
    (f"waits: {{link: 1 h, {WAITS}}}", f"waits.link: expected {WAIT} (one number and one unit: 60s, 90m, 72h, 30d)"),
    (f"waits: {{link: 3600, {WAITS}}}", f"waits.link: expected {WAIT} (one number and one unit: 60s, 90m, 72h, 30d)"),
    (f"waits: {{link: 731d, {WAITS}}}", f"waits.link: expected {WAIT} (a wait must end before the case does: at most 730d)"),
    (f"waits: {{link: 1h, dispute: 1h, {WAITS}}}", "waits.dispute: unknown key (known: history, link, order, payment, return, review)"),
    ("refund_stuck_after_days: 0", "refund_stuck_after_days: expected whole days, 1 to 365 (the number is too small)"),
    (f'disputes: {{win_probability: {{fraudulent: "0.2"}}, {COSTS}}}', 'disputes.win_probability: expected the chance of winning by dispute category and default, like {default: "0.35"} (add one for all other categories, like default: "0.35")'),
    (f'disputes: {{win_probability: {{default: "1.1"}}, {COSTS}}}', 'disputes.win_probability.default: expected the chance of winning by dispute category and default, like {default: "0.35"} (the number is too large)'),
    (f'disputes: {{win_probability: {{default: "0.3", fraud: "0.2"}}, {COSTS}}}', 'disputes.win_probability.fraud: expected the chance of winning by dispute category and default, like {default: "0.35"} (did you mean `fraudulent`?)'),
    (f'disputes: {{win_probability: {{default: "0"}}, reminders_hours: [0], {COSTS}}}', "disputes.reminders_hours[0]: expected a list of at most ten whole hours before the deadline, 1 to 2160, like [72, 24] (the number is too small)"),
    ("disputes: null", f"disputes: expected win_probability, win_adjust, handling_cost, counter_fee, deadline_margin_hours, reminders_hours, auto_respond ({NULL})"),
    ("pre_dispute: {}", f"pre_dispute.refund_up_to: missing, expected {LIMITS}, or null: without limit (write it; `pre_dispute` replaces the whole default of that key)"),
    ("monitoring: {region: EU, regulated: true}", "monitoring.region: expected a region in lower case, like eu (lower-case letters, digits and underscores, a letter first)"),
    (f"rules: [{{{RULE}, if: x}}]", "rules[0].if: unknown key (known: name, reason, then, when)"),
    (f"rules: [{{{RULE.replace('deny', 'block')}}}]", "rules[0].then: expected one of deny, review, approve (known: approve, deny, review)"),
    ("window: {days: 3, from: placed, days: 4}", "window.days: expected each key once (it stands on line 5 too)"),
    ("version: 2", "version: expected each key once (it stands on line 2 too)"),
    ("window: {days: 010, from: placed}", "window.days: expected a whole number in plain digits (like 20000)"),
    ("window: {days: 1_000, from: placed}", "window.days: expected a whole number in plain digits (like 20000)"),
    ("window: {days: 1:30, from: placed}", "window.days: expected a whole number in plain digits (like 20000)"),
    ("window: !!python/name:os.system", "window: tags are refused (leave the tag out)"),
    ("window: !mine {days: 3}", "window: tags are refused (leave the tag out)"),
    ("? [a, b]\n: 1", "?: expected a plain word as key (like window: or EUR:)"),
    ("window: &w {days: 3, from: placed}", "anchors and aliases are refused (write the value out)"),
    ("window: *w", "anchors and aliases are refused (write the value out)"),
    ("window: {days: 3, from: placed", None),
    ("\twindow: 1", None),
    ("---\npolicy: other", None),
    (f"window: {'[' * 30}{']' * 30}", "expected at most 16 levels (a policy has four)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), ON_LINE_FIVE, ids=lambda value: (value or "-")[:40])
def test_what_is_wrong_is_said_with_file_line_path_expectation_and_hint(tmp_path, text, said):
    got = lines(tmp_path, a=f"{HEAD}{text}\n")
    if said is None:
        assert len(got) == 1
        assert got[0].startswith(("a.yaml:5: ", "a.yaml:6: "))
    else:
        assert got == [f"a.yaml:5: {said}"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (head(policy="built-in"), "1: policy: expected the policy's name: 1 to 64 letters, digits, dots, dashes, underscores; not `built-in` (this name is the built-in policy's; choose another)"),
        (head(policy="a@b"), "1: policy: expected the policy's name: 1 to 64 letters, digits, dots, dashes, underscores; not `built-in` (put it in quotes if it is a number)"),
        (head(version=0), "2: version: expected a whole number from 1 (the number is too small)"),
        (head(version='"1"'), "2: version: expected a whole number from 1 (write the number without quotes)"),
        (head(since="2020-01-01"), "3: effective_from: expected a time with offset, like 2026-01-01T00:00:00Z (date, T, time with seconds, and Z or an offset like +01:00)"),
        (head(since="2020-01-01T00:00:00"), "3: effective_from: expected a time with offset, like 2026-01-01T00:00:00Z (date, T, time with seconds, and Z or an offset like +01:00)"),
        (head(since="2020-02-30T00:00:00Z"), "3: effective_from: expected a time with offset, like 2026-01-01T00:00:00Z (there is no such day or time)"),
        (head(since="9999-12-31T23:59:59-12:00"), "3: effective_from: expected a time with offset, like 2026-01-01T00:00:00Z (there is no such day or time)"),
        (head(merchants='["shop-*"]'), '4: merchants[0]: expected a list of merchant ids, or ["*"] for all that no other policy names (patterns are not supported: name each merchant, or `*` alone)'),
        (head(merchants="[a b]"), '4: merchants[0]: expected a list of merchant ids, or ["*"] for all that no other policy names (1 to 64 letters, digits, dots, underscores, colons, dashes)'),
        (head(merchants="[12]"), '4: merchants[0]: expected a list of merchant ids, or ["*"] for all that no other policy names (put it in quotes if it is a number)'),
        (head(merchants="[a, a]"), '4: merchants: expected a list of merchant ids, or ["*"] for all that no other policy names (name each once)'),
        ("policy: standard\nversion: 1\neffective_from: 2020-01-01T00:00:00Z\n", '1: merchants: missing, expected a list of merchant ids, or ["*"] for all that no other policy names (write it)'),
        ("- a\n", "1: expected a policy: keys and values (like policy: standard)"),
        ("null\n", "1: expected a policy (like policy: standard)"),
        ("# nothing\n", "1: expected a policy, the file is empty"),
    ],
)  # fmt: skip
def test_a_wrong_head_is_refused_where_it_stands(tmp_path, text, said):
    assert lines(tmp_path, a=text) == [f"a.yaml:{said}"]


def test_every_problem_of_every_file_is_told_at_once(tmp_path):
    wrong = HEAD + "windw: 1\nvelocity:\nwindow: {days: x, from: y}\n"
    got = problems(tmp_path, a=wrong, b=wrong.replace("standard", "other").replace('"*"', "m2"))
    told = [(problem.file.rpartition("/")[2], problem.line, problem.path) for problem in got]
    places = [(5, "windw"), (6, "velocity"), (7, "window.days"), (7, "window.from")]
    assert told == [(file, line, path) for file in ("a.yaml", "b.yaml") for line, path in places]


def test_policies_collide_whatever_else_is_wrong_with_them(tmp_path):
    got = problems(tmp_path, a=HEAD + "windw: 1\n", b=HEAD.replace("standard", "other") + "rules: {}\n", c=HEAD)
    told = [(problem.file.rpartition("/")[2], problem.line, problem.path) for problem in got]
    assert told == [
        ("a.yaml", 5, "windw"),
        ("b.yaml", 5, "rules"),
        ("c.yaml", 2, "version"),
        ("a.yaml", 4, "merchants[0]"),
    ]


def test_what_is_wrong_with_rules_is_told_beside_what_is_wrong_elsewhere(tmp_path):
    rules = """\
windw: 1
rules:
  - {name: a, when: "request.amout_minor > 1", then: review, reason: rule_review}
  - {name: b, when: "true", then: ask, reason: rule_review}
  - {name: a, when: "true", then: deny, reason: rule_review}
"""
    told = [(problem.line, problem.path) for problem in problems(tmp_path, a=HEAD + rules)]
    assert told == [
        (5, "windw"),
        (7, "rules[0].when"),
        (8, "rules[1].then"),
        (9, "rules[2].name"),
        (9, "rules[2].reason"),
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"policy: \xff\n", "a.yaml:1: expected UTF-8 text (save the file as UTF-8)"),
        (b"policy: a\n\x00", "a.yaml:1: expected YAML: a character that YAML does not allow"),
        (b"#" * (256 * 1024 + 1), "a.yaml:1: expected at most 256 KiB (split the policy by merchants)"),
        (b"[" * 200_000, "a.yaml:1: expected at most 16 levels (a policy has four)"),
    ],
)
def test_a_file_that_is_no_text_of_ours_is_refused(tmp_path, body, said):
    (tmp_path / "a.yaml").write_bytes(body)
    assert lines(tmp_path) == [said]


def test_a_few_bytes_of_aliases_do_not_unfold(tmp_path):
    bomb = "a: &a [x, x]\n" + "".join(
        f"{two}: &{two} [*{one}, *{one}]\n" for one, two in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert lines(tmp_path, a=bomb) == ["a.yaml:1: anchors and aliases are refused (write the value out)"]


def test_two_files_with_one_version_are_refused(tmp_path):
    said = "b.yaml:2: version: expected each version of a policy once ({folder}/a.yaml:2 has it too; give one of them the next version)"
    assert lines(tmp_path, a=HEAD, b=HEAD) == [said.format(folder=tmp_path)]


def test_two_versions_that_start_at_once_are_refused(tmp_path):
    said = "b.yaml:3: effective_from: expected each version to start at its own time ({folder}/a.yaml:3 starts at the same time; move one of them)"
    assert lines(tmp_path, a=HEAD, b=head(version=2)) == [said.format(folder=tmp_path)]


def test_two_policies_for_one_merchant_are_refused(tmp_path):
    said = "b.yaml:4: merchants[1]: expected each merchant in one policy at a time, `m` is in two ({folder}/a.yaml:4 names it too, both from 2021-01-01T00:00:00Z on)"
    other = head(policy="other", since="2021-01-01T00:00:00Z", merchants="[n, m]")
    assert lines(tmp_path, a=head(merchants="[m]"), b=other) == [said.format(folder=tmp_path)]


def test_a_merchant_may_move_from_one_policy_to_another(tmp_path):
    moved = {
        "a1": head(policy="a", merchants="[m, n]"),
        "a2": head(policy="a", version=2, since="2021-01-01T00:00:00Z", merchants="[n]"),
        "b1": head(policy="b", since="2021-01-01T00:00:00Z", merchants="[m]"),
    }
    assert lines(tmp_path, **moved) == []


def test_a_directory_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(PoliciesRefusedError) as caught:
        load(tmp_path / "none")
    assert (
        str(caught.value)
        == f"{tmp_path}/none: No such file or directory (name a directory of policy files, one version each)"
    )


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(PoliciesRefusedError) as caught:
        read_file(tmp_path / "none.yaml")
    assert (
        str(caught.value) == f"{tmp_path}/none.yaml: No such file or directory (check that it exists and can be read)"
    )


def test_other_files_and_folders_are_left_alone(tmp_path):
    (tmp_path / "README.md").write_text("not a policy")
    (tmp_path / ".hidden.yaml").write_text("not a policy")
    (tmp_path / "folder").mkdir()
    write(tmp_path, a=HEAD)
    assert [policy.id for policy in load(tmp_path)] == ["standard"]


@given(
    st.binary(max_size=200) | st.text(alphabet="abc:[]{}&*!?-#'\"\n \t|>%@`,~0123456789.", max_size=200).map(str.encode)
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused_and_never_raise(body):
    marked = marked_yaml.read(body)
    assert all(flaw.line > 0 and flaw.message for flaw in marked.flaws)
    assert all(0 < line <= len(body.splitlines()) + body.count(b"\xc2\x85") + 1 for line in marked.lines.values())


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(["days", "from", "link", "a"]), inner, max_size=2)
        ),
        max_leaves=5,
    ),
    st.sampled_from(["window", "waits", "tenders", "rules", "fees", "disputes", "merchants", "velocity", "policy"]),
)
@settings(max_examples=300, deadline=None)
def test_any_value_of_any_key_is_accepted_or_refused_with_its_key(value, key):
    document = {"policy": "a", "version": 1, "effective_from": "2020-01-01T00:00:00Z", "merchants": ["*"], key: value}
    told: list[str] = []
    try:
        policy_of(document, Source("here"), compiler=compile_condition)
    except PoliciesRefusedError as error:
        told = [problem.path for problem in error.problems] or ["nothing"]
    assert all(path.startswith(key) for path in told)
