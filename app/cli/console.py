"""`refundry console`: the pages on which people decide what waits for them, and who may use them."""

import os
import stat
import tempfile
from pathlib import Path

import click

from app.cli.failures import ExitCode, Failure
from app.cli.kafka import config_of, require_topics
from app.cli.noun import Noun
from app.cli.options import config_option, settings_of
from app.console.passwords import LONGEST, SHORTEST, hash_of
from app.console.users import NAME, Role, User, UsersFileError, line_of, users_in
from app.readside.connecting import connect
from app.review_desk.serving import open_desk, users_of
from topics.catalogue import DEAD_LETTERS, REVIEWS

HEAD = "# Users of the console: `refundry console add-user` writes this file.\nusers:\n"


@click.group(
    cls=Noun, invoke_without_command=True, short_help="Serve the pages on which people decide what waits for them."
)
@config_option
@click.pass_context
def command(ctx: click.Context, config: Path | None) -> None:
    """Serve the console at CONSOLE_BIND, until SIGTERM.

    Analysts see there what waits for a person and by when, why it was decided so, and say what is to be done. It reads
    the read side (REDIS_URL, kept by `refundry projections run`) and writes verdicts to `reviews`; it decides nothing.
    Its users stand in the file CONSOLE_USERS.
    """
    if ctx.invoked_subcommand is not None:
        return
    settings = settings_of(config)
    users_of(settings)  # what cannot be served is told before Kafka is asked for anything
    connect(settings).close()
    runtime = config_of(settings)
    require_topics(runtime, (REVIEWS, DEAD_LETTERS))
    open_desk(settings, runtime)


@command.command("add-user", short_help="Add a user of the console, or give one another role or password.")
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True, help="What they may do.")
@click.option("--users", type=click.Path(dir_okay=False, path_type=Path), help="The file. Default: CONSOLE_USERS.")
@config_option
def add_user(name: str, role: str, users: Path | None, config: Path | None) -> None:
    """Add NAME to the users of the console, or give them another role or password.

    The password is asked for, or is the first line of standard input. A viewer reads; an analyst decides; an approver
    decides also what needs a second person. A console that runs takes the change at once.
    """
    path = users or settings_of(config).console_users
    if path is None:
        raise Failure("there is no users file", "set CONSOLE_USERS, or name one with --users", code=ExitCode.USAGE)
    if not NAME.fullmatch(name):
        raise Failure("a name has 1 to 64 letters, digits, dots, dashes or _", "no e-mail address", code=ExitCode.USAGE)
    known = _known(path)
    user = User(name, Role(role), hash_of(_password()))
    try:
        _write(path, [*(one for one in known if one.name != name), user])
    except OSError as error:
        hint = "run it as the owner of the file, or as root; the file is as it was"
        raise Failure(f"{path} cannot be written: {error.strerror}", hint, code=ExitCode.CONFIGURATION) from error
    click.echo(f"{name} is {'an' if role[0] in 'aeiou' else 'a'} {role} now, says {path}")


def _known(path: Path) -> list[User]:
    """The users in the file, none where it is to be made; a Failure where neither can be."""
    target = Path(os.path.realpath(path))  # what a link points to is written
    try:
        if os.path.lexists(target):
            return users_in(target)
    except UsersFileError as error:
        raise Failure(str(error), f"put {path} right first", code=ExitCode.CONFIGURATION) from error
    if not os.path.isdir(target.parent):  # noqa: PTH112 - a Path raises where it may not look
        hint = f"make {target.parent} first, or name another file"
        raise Failure(f"{path} cannot be written: there is no directory", hint, code=ExitCode.CONFIGURATION)
    return []


def _password() -> str:
    if os.isatty(0):
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt="The same again")
    else:
        try:
            password = click.get_text_stream("stdin").readline().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise Failure("a password is UTF-8 text", "give another one", code=ExitCode.USAGE) from error
    if not SHORTEST <= len(password) <= LONGEST:
        hint = "three or four words that do not belong together are easy to keep"
        raise Failure(f"a password has {SHORTEST} to {LONGEST} characters", hint, code=ExitCode.USAGE)
    return password


def _write(path: Path, users: list[User]) -> None:
    """The whole file at once, whose it was and for whose eyes it was; a new one is for its owner alone.

    Whoever reads it meanwhile finds the old one or the new, and so does everybody after a crash.
    """
    path = Path(os.path.realpath(path))  # what a link points to is written, and the link stays
    before = path.stat() if path.exists() else None
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            if before is not None:
                os.fchown(handle, before.st_uid, before.st_gid)
                os.fchmod(handle, stat.S_IMODE(before.st_mode))
            file.write(HEAD + "".join(map(line_of, users)))
            file.flush()
            os.fsync(handle)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
