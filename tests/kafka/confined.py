"""Runs a command as on a machine with less: `python -m tests.kafka.confined [--file-bytes N] [--obey-modes] COMMAND…`.

`--file-bytes`: no file may grow beyond it; a write that would do so fails like one on a full disk, in that process
alone. `--obey-modes`: the modes of files hold for root too, as they do for the user of a container.
"""

import argparse
import ctypes
import os
import resource
import signal
import sys

_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 24, 1, 2


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--file-bytes", type=int)
    parser.add_argument("--obey-modes", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    if given.file_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (given.file_bytes, given.file_bytes))
    if given.obey_modes and os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
            if libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0):
                sys.exit(f"a capability cannot be dropped: {os.strerror(ctypes.get_errno())}")
    os.execv(given.command[0], given.command)


if __name__ == "__main__":
    main()
