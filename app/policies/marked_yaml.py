"""YAML with the line of every value, and without the parts of YAML that surprise people.

PyYAML's own composer reads the text; only what it composed is turned into plain values here, because its constructor
forgets the lines. Refused: aliases and anchors (a few hundred bytes of them can unfold to gigabytes), duplicate keys
(the last would win silently), tags, empty values (`velocity:` would switch it off), and the spellings that YAML 1.1
takes for something else than they look like (`yes` for true, `010` for eight, `1:30` for ninety).
"""

import re
from typing import Any, NamedTuple

import yaml

from app.policies.problems import Location

MAX_BYTES = 256 * 1024
MAX_DEPTH = 16

_TAG = "tag:yaml.org,2002:"
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")


class Flaw(NamedTuple):
    """What is wrong with the text itself, before anybody asks what it means."""

    line: int
    location: Location
    message: str
    hint: str | None = None


class Marked(NamedTuple):
    """A document as plain values, and the line (from 1) of each location in it."""

    value: Any
    lines: dict[Location, int]
    flaws: list[Flaw]


def read(body: bytes) -> Marked:
    """Reads one document. Never raises: what is wrong is in `flaws`; where nothing could be read, `value` is None."""
    if len(body) > MAX_BYTES:
        return _unread(1, f"expected at most {MAX_BYTES // 1024} KiB", "split the policy by merchants")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        return _unread(body.count(b"\n", 0, error.start) + 1, "expected UTF-8 text", "save the file as UTF-8")
    try:
        flaw = _shape(text)
        node = None if flaw else yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return _unread(mark.line + 1 if mark else 1, f"expected YAML: {error.problem or error.context}")
    except yaml.YAMLError:
        return _unread(1, "expected YAML: a character that YAML does not allow")
    if flaw:
        return Marked(None, {}, [flaw])
    if node is None:
        return _unread(1, "expected a policy, the file is empty")
    reader = _Reader()
    value = reader.value(node, ())
    return Marked(value, reader.lines, reader.flaws)


def _unread(line: int, message: str, hint: str | None = None) -> Marked:
    return Marked(None, {}, [Flaw(line, (), message, hint)])


def _shape(text: str) -> Flaw | None:
    """Looks at the events alone: the composer recurses by depth and unfolds aliases, so neither may reach it."""
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        if getattr(event, "anchor", None):
            return Flaw(_line(event), (), "anchors and aliases are refused", "write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            return Flaw(_line(event), (), f"expected at most {MAX_DEPTH} levels", "a policy has four")
    return None


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


class _Reader:
    """Turns composed nodes into values, and keeps where they stood."""

    def __init__(self) -> None:
        self.lines: dict[Location, int] = {}
        self.flaws: list[Flaw] = []

    def value(self, node: yaml.Node, location: Location) -> Any:
        """The plain value of a node; None where it is flawed."""
        self.lines.setdefault(location, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
            return self._mapping(node, location)
        if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
            return [self.value(item, (*location, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, location)
        return self._flaw(node, location, "tags are refused", "leave the tag out")

    def _mapping(self, node: yaml.MappingNode, location: Location) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._flaw(key, (*location, "?"), "expected a plain word as key", "like window: or EUR:")
                continue
            name, place = key.value, (*location, key.value)
            if name in told:
                hint = f"it stands on line {self.lines[place]} too"
                self._flaw(key, place, "expected each key once", hint)
                continue
            self.lines[place] = key.start_mark.line + 1
            told[name] = self.value(item, place)
        return told

    def _scalar(self, node: yaml.ScalarNode, location: Location) -> Any:
        text: str = node.value
        kind = node.tag.removeprefix(_TAG)
        if kind in {"str", "timestamp", "value", "merge"}:
            return text
        if kind == "null":
            return None if text else self._flaw(node, location, "expected a value", "write null to switch it off")
        if kind == "bool":
            if text in {"true", "false"}:
                return text == "true"
            return self._flaw(node, location, "expected true or false", "quotes make it a word")
        if kind == "int":
            if _WHOLE.fullmatch(text):
                return int(text)
            return self._flaw(node, location, "expected a whole number in plain digits", "like 20000")
        if kind == "float":
            text = "expected a whole number, or a decimal in quotes; never a float"
            return self._flaw(node, location, text, 'write 1 instead of 1.0, "0.15" instead of 0.15')
        return self._flaw(node, location, "tags are refused", "leave the tag out")

    def _flaw(self, node: yaml.Node, location: Location, message: str, hint: str | None) -> None:
        self.flaws.append(Flaw(node.start_mark.line + 1, location, message, hint))
