"""Users: the file, its mistakes, the hashes, and the command that writes them."""

import errno
import os
import stat

import pytest
from click.testing import CliRunner

from app.cli.root import cli
from app.console.passwords import NOBODY, hash_of, is_hash, matches
from app.console.users import Role, Users, UsersFileError, parsed
from tests.console.world import HASH, PASSWORD, users_file


def test_a_password_matches_its_own_hash_and_no_other():
    one, other = hash_of("a password of ours"), hash_of("a password of ours")
    assert one != other
    assert matches("a password of ours", one)
    assert not matches("a password of theirs", one)
    assert is_hash(one)
    assert is_hash(NOBODY)
    assert not matches("", NOBODY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2",
        PASSWORD,
        HASH.replace("scrypt", "md5"),
        HASH.replace("16384", "1024"),
        HASH.replace("16384", "16385"),
        HASH.replace("16384", str(2**30)),
        HASH.replace("$8$", "$1$"),
        HASH.replace("$8$1$", "$8$0$"),
        HASH.replace("$8$1$", "$8$99$"),
        HASH[:-4],
        HASH + "$",
        "$".join(HASH.split("$")[:4]) + "$c2FsdA==$" + HASH.split("$")[5],
    ],
)
def test_what_is_no_hash_of_ours_or_too_cheap_or_too_dear_is_refused(text):
    assert not is_hash(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "one list"),
        ("users: ann", "one list"),
        ("users: [}", "no YAML"),
        ("users: []\nroles: []", "one list"),
        ("users: [ann]", "user 1 of the users file: expected name, role and password"),
        (f"users: [{{name: ann, role: analyst, password: '{HASH}', mail: x}}]", "nothing else"),
        (f"users: [{{name: 'a b', role: analyst, password: '{HASH}'}}]", "name"),
        (f"users: [{{name: ann@shop.example, role: analyst, password: '{HASH}'}}]", "name"),
        (f"users: [{{name: 7, role: analyst, password: '{HASH}'}}]", "name"),
        (f"users: [{{name: ann, role: admin, password: '{HASH}'}}]", "viewer, analyst, approver"),
        (f"users: [{{name: ann, role: [analyst], password: '{HASH}'}}]", "viewer, analyst, approver"),
        ("users: [{name: ann, role: analyst, password: hunter2}]", "expected a hash"),
        (f"users: {[{'name': 'ann', 'role': 'viewer', 'password': HASH}] * 2}", "twice"),
    ],
)
def test_a_file_that_is_wrong_is_refused_without_telling_what_stands_in_it(text, said):
    with pytest.raises(UsersFileError, match=said) as refused:
        parsed(text)
    assert "hunter2" not in str(refused.value)
    assert HASH not in str(refused.value)


def test_a_file_is_read_again_when_it_has_changed(tmp_path):
    users = Users(users_file(tmp_path / "users.yaml", {"ann": Role.VIEWER}))
    assert users.find("ann").role is Role.VIEWER
    users_file(tmp_path / "users.yaml", {"ann": Role.APPROVER, "bob": Role.VIEWER})
    assert users.find("ann").role is Role.APPROVER
    assert users.find("bob") is not None
    (tmp_path / "users.yaml").unlink()
    with pytest.raises(UsersFileError, match="cannot be read: No such file"):
        users.find("ann")


@pytest.mark.parametrize("mode", [0o666, 0o620, 0o602])
def test_a_file_that_others_may_write_is_refused(tmp_path, mode):
    path = users_file(tmp_path / "users.yaml")
    path.chmod(mode)
    with pytest.raises(UsersFileError, match="chmod go-w"):
        Users(path).require()


def add(path, name, role, password=PASSWORD, **environ):
    arguments = ["console", "add-user", name, "--role", role, *(["--users", str(path)] if path else [])]
    return CliRunner().invoke(cli, arguments, input=f"{password}\n", env=environ)


def test_the_command_adds_and_changes_users_in_a_file_for_its_owner_alone(tmp_path):
    path = tmp_path / "users.yaml"
    done = add(path, "ann", "analyst")
    assert done.exit_code == 0, done.output
    assert "ann is an analyst now" in done.output
    assert add(path, "bob", "approver").exit_code == 0
    assert add(path, "ann", "viewer", "another long password").exit_code == 0
    users = Users(path)
    assert {name: users.find(name).role for name in ("ann", "bob")} == {"ann": Role.VIEWER, "bob": Role.APPROVER}
    assert matches("another long password", users.find("ann").password)
    assert matches(PASSWORD, users.find("bob").password)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["users.yaml"]
    assert PASSWORD not in path.read_text()


def test_a_file_that_is_changed_keeps_its_mode_and_its_owner_and_a_link_to_it_stays(tmp_path, monkeypatch):
    path, link, owners = users_file(tmp_path / "users.yaml"), tmp_path / "link.yaml", []
    path.chmod(0o640)
    link.symlink_to(path)
    monkeypatch.setattr("os.fchown", lambda _, user, group: owners.append((user, group)))
    assert add(link, "zoe", "viewer").exit_code == 0
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert owners == [(path.stat().st_uid, path.stat().st_gid)]
    assert Users(path).find("zoe").role is Role.VIEWER


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give a file away")
def test_root_who_adds_a_user_leaves_the_file_to_the_console_that_reads_it(tmp_path):
    path = users_file(tmp_path / "users.yaml")
    os.chown(path, 10001, 10002)
    path.chmod(0o440)
    assert add(path, "zoe", "viewer").exit_code == 0
    after = path.stat()
    assert (after.st_uid, after.st_gid, stat.S_IMODE(after.st_mode)) == (10001, 10002, 0o440)


