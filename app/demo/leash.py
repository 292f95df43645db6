"""Ties the life of what a demo starts to its own: even a demo that is killed with -9 leaves no process behind."""

import os
import signal
import subprocess
import sys
import threading

STDIN = 0


def hold() -> None:
    """Ends this process as soon as nobody holds the other end of its standard input any more."""
    threading.Thread(target=_end_with_the_other_end, name="leash", daemon=True).start()


def keep(command: list[str]) -> int:
    """Runs a program that knows of no leash, and ends it with this process; the code with which it ended."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - whoever holds the leash chose it
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    threading.Thread(target=_kill_with_the_other_end, args=(child,), name="leash", daemon=True).start()
    return child.wait()


def _kill_with_the_other_end(child: "subprocess.Popen[bytes]") -> None:
    while os.read(STDIN, 1):
        pass
    child.kill()


def _end_with_the_other_end() -> None:
    while os.read(STDIN, 1):
        pass
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1:]))
