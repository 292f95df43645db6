"""Conditions in CEL: what is taken, what it means, and what an author reads whose condition is refused."""

import pytest

from app.domain.refunds.facts import FACTS, OF_HISTORY, Kind, UnknownFactError
from app.policies import ConditionRefusedError, compile_condition
from tests.policies.writing import HEAD, lines

FOUND = {
    "request.reason": "changed_mind",
    "request.amount_minor": 1999,
    "request.kinds": ["physical", "gift_card"],
    "request.categories": [],
    "request.skus": ["A-17", "B-2"],
    "request.age_days": 30,
    "request.is_full": True,
    "request.currency": "EUR",
    "order.country": None,
    "order.total_minor": 9007199254740991,
    "customer.chargebacks": 0,
    "payment.risk": "normal",
    "dispute.open": False,
}

# A condition, and what it comes to for what was found above.
JUDGED = [
    ("'gift_card' in request.kinds", True),
    ("'digital' in request.kinds", False),
    ("!('digital' in request.kinds)", True),
    ("request.amount_minor == 1999", True),
    ("request.amount_minor != 1999", False),
    ("request.amount_minor < 2000", True),
    ("request.amount_minor <= 1999", True),
    ("request.amount_minor > 0x7CF", False),
    ("request.amount_minor >= 1999", True),
    ("request.amount_minor + 1 == 2000", True),
    ("request.amount_minor - 1999 == 0", True),
    ("request.amount_minor * 2 == 3998", True),
    ("request.amount_minor / 1000 == 1", True),
    ("request.amount_minor % 1000 == 999", True),
    ("-request.amount_minor / 1000 == -1", True),
    ("-1999 == -request.amount_minor", True),
    ("1 + 2 * 3 == 7 && (1 + 2) * 3 == 9", True),
    ("10 - 4 - 3 == 3", True),
    ("true || false && false", True),
    ("request.is_full ? request.age_days == 30 : dispute.open", True),
    ("!request.is_full ? request.age_days == 30 : dispute.open", False),
    ("true ? false : true ? true : false", False),
    ("request.reason in ['changed_mind', 'other']", True),
    ("request.reason.startsWith('changed') && request.reason.endsWith('mind')", True),
    ("request.reason.contains('ed_m')", True),
    ("request.skus[0].matches('^[A-Z]-[0-9]{2}$')", True),
    (r"request.skus[1].matches(r'^\w-\d$')", True),
    ("size(request.skus) == 2 && request.skus.size() == 2", True),
    ("request.categories == []", True),
    ("request.kinds == ['physical', 'gift_card']", True),
    ("order.country == null", True),
    ("order.country != null && order.country.startsWith('D')", False),
    ("order.country == 'DE'", False),
    ("order.country in ['DE', 'AT']", False),
    ('request.reason == "changed_mind"', True),
    ("request.reason == '''changed_mind'''", True),
    (r"request.reason == '\x63hanged_mind'", True),
    ("request.age_days > 14 // late\n  && payment.risk == 'normal'", True),
    ("order.total_minor == 9007199254740991", True),
    ("request.reason < 'd' && 'b' < request.reason", True),
    ("'a' + 'b' == 'ab'", True),
    ("request.categories[0] == 'books'", None),
    ("request.amount_minor / customer.chargebacks > 2", None),
    ("order.total_minor * 9007199254740991 > 0", None),
    ("order.country.startsWith('D')", None),
    ("request.categories[0] == 'books' || request.is_full", True),
]  # fmt: skip

KNOWN = "known: age_days, amount_minor, categories, currency, is_full, kinds, method, reason, requested_by, skus"
KINDS = "a whole number or a text on both sides of"
QUOTES = "a number stands without quotes, a text in quotes"
FINISHED = "finish it, like request.amount_minor > 10000"
LOOPS = "rules have no loops: compare with `in` or ==, or make two rules of it"
CLOCK = "rules have no clock: request.age_days counts the days since delivery"
NULLS = "every fact is always there; a country that is not known is null: order.country == null"
CASTS = "facts have their kind: whole numbers, texts, lists of texts"
FUNCTIONS = "known: contains, endsWith, matches, size, startsWith"

