"""Does a condition make sense? Every name is known, every operator gets what it can work with, every word can occur.

What a fact can hold is in the catalogue of the domain, so a typing mistake is found here and not by the customer who
is the first to meet the rule.
"""

from collections.abc import Iterable
from typing import NamedTuple, NoReturn, assert_never

from app.domain.refunds.facts import FACTS
from app.domain.refunds.facts import Kind as FactKind
from app.policies.cel_syntax import Call, Choice, Field, Item, Listed, Name, Node, Operation, Value
from app.policies.conditions import ConditionRefusedError
from app.policies.problems import did_you_mean

TRUTH, NUMBER, TEXT, TEXTS = (kind.value for kind in FactKind)
NUMBERS, EMPTY, NULL = "a list of whole numbers", "an empty list", "null"
VARIABLES = tuple(dict.fromkeys(name.partition(".")[0] for name in FACTS))
TEXT_FUNCTIONS = ("startsWith", "endsWith", "contains", "matches")
FUNCTIONS = ("size", *TEXT_FUNCTIONS)
WORDS_TOLD_MAX = 16

_LISTS = {TEXT: TEXTS, NUMBER: NUMBERS}
_ELEMENTS = {TEXTS: TEXT, NUMBERS: NUMBER}
_NO_LOOPS = "rules have no loops: compare with `in` or ==, or make two rules of it"
_NO_CLOCK = "rules have no clock: request.age_days counts the days since delivery"
_NO_CAST = "facts have their kind: whole numbers, texts, lists of texts"
_WITHOUT = {
    **dict.fromkeys(("all", "exists", "exists_one", "existsOne", "map", "filter"), _NO_LOOPS),
    **dict.fromkeys(("now", "timestamp", "duration", "getFullYear", "getMonth", "getDate", "getHours"), _NO_CLOCK),
    **dict.fromkeys(("int", "uint", "double", "string", "bytes", "bool", "dyn", "type"), _NO_CAST),
    "has": "every fact is always there; a country that is not known is null: order.country == null",
}


class Type(NamedTuple):
    """The kind of a value; `words` are all that it can be, where that is known, and `of` the fact that says so."""

    kind: str
    words: tuple[str, ...] = ()
    of: str = ""
    optional: bool = False


class Checked(NamedTuple):
    """What a condition looks at: its facts, and the patterns that its texts must match."""

    reads: frozenset[str]
    patterns: tuple[str, ...]


def check(node: Node) -> Checked:
    """What the condition looks at. Raises `ConditionRefusedError` at the first thing that makes no sense."""
    checker = _Checker()
    found = checker.type_of(node)
    if found.kind != TRUTH:
        raise ConditionRefusedError(f"a condition that is true or false, not {found.kind}", "compare it with something")
    return Checked(frozenset(checker.reads), tuple(checker.patterns))


