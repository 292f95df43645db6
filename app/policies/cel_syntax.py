"""The grammar of conditions: text to tree, for the part of CEL (Common Expression Language) that rules may use.

The engine that judges conditions tells which names a text uses, but neither fields nor types, and it finds a mistake
only when it comes across it: `false && 'a' > 1` runs. So the text is read here too, once, when a policy is loaded.
What this grammar takes, the engine takes, with the same meaning; macros, maps, messages, bytes, unsigned and floating
numbers are CEL that rules have no use for, and are refused with what to write instead.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import cel

from app.policies.conditions import ConditionRefusedError

DEPTH_MAX = 50
INTEGER_MAX = 2**63 - 1


@dataclass(frozen=True)
class Value:
    """A value that is written out; `text` as it stands in the source."""

    value: bool | int | str | None
    text: str


@dataclass(frozen=True)
class Name:
    """A name that stands alone."""

    name: str


@dataclass(frozen=True)
class Field:
    """`of.name`."""

    of: "Node"
    name: str


@dataclass(frozen=True)
class Item:
    """`of[index]`."""

    of: "Node"
    index: "Node"


@dataclass(frozen=True)
class Call:
    """`function(arguments)`, or `of.function(arguments)`."""

    function: str
    of: "Node | None"
    arguments: tuple["Node", ...]


@dataclass(frozen=True)
class Operation:
    """An operator and its one or two operands."""

    operator: str
    operands: tuple["Node", ...]


@dataclass(frozen=True)
class Choice:
    """`condition ? yes : no`."""

    condition: "Node"
    yes: "Node"
    no: "Node"


@dataclass(frozen=True)
class Listed:
    """`[items]`."""

    items: tuple["Node", ...]


Node: TypeAlias = Value | Name | Field | Item | Call | Operation | Choice | Listed


class Token(NamedTuple):
    """A piece of the text. `kind` is the name of its group in the pattern; `end` for the end of the text."""

    kind: str
    text: str
    column: int


_TOKENS = re.compile(
    r"""(?P<space>[ \t\n\r\f]+|//[^\n]*)
    |(?P<string>(?P<prefix>[rRbB]{0,2})(?:\"{3}[\s\S]*?\"{3}|'{3}[\s\S]*?'{3}|"(?:\\.|[^"\\\n\r])*"|'(?:\\.|[^'\\\n\r])*'))
    |(?P<float>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
    |(?P<unsigned>(?:0x[0-9a-fA-F]+|[0-9]+)[uU])
    |(?P<number>0x[0-9a-fA-F]+|[0-9]+)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>&&|\|\||==|!=|<=|>=|[-<>+*/%!?:.,()\[\]])""",
    re.VERBOSE,
)
# What people write who know another language, and what CEL writes.
_ELSEWHERE = {"and": "&&", "or": "||", "not": "!", "=": "==", "&": "&&", "|": "||", "is": "==", "<>": "!="}
_BINARY = (("||",), ("&&",), ("==", "!=", "<", "<=", ">", ">=", "in"), ("+", "-"), ("*", "/", "%"))
_CONSTANTS = {"true": True, "false": False, "null": None}


def parse(text: str) -> Node:
    """The tree of a condition. Raises `ConditionRefusedError`."""
    reader = _Reader([*_tokens(text)])
    node = reader.choice()
    if reader.token.kind != "end":
        raise reader.refusal("an operator or the end")
    return node


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        match = _TOKENS.match(text, at)
        if match is None:
            raise _unknown(text, at)
        kind = match.lastgroup or "space"
        if match["string"] is not None:
            kind = "string"
        if kind != "space":
            yield Token(kind, match[0], at + 1)
        at = match.end()
    yield Token("end", "", len(text) + 1)


def _unknown(text: str, at: int) -> ConditionRefusedError:
    sign = text[at]
    if sign in "\"'":
        return ConditionRefusedError(f"a closing {sign} for the one in column {at + 1}")
    hint = f"write {_ELSEWHERE[sign]}" if sign in _ELSEWHERE else None
    if sign in "{}":
        hint = "maps and messages have no use in a rule"
    return ConditionRefusedError(f"something else than `{sign}` in column {at + 1}", hint)


class _Reader:
    """Reads tokens by CEL's precedence: choice, or, and, relation, sum, product, unary, member."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        """The token that is next."""
        return self._tokens[self._at]

    def refusal(self, expected: str) -> ConditionRefusedError:
        """What is said of the next token."""
        token = self.token
        if token.kind == "end":
            unfinished = f"{expected.removesuffix(' or the end')} where it ends"
            return ConditionRefusedError(unfinished, "finish it, like request.amount_minor > 10000")
        hint = f"write {_ELSEWHERE[token.text]}" if token.text in _ELSEWHERE else None
        return ConditionRefusedError(f"{expected} instead of `{token.text[:40]}` in column {token.column}", hint)

    def choice(self) -> Node:
        """`or`, or `or ? or : choice`."""
        self._deeper()
        node = self._binary(0)
        if self._take("?"):
            yes = self._binary(0)
            self._need(":")
            node = Choice(node, yes, self.choice())
        self._depth -= 1
        return node

    def _binary(self, level: int) -> Node:
        if level == len(_BINARY):
            return self._unary()
        node = self._binary(level + 1)
        while self.token.text in _BINARY[level] and self.token.kind in ("sign", "word"):
            operator = self._next().text
            node = Operation(operator, (node, self._binary(level + 1)))
        return node

    def _unary(self) -> Node:
        if self.token.kind != "sign" or self.token.text not in ("!", "-"):
            return self._member()
        self._deeper()
        operator = self._next().text
        if operator == "-" and self.token.kind == "number":
            value = _integer(self.token.text, -1)
            node = self._members(Value(value, f"-{self._next().text}"))
        else:
            node = Operation(operator, (self._unary(),))
        self._depth -= 1
        return node

    def _member(self) -> Node:
        return self._members(self._primary())

    def _members(self, node: Node) -> Node:
        while True:
            if self._take("."):
                if self.token.kind != "word":
                    raise self.refusal("a name")
                name = self._next().text
                node = Call(name, node, self._arguments(")")) if self._take("(") else Field(node, name)
            elif self._take("["):
                node = Item(node, self.choice())
                self._need("]")
            else:
                return node

    def _primary(self) -> Node:
        token = self.token
        if token.kind == "word" and token.text not in ("in", *_ELSEWHERE):
            self._next()
            if self._take("("):
                return Call(token.text, None, self._arguments(")"))
            return Value(_CONSTANTS[token.text], token.text) if token.text in _CONSTANTS else Name(token.text)
        if token.kind == "number":
            return Value(_integer(token.text, 1), self._next().text)
        if token.kind == "string":
            return Value(_string(token), self._next().text)
        if token.kind in ("float", "unsigned"):
            raise ConditionRefusedError(f"a whole number instead of `{token.text}`", "amounts are minor units")
        if self._take("("):
            node = self.choice()
            self._need(")")
            return node
        if self._take("["):
            return Listed(self._arguments("]"))
        raise self.refusal("a value")

    def _arguments(self, end: str) -> tuple[Node, ...]:
        found: list[Node] = []
        while not self._take(end):
            if found:
                self._need(",")
            found.append(self.choice())
        return tuple(found)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise ConditionRefusedError(f"at most {DEPTH_MAX} levels of brackets and signs", "make two rules of it")

    def _next(self) -> Token:
        token = self.token
        self._at += 1
        return token

    def _take(self, sign: str) -> bool:
        found = self.token.kind == "sign" and self.token.text == sign
        self._at += found
        return found

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            raise self.refusal(f"`{sign}`")


def _integer(text: str, factor: int) -> int:
    value = int(text, 0 if text.startswith("0x") else 10) * factor
    if not -INTEGER_MAX - 1 <= value <= INTEGER_MAX:
        raise ConditionRefusedError(f"a number of 64 bits instead of `{text[:40]}`")
    return value


def _string(token: Token) -> str:
    """The text that a string of CEL stands for, as the engine reads it: escapes have one reader only."""
    try:
        value = cel.compile(token.text).execute()
    except ValueError:
        value = None
    if not isinstance(value, str):
        hint = "without a prefix, and a backslash written twice"
        raise ConditionRefusedError(f"a text instead of `{token.text[:40]}` in column {token.column}", hint)
    return value