# A condition that is refused, and what its author reads.
REFUSED = [
    ("request.foo == 1", f"a field of `request` instead of `foo` ({KNOWN})"),
    ("request.resaon == 'other'", "a field of `request` instead of `resaon` (did you mean `reason`?)"),
    ("true || request.foo > 1", f"a field of `request` instead of `foo` ({KNOWN})"),
    ("custmer.chargebacks > 0", "a known name instead of `custmer` (did you mean `customer`?)"),
    ("chargebacks > 0", "a known name instead of `chargebacks` (did you mean `customer.chargebacks`?)"),
    ("request == 'x'", "a field of `request`, not all of it (like request.reason)"),
    ("request['reason'] == 'other'", "a field after a dot instead of `['reason']` (like request.reason)"),
    ("request.reason.length > 3", "no `.length` after a text (functions: size, startsWith, endsWith, contains, matches)"),
    ("request.reason == 'chnged_mind'", "a value that `request.reason` can have instead of 'chnged_mind' (did you mean `changed_mind`?)"),
    ("'giftcard' in request.kinds", "a value that `request.kinds` can have instead of 'giftcard' (did you mean `gift_card`?)"),
    ("request.reason in ['other', 'damged']", "a value that `request.reason` can have instead of 'damged' (did you mean `damaged`?)"),
    ("request.kinds == ['goods']", "a value that `request.kinds` can have instead of 'goods' (known: digital, gift_card, physical, service, subscription)"),
    ("request.currency == 'Euro'", "a value that `request.currency` can have instead of 'Euro' (codes of ISO 4217, in capitals)"),
    ("'a' > 1", f"{KINDS} `>`, not a text and a whole number ({QUOTES})"),
    ("false && 'a' > 1", f"{KINDS} `>`, not a text and a whole number ({QUOTES})"),
    ("request.amount_minor > '1'", f"{KINDS} `>`, not a whole number and a text ({QUOTES})"),
    ("request.amount_minor == '1'", f"the same on both sides of `==`, not a whole number and a text ({QUOTES})"),
    ("1 < request.age_days < 5", f"{KINDS} `<`, not true or false and a whole number"),
    ("request.is_full > false", f"{KINDS} `>`, not true or false and true or false"),
    ("request.reason - 'a' == 'b'", "a whole number on both sides of `-`, not a text and a text"),
    ("-request.reason == 'b'", "a whole number after `-`, not a text"),
    ("!request.amount_minor", "true or false after `!`, not a whole number"),
    ("request.is_full && 1", "true or false on both sides of `&&`, not true or false and a whole number"),
    ("request.kinds in 'gift_card'", "a list on the right of `in` that can hold a list of texts, not a text (like 'gift_card' in request.kinds)"),
    ("1 in request.kinds", "a list on the right of `in` that can hold a whole number, not a list of texts (like 'gift_card' in request.kinds)"),
    ("request.reason == null", f"something that can be null beside `== null` ({NULLS})"),
    ("request.amount_minor", "a condition that is true or false, not a whole number (compare it with something)"),
    ("request.is_full ? 1 : 2", "a condition that is true or false, not a whole number (compare it with something)"),
    ("request.is_full ? 1 : 'a'", "the same kind on both sides of `:`, not a whole number and a text"),
    ("request.reason ? true : false", "true or false before `?`, not a text"),
    ("[1, 'a'] == []", "a list of texts or of whole numbers, not of a whole number and a text"),
    ("[true] == []", "a list of texts or of whole numbers, not of true or false"),
    ("request.kinds['a'] == 'b'", "a list and a whole number around `[]`, not a list of texts and a text"),
    ("request.amount_minor / 0 > 1", "a divisor other than zero after `/`"),
    ("request.amount_minor % 0 > 1", "a divisor other than zero after `%`"),
    ("request.amount_minor > 19.99", "a whole number instead of `19.99` (amounts are minor units)"),
    ("request.amount_minor > 1e3", "a whole number instead of `1e3` (amounts are minor units)"),
    ("request.amount_minor > 10u", "a whole number instead of `10u` (amounts are minor units)"),
    ("request.amount_minor > 9223372036854775808", "a number of 64 bits instead of `9223372036854775808`"),
    ("request.kinds.all(k, k == 'physical')", f"no `all` ({LOOPS})"),
    ("request.kinds.exists(k, k == 'physical')", f"no `exists` ({LOOPS})"),
    ("request.kinds.exists_one(k, k == 'physical')", f"no `exists_one` ({LOOPS})"),
    ("request.kinds.map(k, k) == []", f"no `map` ({LOOPS})"),
    ("request.kinds.filter(k, true) == []", f"no `filter` ({LOOPS})"),
    ("has(request.reason)", f"no `has` ({NULLS})"),
    ("now() > 1", f"no `now` ({CLOCK})"),
    ("timestamp('2026-01-01T00:00:00Z') > timestamp('2025-01-01T00:00:00Z')", f"no `timestamp` ({CLOCK})"),
    ("duration('1h') == duration('60m')", f"no `duration` ({CLOCK})"),
    ("string(request.amount_minor) == '1'", f"no `string` ({CASTS})"),
    ("double(request.amount_minor) > 1", f"no `double` ({CASTS})"),
    ("type(1) == int", f"no `type` ({CASTS})"),
    ("cel.bind(x, 1, x > 0)", f"a function that there is instead of `bind` ({FUNCTIONS})"),
    ("request.reason.startWith('a')", "a function that there is instead of `startWith` (did you mean `startsWith`?)"),
    ("request.reason.startsWith()", "a text before and in `startsWith` (like request.reason.startsWith('o'))"),
    ("startsWith('a')", "a text before and in `startsWith` (like request.reason.startsWith('o'))"),
    ("request.kinds.contains('gift_card')", "no `contains` of a list (like 'gift_card' in request.kinds)"),
    ("size(request.amount_minor) > 1", "a list in `size`, not a whole number (like size(request.skus))"),
    ("size('añb') == 3", "a list in `size`, not a text (like size(request.skus))"),
    ("size() > 1", "a list in `size`, not nothing (like size(request.skus))"),
    ("request.reason.matches('[')", "a regular expression (RE2) instead of '['"),
    ("request.reason.matches(request.currency)", "a pattern that is written out in `matches` (like matches('^A-[0-9]+$'))"),
    ("request.is_full and true", "an operator or the end instead of `and` in column 17 (write &&)"),
    ("not request.is_full", "a value instead of `not` in column 1 (write !)"),
    ("request.amount_minor = 3", "something else than `=` in column 22 (write ==)"),
    ("request.amount_minor => 3", "something else than `=` in column 22 (write ==)"),
    ("request.amount_minor > ", f"a value where it ends ({FINISHED})"),
    ("(request.is_full", f"`)` where it ends ({FINISHED})"),
    ("request.is_full)", "an operator or the end instead of `)` in column 16"),
    ("request. == 1", "a name instead of `==` in column 10"),
    ("[1, 2,] == [1]", "a value instead of `]` in column 7"),
    ("request.reason == 'other", "a closing ' for the one in column 19"),
    (r"request.reason == '\q'", r"a text instead of `'\q'` in column 19 (without a prefix, and a backslash written twice)"),
    ("b'a' == b'a'", "a text instead of `b'a'` in column 1 (without a prefix, and a backslash written twice)"),
    ("{'a': 1}.a == 1", "something else than `{` in column 1 (maps and messages have no use in a rule)"),
    ("request.is_full; true", "something else than `;` in column 16"),
    ("   ", f"a value where it ends ({FINISHED})"),
    ("(" * 60 + "true" + ")" * 60, "at most 50 levels of brackets and signs (make two rules of it)"),
    ("!" * 60 + "true", "at most 50 levels of brackets and signs (make two rules of it)"),
]  # fmt: skip


