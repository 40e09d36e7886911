"""What processes and the machine use: CPU seconds, memory, and what else is going on."""

import contextlib
import os
import time

_TICKS = os.sysconf("SC_CLK_TCK")
_MACHINE_PROC = 9  # opened by common.sh before it entered the sandbox


def _stat(pid, root=None):
    """Fields of /proc/PID/stat from the state on, after the name, which may hold anything."""
    descriptor = os.open(f"{pid}/stat" if root else f"/proc/{pid}/stat", os.O_RDONLY, dir_fd=root)
    with open(descriptor, encoding="utf-8", errors="replace") as file:
        return file.read().rpartition(") ")[2].split()


def _cpu(fields):
    return sum(map(int, fields[11:15])) / _TICKS  # utime, stime and those of ended children


def cpu_seconds(pids):
    """User and system time of processes; an ended one counts as nothing."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(OSError, IndexError):
            total += _cpu(_stat(pid))
    return total


def thread_cpu_seconds(pid):
    """{thread id: seconds} of one process."""
    return {thread: _cpu(_stat(f"{pid}/task/{thread}")) for thread in os.listdir(f"/proc/{pid}/task")}


def memory_mb(pids):
    """Resident memory of processes together."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/status", encoding="utf-8") as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))
    return total / 1024


def machine_busy_seconds():
    """CPU seconds of everything on the machine, interrupts included."""
    with open("/proc/stat", encoding="utf-8") as file:
        user, nice, system, _, _, irq, softirq = map(int, file.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / _TICKS


def _others_seconds():
    """CPU seconds of the machine's processes outside the sandbox, without kernel threads."""
    total = 0.0
    sandbox = os.readlink("/proc/self/ns/pid")
    for entry in filter(str.isdigit, os.listdir(_MACHINE_PROC)):
        with contextlib.suppress(OSError, IndexError):
            fields = _stat(entry, _MACHINE_PROC)
            if int(fields[1]) != 2 and \
                    os.readlink(f"{entry}/ns/pid", dir_fd=_MACHINE_PROC) != sandbox:
                total += _cpu(fields)
    return total


class Window:
    """Usage between two moments: with Window(pids) as used: …; then its fields are set."""

    def __init__(self, pids):
        self._pids = pids

    def __enter__(self):
        self._start = (time.monotonic(), cpu_seconds(self._pids), machine_busy_seconds(),
                       _others_seconds())
        return self

    def __exit__(self, *_):
        start, cpu, busy, others = self._start
        self.seconds = time.monotonic() - start
        self.cpu = cpu_seconds(self._pids) - cpu
        self.machine = machine_busy_seconds() - busy
        self.others_cores = max(0.0, _others_seconds() - others) / self.seconds
