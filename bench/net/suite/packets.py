"""Small packets through one qed, in and out: CPU seconds of its process per million packets.

A packet generator on one core speaks the protocol with a qed on another. What qed writes to its TUN
is dropped behind it, what it reads there comes from a flood of UDP packets; neither costs qed more
than the system calls. A rate per core is a million packets by those CPU seconds.
"""

import json
import os
import pathlib
import re
import statistics
import sys

import lab as laboratory
import machine
import options
import peer as peers
import report
import usage
from lab import ADDRESSES, StepFailed
from targets import verdict

FULL = {"seconds": 5, "runs": 5}
QUICK = {"seconds": 1, "runs": 1}
DIRECTIONS = {"in": "peer to TUN", "out": "TUN to peer"}
_DROP = ('table netdev bench { chain behind_tun { type filter hook ingress device "tun-b" '
         'priority 0; udp dport 9 drop; }; }')


def arguments():
    parser = options.parser("packets.sh", __doc__)
    parser.add_argument("--only", metavar="NAME,…", default="qed",
                        help="qed and variants of it (qed)")
    parser.add_argument("--bytes", type=int, default=64, help="of each IP packet (64)")
    parser.add_argument("--cpus", metavar="LIST", default="1",
                        help="where qed runs (1); the generator runs on 0")
    parser.add_argument("--runs", type=int, help=f"how often each ({FULL['runs']})")
    parser.add_argument("--seconds", type=int, help=f"of each measurement ({FULL['seconds']})")
    return options.filled(parser.parse_args(), FULL, QUICK)


class Generator:
    """packet_generator as the peer of side b's qed, with the key that side a would have."""

    def __init__(self, lab, peer, given):
        self._lab, self._given = lab, given
        self._program = os.path.join(os.environ["QE_BENCH_PROGRAMS"], "packet_generator")
        self._link = [str(peer.folder / "a" / "node.key"), (peer.folder / "b" / "id").read_text().strip(),
                      f"{ADDRESSES['b']}:9000"]

    def _start(self, side, *words):
        """(process, the address that it says is its own)"""
        words = [*words, str(self._given.seconds)]
        if words[0] != "receive":
            words.append(str(self._given.bytes))
        process = self._lab.start(side, ["taskset", "--cpu-list", "0", self._program, *words])
        ready = process.stdout.readline().split()
        if ready[:1] != ["ready"]:
            raise StepFailed(f"packet_generator: {process.stderr.read().strip()}")
        return process, ready[1]

    def _end(self, process):
        # Not communicate(): the line may be in the buffer already.
        process.wait(self._given.seconds + 20)
        line = process.stdout.readline()
        if not line:
            raise StepFailed(f"packet_generator: {process.stderr.read().strip()}")
        return json.loads(line)

    def into(self, pids, count):
        """Floods qed over the link."""
        process, _ = self._start("a", "send", *self._link)
        before, calls = count("tun.packets_written"), self._kernel_count("rx")
        with usage.Window(pids) as used:
            sent = self._end(process)
        return self._result(used, sent, count("tun.packets_written") - before,
                            self._kernel_count("rx") - calls)

    def out_of(self, pids, count):
        """Floods qed's TUN."""
        receiver, address = self._start("a", "receive", *self._link)
        before, calls = count("tun.packets_read"), self._kernel_count("tx")
        with usage.Window(pids) as used:
            sent = self._end(self._start("b", "flood", address)[0])
            received = self._end(receiver)
        result = self._result(used, sent, count("tun.packets_read") - before,
                              self._kernel_count("tx") - calls)
        return dict(result, received=received["received"])

    def _kernel_count(self, direction):
        """Buffers that crossed the TUN: less than packets where they cross it joined."""
        shown = json.loads(self._lab.run("b", ["ip", "-s", "-j", "link", "show", "dev", "tun-b"]))
        return shown[0]["stats64"][direction]["packets"]

    @staticmethod
    def _result(used, sent, packets, buffers):
        if packets == 0:
            raise StepFailed(f"no packet came through: {sent}")
        return {"packets": packets, "packets_per_buffer": packets / max(1, buffers), "offered": sent["sent"], "seconds": sent["seconds"],
                "cpu_s": used.cpu, "cpu_s_per_million": used.cpu / packets * 1e6,
                "mpps": packets / sent["seconds"] / 1e6,
                "mpps_per_core": packets / max(used.cpu, 1e-3) / 1e6,
                "others_cores": used.others_cores}


