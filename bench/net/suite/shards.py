"""Two peers flood one qed that has one shard, then two: packets per CPU second, and how evenly its
threads share the work.

On a machine with two cores the peers take what a second thread could use, so the packets per second
do not show what two free cores would do. The CPU time does: a packet must not cost more with two
shards than with one, and neither thread may have much more to do than the other. "scaling" is what
follows for free cores: the packets of the busier thread's CPU second, times what it has of them.

With --one-peer there is one peer, a qed with as many shards: their link is spread over them by flow.
"""

import json
import os
import pathlib
import statistics
import sys
import time

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
    parser.add_argument("--one-peer", action="store_true",
                        help="flows of one link instead of two peers")
    parser.add_argument("--runs", type=int, help=f"how often each ({FULL['runs']})")
    parser.add_argument("--seconds", type=int, help=f"of each measurement ({FULL['seconds']})")
    return options.filled(parser.parse_args(), FULL, QUICK)


class Qed:
    """qed in a or b."""

    def __init__(self, lab, side):
        self.lab, self.side, self.folder = lab, side, pathlib.Path(f"/mnt/hub-{side}")
        self._programs = pathlib.Path(os.environ["QE_BENCH_PROGRAMS"])
        self.folder.mkdir(mode=0o700)
        self.id = self._key("node")
        self.process = None

    def start(self, shards, peers):
        """`peers`: tables of the configuration."""
        (self.folder / "policy.toml").write_text(
            '[[rules]]\nsubject = "*"\nobject = "::/0"\naction = "allow"\n')
        (self.folder / "config.toml").write_text("\n".join(
            [f'node.state_dir = "{self.folder}"', f'network.tun_name = "tun-{self.side}"',
             f'security.policy_file = "{self.folder}/policy.toml"',
             f'control.socket = "{self.folder}/control.sock"', f"performance.shards = {shards}",
             *peers]))
        self.process = self.lab.start(self.side, [str(self._programs / "qed"), "--config",
                                                  str(self.folder / "config.toml")])
        for line in self.process.stderr:
            if "node.ready" in line:
                break
        else:
            raise StepFailed("qed did not start")

    def ask(self, command):
        return json.loads(self.lab.run(self.side, [
            str(self._programs / "quicether"), command, "--json", "--control-socket",
            str(self.folder / "control.sock")]))

    def counter(self, name):
        return self.ask("status")["counters"][name]

    def threads(self):
        return usage.thread_cpu_seconds(self.process.pid)

    def _key(self, name):
        shown = laboratory.run([str(self._programs / "quicether"), "keygen", "--json", "--output",
                                str(self.folder / f"{name}.key")])
        return json.loads(shown)["node_id"]


class Hub(Qed):
    """qed in b, and the keys of peers of which each has another shard of two."""

    def __init__(self, lab, shards):
        super().__init__(lab, "b")
        self.peers = [self._peer(number) for number in range(PEERS)]
        self.start(shards, [f'[[peer]]\nid = "{peer}"' for _, peer in self.peers])
        lab.run("b", ["nft", _DROP])

    def _peer(self, number):
        """(key file, NodeId): keys are drawn until the lane leads to this shard."""
        for attempt in range(64):
            name = f"peer-{number}-{attempt}"
            peer = self._key(name)
            if (int(self.id[-2:], 16) ^ int(peer[-2:], 16)) % PEERS == number:
                return self.folder / f"{name}.key", peer
        raise StepFailed("no key for this shard in 64 draws")

    def flood(self, given):
        """From all peers at once, each on a link of its own."""
        senders = [self.lab.start("a", [str(self._programs / "packet_generator"), "send", str(key),
                                        self.id, f"{ADDRESSES['b']}:9000", str(given.seconds),
                                        str(given.bytes)]) for key, _ in self.peers]
        for sender in senders:
            if not sender.stdout.readline().startswith("ready"):
                raise StepFailed(f"packet_generator: {sender.stderr.read().strip()}")
        return window(self, senders, given)


