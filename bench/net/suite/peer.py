"""Peers: the programs that are measured, each a file in ../peers or ../variants."""

import json
import os
import pathlib
import re
import tempfile
import time

import lab as laboratory
from lab import ADDRESSES, StepFailed

_NET = pathlib.Path(__file__).resolve().parents[1]
BASELINE = "wireguard-go"  # what ratios are against
CABLE = "raw"


def names(folder="peers"):
    """In the order in which they are measured: what others are compared with comes first."""
    first = [CABLE, "qed", BASELINE]
    found = sorted(file.stem for file in (_NET / folder).glob("*.sh"))
    return sorted(found, key=lambda name: first.index(name) if name in first else len(first))


class Peer:
    """One tunnel between a and b while the `with` block lasts."""

    def __init__(self, name, lab, logs=None, environment=None):
        """environment: variables that its file reads."""
        self.name = name
        self._lab = lab
        self._environment = environment or {}
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=name + "-", dir=logs or "/mnt"))
        self._file = next(path for folder in ("peers", "variants")
                          if (path := _NET / folder / f"{name}.sh").exists())

    def step(self, *step, timeout=30):
        env = dict(os.environ, BENCH_RUN=str(self.folder), BENCH_UNDERLAY_A=ADDRESSES["a"],
                   BENCH_UNDERLAY_B=ADDRESSES["b"], **self._environment)
        return laboratory.run(["bash", str(_NET / "peers.sh"), str(self._file), *step], timeout,
                              env).strip()

    def unavailable(self):
        """Why it cannot run here, or nothing."""
        try:
            self.step("available")
        except StepFailed as reason:
            return str(reason).partition(": exit code ")[2].partition(": ")[2]
        return None

    def start(self, timeout=30):
        """Starts both sides; returns the milliseconds from the start of a to the first reply."""
        self.step("prepare", timeout=90)
        self.address = self.step("overlay", "b")
        self.step("start", "b")
        time.sleep(1)
        probe = self._lab.start("a", ["python3", str(_NET / "suite" / "first_ping.py"),
                                      self.address, str(timeout)])
        probe.stderr.readline()
        start = time.monotonic_ns()
        self.step("start", "a")
        answer, _ = laboratory.finish(probe, timeout + 5)
        if not answer.strip():
            raise StepFailed(f"no ping within {timeout} s: {self.log_tail()}")
        return max(0, int(answer) - start) / 1e6

    def processes(self):
        """To be asked while nothing else runs in the two namespaces."""
        return [pid for side in self._lab.sides for pid in laboratory.processes_in(side)]

    def device(self):
        """(name, MTU, whether it takes super-packets) of the interface towards the other side."""
        route = self._lab.run("a", ["ip", "-o", "route", "get", self.address])
        name = re.search(r"\bdev (\S+)", route).group(1)
        shown = self._lab.run("a", ["ip", "-o", "-d", "link", "show", "dev", name])
        header = re.search(r"\bvnet_hdr (on|off)", shown)
        return name, int(re.search(r"\bmtu (\d+)", shown).group(1)), header and header.group(1)

    def details(self):
        """What the peer says of itself at the end, where its file has a function for it."""
        try:
            text = self.step("details")
            return json.loads(text) if text else None
        except (StepFailed, ValueError) as trouble:
            return str(trouble)

    def log_tail(self):
        """The ends of the peer's logs, on one line."""
        return " ".join(f"[{log.name}] {' '.join(log.read_text(errors='replace').split())[-200:]}"
                        for log in sorted(self.folder.glob("*.log")))