@pytest.mark.parametrize("call", ["fchown", "fsync", "replace"])
def test_a_file_that_cannot_be_written_as_it_was_stays_whole_and_nothing_is_left_beside_it(tmp_path, monkeypatch, call):
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    path = users_file(tmp_path / "users.yaml")
    before = path.read_text()
    monkeypatch.setattr(f"pathlib.Path.{call}" if call == "replace" else f"os.{call}", refuse)
    done = add(path, "zoe", "viewer")
    assert done.exit_code == 3
    assert "cannot be written: Operation not permitted" in done.output
    assert path.read_text() == before
    assert [one.name for one in tmp_path.iterdir()] == ["users.yaml"]


@pytest.mark.parametrize(
    ("name", "password", "said"),
    [
        ("ann", "short", "12 to 256 characters"),
        ("ann", "", "12 to 256 characters"),
        ("ann@shop.example", PASSWORD, "no e-mail address"),
        ("a b", PASSWORD, "letters, digits"),
    ],
)
def test_the_command_refuses_what_the_console_would_not_take(tmp_path, name, password, said):
    done = add(tmp_path / "users.yaml", name, "analyst", password)
    assert done.exit_code == 2
    assert said in done.output
    assert not (tmp_path / "users.yaml").exists()


def test_the_command_does_not_write_over_a_file_that_it_does_not_understand(tmp_path):
    path = tmp_path / "users.yaml"
    path.write_text("something: else\n")
    done = add(path, "ann", "analyst")
    assert done.exit_code == 3
    assert path.read_text() == "something: else\n"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.write_bytes(os.urandom(4) + b"\xff"), "cannot be read as UTF-8 text"),
        (lambda path: path.write_bytes(b"[" * 20_000), "is no YAML"),
        (lambda path: path.write_bytes(b"users: 2026-99-99"), "is no YAML"),
        (lambda path: path.write_bytes(b"users: !!bool x"), "is no YAML"),
        (lambda path: path.write_bytes(b'users: !!int ""'), "is no YAML"),
        (lambda path: path.write_bytes(b"users: !!timestamp x"), "is no YAML"),
        (lambda path: path.write_bytes(b""), "one list, `users:`"),
        (lambda path: path.write_bytes(b"users:\n  - {name: ann, ro"), "is no YAML"),
        (lambda path: path.mkdir(), "cannot be read: Is a directory"),
        (lambda path: path.symlink_to(path), "cannot be read: Too many levels of symbolic links"),
        (lambda path: path.symlink_to("/dev/full"), "at most 1 MiB"),
    ],
)
def test_what_can_be_no_users_file_is_refused_by_the_console_and_left_alone_by_the_command(tmp_path, make, said):
    path = tmp_path / "users.yaml"
    make(path)
    done = add(None, "ann", "analyst", REFUNDRY_CONSOLE_USERS=str(path))
    assert (done.exit_code, done.output.count("\n")) == (3, 1)
    assert f"{said} (put {path} right first)" in done.output
    assert [one.name for one in tmp_path.iterdir()] == ["users.yaml"]
    with pytest.raises(UsersFileError):
        Users(path).require()


def test_the_command_says_of_a_file_that_it_may_not_read_that_it_may_not(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    path = users_file(tmp_path / "users.yaml")
    monkeypatch.setattr("pathlib.Path.open", refuse)
    done = add(path, "ann", "analyst")
    assert (done.exit_code, done.output) == (
        3,
        f"refundry: the users file cannot be read: Permission denied (put {path} right first)\n",
    )


@pytest.mark.parametrize("place", ["missing/users.yaml", "a file/users.yaml", "a link"])
def test_the_command_says_that_there_is_no_directory_before_it_asks_for_a_password(tmp_path, place):
    (tmp_path / "a file").touch()
    (tmp_path / "a link").symlink_to("missing/users.yaml")
    done = add(tmp_path / place, "ann", "analyst", "short")
    assert done.exit_code == 3
    assert "there is no directory (make " in done.output


def test_a_password_that_is_no_text_is_refused(tmp_path):
    arguments = ["console", "add-user", "ann", "--role", "viewer", "--users", str(tmp_path / "users.yaml")]
    done = CliRunner().invoke(cli, arguments, input=b"\xff\xfe is no password of anybody\n")
    assert done.exit_code == 2
    assert "UTF-8" in done.output


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "REFUNDRY_CONSOLE_USERS (default): the console needs it"),
        ({"REFUNDRY_CONSOLE_USERS": "/nowhere/users.yaml"}, "cannot be read"),
    ],
)
def test_a_console_without_users_does_not_start(environ, said):
    done = CliRunner().invoke(cli, ["console"], env={"REFUNDRY_REDIS_URL": "redis://127.0.0.1:1"} | environ)
    assert done.exit_code == 3
    assert said in done.output
    assert "refundry console add-user" in done.output


def test_a_console_without_a_read_side_does_not_start(tmp_path):
    environ = {"REFUNDRY_CONSOLE_USERS": str(users_file(tmp_path / "users.yaml")), "REFUNDRY_REDIS_URL": ""}
    done = CliRunner().invoke(cli, ["console"], env=environ)
    assert done.exit_code == 3
    assert "REFUNDRY_REDIS_URL (default): the read side needs it" in done.output