class Pair:
    """qed in a and in b, and a flood that crosses their link from a to b."""

    def __init__(self, lab, shards):
        self._lab, self._lanes = lab, shards
        self.sender, self.receiver = Qed(lab, "a"), Qed(lab, "b")
        self.receiver.start(shards, [f'[[peer]]\nid = "{self.sender.id}"'])
        self.sender.start(shards, [f'[[peer]]\nid = "{self.receiver.id}"\n'
                                   f'endpoints = ["{ADDRESSES["b"]}:9000"]'])
        lab.run("b", ["nft", _DROP])
        for qed in (self.sender, self.receiver):
            self._wait_for_lanes(qed)

    def _wait_for_lanes(self, qed):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if [len(peer["paths"]) for peer in qed.ask("peers")] == [self._lanes]:
                return
            time.sleep(0.05)
        raise StepFailed(f"the link does not get {self._lanes} lanes")

    def flood(self, given):
        to = next(text.partition("/")[0] for text in self.receiver.ask("status")["overlay_addresses"]
                  if ":" in text)
        program = str(pathlib.Path(os.environ["QE_BENCH_PROGRAMS"]) / "packet_generator")
        flood = self._lab.start("a", [program, "flood", to, str(given.seconds), str(given.bytes)])
        if not flood.stdout.readline().startswith("ready"):
            raise StepFailed(f"packet_generator: {flood.stderr.read().strip()}")
        before, handed = self.sender.threads(), self.receiver.counter("router.handed_over")
        result = window(self.receiver, [flood], given)
        used = [end - before[thread] for thread, end in self.sender.threads().items()]
        handed = self.receiver.counter("router.handed_over") - handed
        return dict(result, sender_cpu_s_per_million=sum(used) / result["packets"] * 1e6,
                    sender_busiest_share=max(used) / sum(used),
                    handed_over_share=handed / result["packets"])


def window(qed, senders, given):
    """What qed writes to its TUN until the senders end, and what that takes."""
    pid, before, threads = qed.process.pid, qed.counter("tun.packets_written"), qed.threads()
    with usage.Window([pid]) as used:
        for sender in senders:
            sender.wait(given.seconds + 20)
    packets = qed.counter("tun.packets_written") - before
    threads = [end - threads[thread] for thread, end in qed.threads().items()]
    if packets == 0:
        raise StepFailed("no packet came through")
    return {"packets": packets, "mpps": packets / used.seconds / 1e6, "cpu_s": used.cpu,
            "cpu_s_per_million": used.cpu / packets * 1e6,
            "busiest_share": max(threads) / sum(threads), "others_cores": used.others_cores}


def measure(shards, number, given):
    run = {"shards": shards, "run": number, "troubles": []}
    try:
        with laboratory.Lab() as lab:
            run.update((Pair if given.one_peer else Hub)(lab, shards).flood(given))
    except StepFailed as trouble:
        run["troubles"].append(str(trouble))
    laboratory.run(["rm", "-rf", "/mnt/hub-a", "/mnt/hub-b"])
    return run


FIELDS = ("mpps", "cpu_s_per_million", "busiest_share", "others_cores", "sender_cpu_s_per_million",
          "sender_busiest_share", "handed_over_share")


def medians(runs):
    """{shards: {field: median}}, of the fields that were measured"""
    good = [run for run in runs if "packets" in run]
    return {shards: {field: statistics.median(run[field] for run in good if run["shards"] == shards)
                     for field in FIELDS if field in good[0]}
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
    name = "one link, 1 to 2 shards, by CPU time" if given.one_peer else "1 to 2 shards, by CPU time"
    line = verdict(name, "≥ 1.8 ×", value, f"{value:.2f} ×" if value else "-",
                   value >= 1.8 if value else None)
    rows = [[str(shards), f"{cell['cpu_s_per_million']:.2f}", f"{cell['busiest_share']:.2f}",
             f"{cell['mpps']:.3f}", f"{cell['others_cores']:.2f}"]
            for shards, cell in summary.items()]
    whence = "over one link" if given.one_peer else "from two peers"
    body = [f"## Packets of {given.bytes} bytes of IP {whence}, medians", "",
            *report.table(["shards", "CPU s per million", "busiest thread's share", "M/s measured",
                           "others' cores"], rows)]
    if given.one_peer:
        body += ["", "## The sender, and what the receiver's shards handed each other", "",
                 *report.table(["shards", "CPU s per million", "busiest thread's share", "handed over"],
                               [[str(shards), f"{cell['sender_cpu_s_per_million']:.2f}",
                                 f"{cell['sender_busiest_share']:.2f}",
                                 f"{cell['handed_over_share']:.3f}"]
                                for shards, cell in summary.items()])]
    troubles = [f"- run {run['run']}, {run['shards']} shards: {trouble}"
                for run in runs for trouble in run["troubles"]]
    results = {"command": "shards.sh", "machine": machine.describe(),
               "options": options.plain(given), "targets": [line], "runs": runs,
               "medians": [dict(shards=shards, **cell) for shards, cell in summary.items()]}
    title = "lanes" if given.one_peer else "shards"
    print(report.write(given.output, title, results,
                       body + (["", "## What did not work", "", *troubles] if troubles else [])))
    options.copy_json(given, pathlib.Path(given.output) / f"{title}.json")
    if not summary:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
