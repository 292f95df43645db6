"""What the doctor says of the machine: each finding with its cure, and nothing changed by looking."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app.doctor import Finding, Verdict, here
from app.doctor.installation import Installation
from app.runtime.config import RuntimeConfig
from app.runtime.topology import Topology
from app.settings import load_settings
from tests.kafka.harness import ROOT

KEY = "k" * 32
MIB = 1 << 20


def installation(state_dir: Path, **given: str) -> Installation:
    variables = {"REFUNDRY_HASH_KEY": KEY, **{f"REFUNDRY_{name.upper()}": value for name, value in given.items()}}
    config = RuntimeConfig(bootstrap_servers="127.0.0.1:1", state_dir=state_dir)
    return Installation(load_settings(variables), config, Topology((), ()))


def only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, findings
    return findings[0]


def test_a_worker_without_its_key_is_wrong_and_the_cure_says_how_to_make_one(tmp_path: Path) -> None:
    assert only(list(here.settings_of_a_worker(installation(tmp_path)))).verdict is Verdict.OK
    without = Installation(load_settings({}), installation(tmp_path).config, Topology((), ()))
    found = only(list(here.settings_of_a_worker(without)))
    assert (found.verdict, found.code) == (Verdict.WRONG, 3)
    assert "REFUNDRY_HASH_KEY" in found.found
    assert "openssl rand" in found.cure


def test_a_state_directory_that_is_not_there_yet_is_fine_and_is_not_made(tmp_path: Path) -> None:
    found = only(list(here.state_directory(installation(tmp_path / "later" / "state"))))
    assert found.verdict is Verdict.OK
    assert not (tmp_path / "later").exists()


def test_a_state_directory_behind_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = only(list(here.state_directory(installation(tmp_path / "file"))))
    assert (found.verdict, found.code) == (Verdict.WRONG, 4)
    assert "STATE_DIR" in found.cure


@pytest.mark.parametrize(
    ("free", "held", "verdict"),
    [
        (255 * MIB, 0, Verdict.WRONG),
        (256 * MIB, 0, Verdict.OK),
        (300 * MIB, 50 * MIB, Verdict.LOOK),
        (306 * MIB, 50 * MIB, Verdict.OK),
    ],
)
def test_there_must_be_room_for_what_is_written_and_for_a_compaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, held: int, verdict: Verdict
) -> None:
    rows = tmp_path / "refundry" / "slot-0" / "v2" / "000001.sst"
    rows.parent.mkdir(parents=True)
    with rows.open("wb") as file:
        file.truncate(held)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1 << 40, 1, free))
    assert only(list(here.state_directory(installation(tmp_path)))).verdict is verdict


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="this system has no list of locks")
def test_a_slot_that_a_process_holds_is_told_with_the_process_and_stays_held(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from app.runtime.config import RuntimeConfig\n"
        "from app.runtime.slots import take_slot\n"
        "held = take_slot(RuntimeConfig(bootstrap_servers='x', state_dir=Path(sys.argv[1]), slot='7'))\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        (tmp_path / "refundry" / "slot-8.lock").touch()
        _, slots = here.state_directory(installation(tmp_path))
        assert slots.found == f"held: slot 7 by process {holder.pid}"
        holder.communicate("")


def test_a_redis_that_does_not_answer_is_told_without_its_password(tmp_path: Path) -> None:
    assert list(here.redis_server(installation(tmp_path))) == []
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        found = only(list(here.redis_server(installation(tmp_path, redis_url=f"redis://:secret@127.0.0.1:{port}/0"))))
    assert (found.verdict, found.code) == (Verdict.WRONG, 4)
    assert f"127.0.0.1:{port}" in found.found
    assert "secret" not in found.found + found.cure


@pytest.mark.parametrize("options", ["bogus=1", "socket_timeout=soon", "protocol=7"])
def test_a_redis_url_with_options_that_nobody_knows_is_told_and_not_tripped_over(tmp_path: Path, options: str) -> None:
    url = f"redis://:secret@127.0.0.1:1/0?{options}"
    found = only(list(here.redis_server(installation(tmp_path, redis_url=url))))
    assert (found.verdict, found.code) == (Verdict.WRONG, 3)
    assert "REFUNDRY_REDIS_URL" in found.found
    assert found.cure
    assert "secret" not in found.found + found.cure
