"""A slot belongs to one living process."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.runtime.config import RuntimeConfig
from app.runtime.exits import MisconfiguredError, UnreachableError
from app.runtime.slots import take_slot


def config(directory: Path, slot: str | None = None) -> RuntimeConfig:
    return RuntimeConfig(bootstrap_servers="none:1", state_dir=directory, slot=slot)


def test_workers_without_a_slot_take_the_first_free_ones(tmp_path: Path) -> None:
    first, filled = take_slot(config(tmp_path))
    second, _ = take_slot(config(tmp_path))
    assert (first.name, second.name, filled.slot) == ("0", "1", "0")
    first.release()
    third, _ = take_slot(config(tmp_path))
    assert third.name == "0"
    second.release()
    third.release()


def test_a_slot_that_is_taken_is_refused_and_free_again_when_its_process_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from app.runtime.slots import take_slot; from app.runtime.config import RuntimeConfig\n"
        f"slot = take_slot(RuntimeConfig(bootstrap_servers='none:1', state_dir=pathlib.Path({str(tmp_path)!r}), slot='7'))\n"
        "print('taken', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"taken\n"
        with pytest.raises(MisconfiguredError, match="slot 7 of refundry is taken"):
            take_slot(config(tmp_path, "7"))
        other.kill()
    slot, _ = take_slot(config(tmp_path, "7"))
    slot.release()


@pytest.mark.parametrize("name", ["", "../up", "a b", "x" * 65])
def test_a_slot_that_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(MisconfiguredError):
        take_slot(config(tmp_path, name))


def test_the_state_of_an_installation_is_for_the_eyes_of_its_owner(tmp_path: Path) -> None:
    slot, filled = take_slot(config(tmp_path / "new" / "place"))
    slot.release()
    assert stat.S_IMODE((filled.state_dir / filled.app_id).stat().st_mode) == 0o700


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnreachableError, match="file"):
        take_slot(config(tmp_path / "file"))
