"""Every command explains itself, and the whole does so at once."""

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from app.cli import cli
from app.cli.lazy import LazyGroup
from app.cli.root import COMMANDS

MODULES_THAT_TAKE_TIME = ("pydantic", "msgspec", "confluent_kafka", "rich", "topics", "agents", "app.domain", "yaml")


def paths(group: click.Group, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*above, name), command
        if isinstance(command, click.Group):
            yield from paths(command, (*above, name))


COMMAND_PATHS = dict(paths(cli))


@pytest.mark.parametrize("words", COMMAND_PATHS, ids=" ".join)
def test_every_command_has_help(refundry, words):
    done = refundry(*words, "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: refundry {' '.join(words)}")
    assert COMMAND_PATHS[words].help


@pytest.mark.parametrize("words", COMMAND_PATHS, ids=" ".join)
def test_every_option_of_every_command_says_what_it_is_for(words):
    options = [param for param in COMMAND_PATHS[words].params if isinstance(param, click.Option)]
    assert not [option.name for option in options if not option.help]


NOUNS = [words for words, command in COMMAND_PATHS.items() if isinstance(command, click.Group)]


@pytest.mark.parametrize("words", NOUNS, ids=" ".join)
def test_the_help_of_a_noun_says_of_each_verb_what_it_does_to_the_end_of_the_sentence(refundry, words):
    told = " ".join(refundry(*words, "--help").out.split())
    for verb, command in COMMAND_PATHS.items():
        if verb[:-1] == words:
            assert f"{verb[-1]} {command.get_short_help_str(limit=200)}" in told


def test_the_list_of_commands_says_of_each_what_it_says_of_itself():
    assert isinstance(cli, LazyGroup)
    told = {
        words[0]: command.get_short_help_str(limit=200) for words, command in COMMAND_PATHS.items() if len(words) == 1
    }
    assert told == COMMANDS


def test_everything_that_shows_something_can_show_it_as_json():
    without = {
        " ".join(words)
        for words, command in COMMAND_PATHS.items()
        if not isinstance(command, click.Group) and "output" not in {param.name for param in command.params}
    }
    assert without == {
        "demo",
        "worker",
        "console add-user",
        "projections run",
        "projections rebuild",
        "schema export",
        "schema check",
    }


def test_help_imports_nothing_that_takes_time():
    code = (
        "import sys; sys.argv = ['refundry', '--help']\n"
        "from app.cli import main\n"
        "try: main()\n"
        "finally: print(sorted({'.'.join(name.split('.')[:2]) for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert "replay" in done.stdout
    assert not [name for name in MODULES_THAT_TAKE_TIME if f"'{name}'" in done.stderr]


def test_no_command_at_all_shows_the_help_and_is_a_usage_error(refundry):
    done = refundry()
    assert done.code == 2
    assert "Commands:" in done.err + done.out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["frobnicate"], "refundry: No such command 'frobnicate' (see refundry --help)"),
        (["replay"], "refundry: Missing argument 'FILE...' (see refundry replay --help)"),
        (["order", "show"], "refundry: Missing argument 'ORDER_ID' (see refundry order show --help)"),
        (["config", "show", "--output", "xml"], "refundry: Invalid value for '--output': 'xml' is not one of"),
        (["topics", "destroy"], "refundry: No such command 'destroy' (see refundry topics --help)"),
    ],
)
def test_a_usage_error_is_one_line_with_a_hint(refundry, arguments, complaint):
    done = refundry(*arguments)
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert done.complaint.startswith(complaint)


def test_the_version_is_that_of_the_distribution(refundry):
    done = refundry("--version")
    assert done.code == 0
    assert done.out.startswith("refundry 0.")