class _Checker:
    def __init__(self) -> None:
        self.reads: set[str] = set()
        self.patterns: list[str] = []

    def type_of(self, node: Node) -> Type:
        """The type of a part of the condition. Raises `ConditionRefusedError`."""
        match node:
            case Value():
                return Type(_kind_of(node.value))
            case Name(name):
                _refuse_name(name)
            case Field():
                return self._fact(node)
            case Item():
                return self._item(node)
            case Call():
                return self._call(node)
            case Choice():
                return self._choice(node)
            case Listed(items):
                return self._listed(items)
            case Operation(operator, operands):
                return self._operation(operator, operands)
        assert_never(node)

    def _fact(self, node: Field) -> Type:
        if not isinstance(node.of, Name):
            found = self.type_of(node.of)
            raise ConditionRefusedError(f"no `.{node.name}` after {found.kind}", f"functions: {', '.join(FUNCTIONS)}")
        variable = node.of.name
        if variable not in VARIABLES:
            _refuse_name(variable)
        name = f"{variable}.{node.name}"
        if name not in FACTS:
            fields = [known.partition(".")[2] for known in FACTS if known.startswith(f"{variable}.")]
            hint = did_you_mean(node.name, fields)
            raise ConditionRefusedError(f"a field of `{variable}` instead of `{node.name}`", hint)
        self.reads.add(name)
        fact = FACTS[name]
        return Type(fact.kind.value, fact.words, name, fact.optional)

    def _item(self, node: Item) -> Type:
        if isinstance(node.of, Name) and isinstance(node.index, Value):
            raise ConditionRefusedError(
                f"a field after a dot instead of `[{node.index.text}]`", f"like {_example_of(node.of.name)}"
            )
        listed, index = self.type_of(node.of), self.type_of(node.index)
        if listed.kind not in _ELEMENTS or index.kind != NUMBER:
            raise ConditionRefusedError(f"a list and a whole number around `[]`, not {listed.kind} and {index.kind}")
        return Type(_ELEMENTS[listed.kind], listed.words, listed.of)

    def _listed(self, items: tuple[Node, ...]) -> Type:
        kinds = list(dict.fromkeys(self.type_of(item).kind for item in items))
        if not kinds:
            return Type(EMPTY)
        if len(kinds) > 1 or kinds[0] not in _LISTS:
            raise ConditionRefusedError(f"a list of texts or of whole numbers, not of {' and '.join(kinds)}")
        return Type(_LISTS[kinds[0]])

    def _choice(self, node: Choice) -> Type:
        asked, yes, no = (self.type_of(part) for part in (node.condition, node.yes, node.no))
        if asked.kind != TRUTH:
            raise ConditionRefusedError(f"true or false before `?`, not {asked.kind}")
        if yes.kind != no.kind:
            raise ConditionRefusedError(f"the same kind on both sides of `:`, not {yes.kind} and {no.kind}")
        return Type(yes.kind, optional=yes.optional or no.optional)

    def _call(self, node: Call) -> Type:
        name = node.function
        if name in _WITHOUT:
            raise ConditionRefusedError(f"no `{name}`", _WITHOUT[name])
        if name not in FUNCTIONS:
            raise ConditionRefusedError(f"a function that there is instead of `{name}`", did_you_mean(name, FUNCTIONS))
        of, *rest = (node.of, *node.arguments) if node.of is not None else node.arguments or (None,)
        given = self.type_of(of).kind if of is not None else "nothing"
        if name == "size":
            # Not of a text: the engine counts its bytes, CEL its characters.
            if rest or given not in (TEXTS, NUMBERS, EMPTY):
                raise ConditionRefusedError(f"a list in `size`, not {given}", "like size(request.skus)")
            return Type(NUMBER)
        if name == "contains" and given in (TEXTS, NUMBERS):
            raise ConditionRefusedError("no `contains` of a list", "like 'gift_card' in request.kinds")
        wanted = self.type_of(rest[0]).kind if len(rest) == 1 else "nothing"
        if node.of is None or given != TEXT or wanted != TEXT:
            raise ConditionRefusedError(f"a text before and in `{name}`", f"like request.reason.{name}('o')")
        if name == "matches":
            if not isinstance(rest[0], Value):
                raise ConditionRefusedError("a pattern that is written out in `matches`", "like matches('^A-[0-9]+$')")
            self.patterns.append(rest[0].text)
        return Type(TRUTH)

    def _operation(self, operator: str, operands: tuple[Node, ...]) -> Type:
        types = [self.type_of(operand) for operand in operands]
        if operator in ("==", "!=", "in"):
            self._compare(operator, operands, types)
            return Type(TRUTH)
        kinds = [found.kind for found in types]
        allowed, result = _ALLOWED["-1" if len(operands) == 1 and operator == "-" else operator]
        if len(set(kinds)) > 1 or kinds[0] not in allowed:
            _refuse_kinds(operator, allowed, kinds)
        divisor = operands[-1]
        if operator in ("/", "%") and isinstance(divisor, Value) and divisor.value == 0:
            raise ConditionRefusedError(f"a divisor other than zero after `{operator}`")
        return Type(result or kinds[0])

    def _compare(self, operator: str, operands: tuple[Node, ...], types: list[Type]) -> None:
        left, right = types
        if operator == "in":
            fits = right.kind in (_LISTS.get(left.kind), EMPTY) or (left.kind == NULL and right.kind == EMPTY)
            if not fits:
                text = f"a list on the right of `in` that can hold {left.kind}, not {right.kind}"
                raise ConditionRefusedError(text, "like 'gift_card' in request.kinds")
        elif NULL in (left.kind, right.kind):
            other = right if left.kind == NULL else left
            if not other.optional and other.kind != NULL:
                raise ConditionRefusedError(f"something that can be null beside `{operator} null`", _WITHOUT["has"])
        elif left.kind != right.kind and not (EMPTY in (left.kind, right.kind) and _both_lists(left, right)):
            _refuse_kinds(operator, ("the same",), [left.kind, right.kind])
        _check_words(left, operands[1])
        _check_words(right, operands[0])


def _check_words(typed: Type, other: Node) -> None:
    """A word that the fact can never be is a typing mistake: the rule would lie there and never fire."""
    written = other.items if isinstance(other, Listed) else (other,)
    for value in written:
        if typed.words and isinstance(value, Value) and isinstance(value.value, str) and value.value not in typed.words:
            few = len(typed.words) <= WORDS_TOLD_MAX
            hint = did_you_mean(value.value, typed.words) if few else "codes of ISO 4217, in capitals"
            raise ConditionRefusedError(f"a value that `{typed.of}` can have instead of {value.text[:40]}", hint)


# By operator: the kinds that both sides may have, and the kind of the result where it is another one.
_ALLOWED: dict[str, tuple[tuple[str, ...], str | None]] = {
    **dict.fromkeys(("&&", "||", "!"), ((TRUTH,), TRUTH)),
    **dict.fromkeys(("<", "<=", ">", ">="), ((NUMBER, TEXT), TRUTH)),
    "+": ((NUMBER, TEXT), None),
    **dict.fromkeys(("-", "*", "/", "%", "-1"), ((NUMBER,), NUMBER)),
}


def _refuse_kinds(operator: str, allowed: Iterable[str], kinds: list[str]) -> NoReturn:
    hint = "a number stands without quotes, a text in quotes" if {NUMBER, TEXT} <= set(kinds) else None
    around = "after" if len(kinds) == 1 else "on both sides of"
    wanted = " or ".join(allowed)
    raise ConditionRefusedError(f"{wanted} {around} `{operator}`, not {' and '.join(kinds)}", hint)


def _refuse_name(name: str) -> NoReturn:
    if name in VARIABLES:
        raise ConditionRefusedError(f"a field of `{name}`, not all of it", f"like {_example_of(name)}")
    whole = [fact for fact in FACTS if fact.partition(".")[2] == name]
    hint = f"did you mean `{whole[0]}`?" if whole else did_you_mean(name, VARIABLES)
    raise ConditionRefusedError(f"a known name instead of `{name}`", hint)


def _example_of(variable: str) -> str:
    return next((fact for fact in FACTS if fact.startswith(f"{variable}.")), "request.reason")


def _both_lists(left: Type, right: Type) -> bool:
    return {left.kind, right.kind} <= {TEXTS, NUMBERS, EMPTY}


def _kind_of(value: bool | int | str | None) -> str:
    if value is None:
        return NULL
    return TRUTH if isinstance(value, bool) else NUMBER if isinstance(value, int) else TEXT