def refusal_of(condition: str) -> str:
    with pytest.raises(ConditionRefusedError) as caught:
        compile_condition(condition)
    hint = f" ({caught.value.hint})" if caught.value.hint else ""
    return f"{caught.value.expected}{hint}"


@pytest.mark.parametrize(("condition", "met"), JUDGED, ids=lambda value: str(value)[:60])
def test_a_condition_means_what_cel_says(condition, met):
    assert compile_condition(condition)(FOUND) is met


@pytest.mark.parametrize(("condition", "said"), REFUSED, ids=lambda value: str(value)[:50])
def test_what_makes_no_sense_is_refused_with_what_to_write_instead(condition, said):
    assert refusal_of(condition) == said


@pytest.mark.parametrize("name", FACTS)
def test_every_fact_can_be_asked_for_and_is_read_by_its_name_alone(name):
    fact = FACTS[name]
    value = {Kind.TEXT: fact.words[0] if fact.words else "a", Kind.TEXTS: [fact.words[0]] if fact.words else ["a"]}
    sample = value.get(fact.kind, True if fact.kind is Kind.TRUTH else 3)
    written = repr(sample).replace("True", "true")
    condition = compile_condition(f"{name} == {written}")
    assert condition.reads == {name}
    assert condition({name: sample}) is True


def test_a_condition_asks_for_the_facts_that_it_reads_and_for_no_others():
    condition = compile_condition("order.is_guest && request.amount_minor > 5 || 'visa' in payment.networks")
    assert condition.reads == {"order.is_guest", "request.amount_minor", "payment.networks"}


def test_a_fact_that_is_not_known_cannot_be_judged_even_where_the_rest_would_do():
    class Unknown(dict):
        def __missing__(self, name):
            raise UnknownFactError(name)

    assert compile_condition("request.is_full || customer.chargebacks > 0")(Unknown({"request.is_full": True})) is None
    assert {"customer.chargebacks", "customer.requests_in_window", "customer.refunded_minor_in_window"} == OF_HISTORY


def test_a_rule_is_refused_with_file_line_path_and_hint(tmp_path):
    rules = """\
rules:
  - {name: old, when: "request.age_dys > 60", then: deny, reason: window_expired}
  - name: many_lines
    when: >
      request.amount_minor > 5000
      && request.reson == 'other'
    then: review
    reason: rule_revew
  - {name: old, when: "true", then: approve, reason: window_expired}
  - {name: b, when: "true", then: review, reason: awaiting_return}
"""
    assert lines(tmp_path, a=HEAD + rules) == [
        "a.yaml:6: rules[0].when: expected a field of `request` instead of `age_dys` (did you mean `age_days`?)",
        "a.yaml:8: rules[1].when: expected a field of `request` instead of `reson` (did you mean `reason`?)",
        "a.yaml:12: rules[1].reason: expected a reason code that `review` can have (did you mean `rule_review`?)",
        "a.yaml:13: rules[2].name: expected each name once (choose another name)",
        "a.yaml:13: rules[2].reason: expected a reason code that `approve` can have (it speaks for a denial; known: within_policy, order_cancelled, merchant_goodwill, overpayment)",
        "a.yaml:14: rules[3].reason: expected a reason code that `review` can have (it states what a rule cannot know; known: over_auto_limit, velocity, high_risk, rule_review, outside_refund_unallocated, total_differs)",
    ]
