"""What a process costs, as the kernel counts it."""

import os
from pathlib import Path
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    """CPU seconds (user and system) since the process began, and what of it lies in memory, in MiB."""

    cpu_seconds: float
    resident_mib: float


def cost_of(pid: int) -> Cost:
    """The cost of a living process."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    return Cost((int(stat[11]) + int(stat[12])) / _TICKS, resident / 1024)


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    cpu = Path("/proc/cpuinfo").read_text()
    model = next(
        (line.partition(":")[2].strip() for line in cpu.splitlines() if line.startswith("model name")), "unknown"
    )
    memory = next(
        line.split()[1] for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal")
    )
    uname = os.uname()
    return {
        "processor": f"{model}, {os.cpu_count()} cores, shared with the broker and the bench itself",
        "memory": f"{int(memory) / 1024 / 1024:.0f} GiB",
        "system": f"{uname.sysname} {uname.release}",
    }


def load() -> str:
    """The load of the machine over the last minute."""
    return f"{os.getloadavg()[0]:.1f}"
