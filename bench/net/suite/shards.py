"""Two peers flood one qed that has one shard, then two: packets per CPU second, and how evenly its
threads share the work.

On a machine with two cores the peers take what a second thread could use, so the packets per second
do not show what two free cores would do. The CPU time does: a packet must not cost more with two
shards than with one, and neither thread may have much more to do than the other. "scaling" is what
follows for free cores: the packets of the busier thread's CPU second, times what it has of them.
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
import report
import usage
from lab import ADDRESSES, StepFailed
from targets import verdict

FULL = {"seconds": 5, "runs": 5}
QUICK = {"seconds": 1, "runs": 1}
PEERS = 2
_DROP = ('table netdev bench { chain behind_tun { type filter hook ingress device "tun-b" '
         'priority 0; udp dport 9 drop; }; }')


def arguments():
    parser = options.parser("shards.sh", __doc__)
    parser.add_argument("--bytes", type=int, default=1200, help="of each IP packet (1200)")
    parser.add_argument("--runs", type=int, help=f"how often each ({FULL['runs']})")
    parser.add_argument("--seconds", type=int, help=f"of each measurement ({FULL['seconds']})")
    return options.filled(parser.parse_args(), FULL, QUICK)


class Hub:
    """qed in b, and the keys of peers of which each has another shard of two."""

    def __init__(self, lab, shards):
        self.lab, self.folder = lab, pathlib.Path("/mnt/hub")
        self._programs = pathlib.Path(os.environ["QE_BENCH_PROGRAMS"])
        self.folder.mkdir(mode=0o700)
        self.id = self._key("node")
        self.peers = [self._peer(number) for number in range(PEERS)]
        (self.folder / "policy.toml").write_text(
            '[[rules]]\nsubject = "*"\nobject = "::/0"\naction = "allow"\n')
        (self.folder / "config.toml").write_text("\n".join(
            [f'node.state_dir = "{self.folder}"', 'network.tun_name = "tun-b"',
             f'security.policy_file = "{self.folder}/policy.toml"',
             f'control.socket = "{self.folder}/control.sock"', f"performance.shards = {shards}",
             *(f'[[peer]]\nid = "{peer}"' for _, peer in self.peers)]))
        self.process = lab.start("b", [str(self._programs / "qed"), "--config",
                                       str(self.folder / "config.toml")])
        for line in self.process.stderr:
            if "node.ready" in line:
                break
        else:
            raise StepFailed("qed did not start")
        lab.run("b", ["nft", _DROP])

    def _key(self, name):
        shown = laboratory.run([str(self._programs / "quicether"), "keygen", "--json", "--output",
                                str(self.folder / f"{name}.key")])
        return json.loads(shown)["node_id"]

    def _peer(self, number):
        """(key file, NodeId): keys are drawn until the lane leads to this shard."""
        for attempt in range(64):
            name = f"peer-{number}-{attempt}"
            peer = self._key(name)
            if (int(self.id[-2:], 16) ^ int(peer[-2:], 16)) % PEERS == number:
                return self.folder / f"{name}.key", peer
        raise StepFailed("no key for this shard in 64 draws")

    def counter(self, name):
        shown = self.lab.run("b", [str(self._programs / "quicether"), "status", "--json",
                                   "--control-socket", str(self.folder / "control.sock")])
        return int(re.search(rf'"{re.escape(name)}" *: *(\d+)', shown).group(1))

    def flood(self, given):
        """From all peers at once, each on a link of its own."""
        senders = [self.lab.start("a", [str(self._programs / "packet_generator"), "send", str(key),
                                        self.id, f"{ADDRESSES['b']}:9000", str(given.seconds),
                                        str(given.bytes)]) for key, _ in self.peers]
        for sender in senders:
            if not sender.stdout.readline().startswith("ready"):
                raise StepFailed(f"packet_generator: {sender.stderr.read().strip()}")
        pid, before = self.process.pid, self.counter("tun.packets_written")
        threads = usage.thread_cpu_seconds(pid)
        with usage.Window([pid]) as used:
            for sender in senders:
                sender.wait(given.seconds + 20)
        packets = self.counter("tun.packets_written") - before
        threads = [end - threads[thread] for thread, end in usage.thread_cpu_seconds(pid).items()]
        if packets == 0:
            raise StepFailed("no packet came through")
        return {"packets": packets, "mpps": packets / used.seconds / 1e6, "cpu_s": used.cpu,
                "cpu_s_per_million": used.cpu / packets * 1e6,
                "busiest_share": max(threads) / sum(threads), "others_cores": used.others_cores}


def measure(shards, number, given):
    run = {"shards": shards, "run": number, "troubles": []}
    try:
        with laboratory.Lab() as lab:
            run.update(Hub(lab, shards).flood(given))
    except StepFailed as trouble:
        run["troubles"].append(str(trouble))
    laboratory.run(["rm", "-rf", "/mnt/hub"])
    return run


def medians(runs):
    """{shards: {field: median}}"""
    good = [run for run in runs if "packets" in run]
    return {shards: {field: statistics.median(run[field] for run in good if run["shards"] == shards)
                     for field in ("mpps", "cpu_s_per_million", "busiest_share", "others_cores")}
            for shards in sorted({run["shards"] for run in good})}


def scaling(summary):
    if set(summary) != {1, PEERS}:
        return None
    cost = summary[1]["cpu_s_per_million"] / summary[PEERS]["cpu_s_per_million"]
    return cost / summary[PEERS]["busiest_share"]


def main():
    given = arguments()
    laboratory.need_sandbox()
    runs = []
    try:
        for number in range(1, given.runs + 1):
            for shards in (1, PEERS):
                print(f"run {number} of {given.runs}: {shards} shards", file=sys.stderr, flush=True)
                runs.append(measure(shards, number, given))
    except KeyboardInterrupt:
        print("interrupted: reporting what is there", file=sys.stderr)
    summary = medians(runs)
    value = scaling(summary)
    line = verdict("1 to 2 shards, by CPU time", "≥ 1.8 ×", value, f"{value:.2f} ×" if value else "-",
                   value >= 1.8 if value else None)
    rows = [[str(shards), f"{cell['cpu_s_per_million']:.2f}", f"{cell['busiest_share']:.2f}",
             f"{cell['mpps']:.3f}", f"{cell['others_cores']:.2f}"]
            for shards, cell in summary.items()]
    body = [f"## Packets of {given.bytes} bytes of IP from two peers, medians", "",
            *report.table(["shards", "CPU s per million", "busiest thread's share", "M/s measured",
                           "others' cores"], rows)]
    troubles = [f"- run {run['run']}, {run['shards']} shards: {trouble}"
                for run in runs for trouble in run["troubles"]]
    results = {"command": "shards.sh", "machine": machine.describe(),
               "options": options.plain(given), "targets": [line], "runs": runs,
               "medians": [dict(shards=shards, **cell) for shards, cell in summary.items()]}
    print(report.write(given.output, "shards", results,
                       body + (["", "## What did not work", "", *troubles] if troubles else [])))
    options.copy_json(given, pathlib.Path(given.output) / "shards.json")
    if not summary:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