def counters(lab, peer):
    """Reads one counter of side b's qed."""
    command = [os.path.join(os.environ["QE_BENCH_PROGRAMS"], "quicether"), "status", "--json",
               "--control-socket", str(peer.folder / "b" / "control.sock")]

    def read(name):
        found = re.search(rf'"{re.escape(name)}" *: *(\d+)', lab.run("b", command))
        if not found:
            raise StepFailed(f"qed has no counter {name}")
        return int(found.group(1))
    return read


def measure_peer(name, number, given):
    run = {"peer": name, "run": number, "troubles": []}
    try:
        with laboratory.Lab() as lab:
            peer = peers.Peer(name, lab, given.logs)
            run["version"] = peer.step("version")
            peer.step("prepare", timeout=60)
            peer.step("start", "b")
            pids = peer.processes()
            lab.run("b", ["nft", _DROP])
            for pid in pids:
                laboratory.run(["taskset", "--all-tasks", "--cpu-list", "--pid", given.cpus,
                                str(pid)])
            generator = Generator(lab, peer, given)
            run["in"] = generator.into(pids, counters(lab, peer))
            run["out"] = generator.out_of(pids, counters(lab, peer))
    except StepFailed as trouble:
        run["troubles"].append(str(trouble))
    return run


def medians(runs):
    """{(peer, direction): {field: median}}"""
    summary = {}
    for run in runs:
        for direction in filter(run.get, DIRECTIONS):
            summary.setdefault((run["peer"], direction), []).append(run[direction])
    return {key: {field: statistics.median(each[field] for each in values) for field in
                  ("cpu_s_per_million", "mpps_per_core", "mpps", "packets_per_buffer",
                   "others_cores")}
            for key, values in summary.items()}


def target_lines(summary, size):
    lines = []
    for direction, words in DIRECTIONS.items():
        cell = summary.get(("qed", direction)) if size == 64 else None
        lines.append(verdict(f"64-byte packets through one end, {words}", "≥ 0.5 M/s per core",
                             cell and cell["mpps_per_core"],
                             f"{cell['mpps_per_core']:.2f} M/s" if cell else "-",
                             cell["mpps_per_core"] >= 0.5 if cell else None))
    return lines


def body(results, summary):
    rows = [[name, DIRECTIONS[direction], f"{cell['cpu_s_per_million']:.2f}",
             f"{cell['mpps_per_core']:.3f}", f"{cell['mpps']:.3f}", f"{cell['packets_per_buffer']:.1f}",
             f"{cell['others_cores']:.2f}"]
            for (name, direction), cell in summary.items()]
    lines = [f"## Packets of {results['options']['bytes']} bytes of IP, medians", "",
             *report.table(["peer", "direction", "CPU s per million", "M/s per core", "M/s measured",
                            "packets per TUN buffer", "others' cores"], rows)]
    troubles = [f"- {run['peer']}, run {run['run']}: {trouble}" for run in results["runs"]
                for trouble in run["troubles"]]
    return lines + (["", "## What did not work", "", *troubles] if troubles else [])


def main():
    given = arguments()
    laboratory.need_sandbox()
    described = machine.describe()
    if described["cores"] < 2:
        raise SystemExit("packets.sh: the generator and qed need a core each")
    runs = []
    try:
        for number in range(1, given.runs + 1):
            for name in given.only.split(","):
                print(f"run {number} of {given.runs}: {name}", file=sys.stderr, flush=True)
                runs.append(measure_peer(name, number, given))
    except KeyboardInterrupt:
        print("interrupted: reporting what is there", file=sys.stderr)
    summary = medians(runs)
    results = {"command": "packets.sh", "machine": described, "options": options.plain(given),
               "targets": target_lines(summary, given.bytes), "runs": runs,
               "medians": [dict(zip(("peer", "direction"), key), **values)
                           for key, values in summary.items()]}
    print(report.write(given.output, "packets", results, body(results, summary)))
    options.copy_json(given, pathlib.Path(given.output) / "packets.json")
    if not summary:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
