"""What a command says when it cannot do what was asked: one line, a hint, and an exit code that scripts can rely on."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from traceback import extract_tb
from typing import IO, Any

import click


class ExitCode(IntEnum):
    """The contract's exit codes. They are a promise to every script that calls a command."""

    OK = 0
    USAGE = 2
    CONFIGURATION = 3
    UNREACHABLE = 4
    UNSAFE = 5
    VIOLATED = 6


class Failure(click.ClickException):
    """Ends a command. `details` are shown first, one line each; then what is wrong, with what to do about it."""

    def __init__(self, message: str, hint: str = "", *, code: int, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.hint = hint
        self.exit_code = int(code)
        self.details = details

    def show(self, file: IO[Any] | None = None) -> None:
        """Prints it to standard error."""
        for line in self.details:
            click.echo(line, file=file, err=True)
        hint = f" ({self.hint})" if self.hint else ""
        click.echo(f"refundry: {self.message}{hint}", file=file, err=True)


# By name: whatever went wrong, telling it must not depend on importing half of the product.
CODES = {
    "app.settings.problems.ConfigurationError": ExitCode.CONFIGURATION,
    "app.policies.problems.PoliciesRefusedError": ExitCode.CONFIGURATION,
    "app.replay.rates.RatesRefusedError": ExitCode.CONFIGURATION,
    "app.replay.files.UnreadableFileError": ExitCode.USAGE,
    "app.runtime.store.StoreBrokenError": ExitCode.UNREACHABLE,
    "app.runtime.round.TooManyFailuresError": ExitCode.VIOLATED,
    "app.runtime.log.EndlessCascadeError": ExitCode.VIOLATED,
}
WORKER_STOP = "app.runtime.exits.WorkerStopError"


@contextmanager
def writing(path: Path | str) -> Iterator[None]:
    """An OSError that comes up here and names no file, such as that of a full disk, is about this one."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def failure_of(error: Exception) -> Failure:
    """The failure that an error of ours means. Anything else is a mistake of the program: which, and where."""
    names = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    if WORKER_STOP in names:
        stop: Any = error
        return Failure(stop.reason, stop.hint, code=stop.code)
    for name, code in CODES.items():
        if name in names:
            return Failure(_counted(error), code=code, details=_lines(error))
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return Failure(
            f"{where}{error.strerror}", "check the path, the space and the rights", code=ExitCode.UNREACHABLE
        )
    frame = extract_tb(error.__traceback__)[-1]
    place = f"{frame.filename}:{frame.lineno}"
    return Failure(
        f"a mistake of the program: {type(error).__name__} at {place}",
        "the same again with `refundry --traceback …` says more; please report it",
        code=ExitCode.VIOLATED,
    )


def _lines(error: Exception) -> list[str]:
    problems: Iterable[object] = getattr(error, "problems", ())
    return [str(problem) for problem in problems]


def _counted(error: Exception) -> str:
    """One problem is told by its own line; of several the last line says how many."""
    count = len(_lines(error))
    return f"{count} {'problem' if count == 1 else 'problems'} to put right" if count else str(error)
