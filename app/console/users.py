"""Who may use the console: a YAML file of names, roles and hashes, read again whenever it changes.

    users:
      - {name: ann, role: analyst, password: "scrypt$32768$8$3$…"}

A file that cannot be used lets nobody in, nor lets anybody go on: who was taken out of it is out at once.
"""

import re
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from app.console.passwords import is_hash

NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""A name is the `reviewer_id` of what its owner decides: a pseudonym of staff, no e-mail address."""
BYTES_MAX: Final = 1 << 20
"""More is no users file; a device never ends."""
_WRITABLE_BY_OTHERS: Final = 0o022


class Role(StrEnum):
    """What a user may do. Each may what those before it may."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    APPROVER = "approver"


class User(NamedTuple):
    """One user of the console."""

    name: str
    role: Role
    password: str


class UsersFileError(Exception):
    """The file cannot be used. Its text says why, in one line, without any value of it."""


class Users:
    """The users of a file. `find` and `require` raise UsersFileError as long as it cannot be used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_of: tuple[int, int, int] | None = None
        self._users: dict[str, User] = {}

    def find(self, name: str) -> User | None:
        """The user of this name, as the file says now."""
        self.require()
        return self._users.get(name)

    def require(self) -> None:
        """Reads the file, if it is another one than before."""
        try:
            stat = self._path.stat()
        except OSError as error:
            raise UsersFileError(f"the users file cannot be read: {error.strerror}") from error
        state = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if state == self._read_of:
            return
        self._read_of, self._users = None, {}
        if stat.st_mode & _WRITABLE_BY_OTHERS:
            raise UsersFileError("the users file can be written by others than its owner (chmod go-w)")
        self._users = {user.name: user for user in users_in(self._path)}
        self._read_of = state


def users_in(path: Path) -> list[User]:
    """The users in a file. UsersFileError where it cannot be read, or as `parsed` does."""
    try:
        with path.open("rb") as file:
            content = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise UsersFileError(f"the users file cannot be read: {error.strerror}") from error
    if len(content) > BYTES_MAX:
        raise UsersFileError(f"the users file is to have at most {BYTES_MAX >> 20} MiB")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise UsersFileError("the users file cannot be read as UTF-8 text") from error
    return parsed(text)


def parsed(text: str) -> list[User]:
    """The users in the text of a file. UsersFileError names the first that is wrong by its place."""
    try:
        document = yaml.safe_load(text)
    # a day that is none; a tag that its value does not fit, such as `!!bool x`; nested without end
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as error:
        raise UsersFileError("the users file is no YAML") from error
    rows = document.get("users") if isinstance(document, dict) else None
    if not isinstance(rows, list) or set(document) != {"users"}:
        raise UsersFileError("the users file is to hold one list, `users:`")
    users = [_user(number, row) for number, row in enumerate(rows, 1)]
    names = [user.name for user in users]
    if len(set(names)) < len(names):
        raise UsersFileError("the users file names somebody twice")
    return users


def line_of(user: User) -> str:
    """A user as a line of the file."""
    return f'  - {{name: "{user.name}", role: {user.role}, password: "{user.password}"}}\n'


def _user(number: int, row: Any) -> User:
    where = f"user {number} of the users file"
    if not isinstance(row, dict) or set(row) != {"name", "role", "password"}:
        raise UsersFileError(f"{where}: expected name, role and password, and nothing else")
    name, role, password = row["name"], row["role"], row["password"]
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise UsersFileError(f"{where}: name: expected 1 to 64 letters, digits, dots, dashes or _")
    if role not in tuple(Role):
        raise UsersFileError(f"{where}: role: expected one of {', '.join(Role)}")
    if not isinstance(password, str) or not is_hash(password):
        raise UsersFileError(f"{where}: password: expected a hash, as `refundry console add-user` makes it")
    return User(name, Role(role), password)
