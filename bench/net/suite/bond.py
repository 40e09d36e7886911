"""Several links between two ends at once: goodput of TCP and UDP over qed's bond and over the kernel's
Multipath TCP, beside plain TCP on each link alone; what a link's failure costs; round trips beside
bulk; loss in redundant mode; and what bonding costs where there is nothing to bond.

Sections: throughput (targets and the sweep), simulator, cuts, latency, redundant, cost.
"""

import contextlib
import json
import os
import pathlib
import statistics
import sys
import time

import bond_body
import bond_figures as figures
import bond_lab
import bond_profiles
import lab as laboratory
import machine
import measure
import options
import peer as peers
import report
import targets
from lab import StepFailed

SECTIONS = "throughput,simulator,cuts,latency,redundant,cost"
CARRIERS = "mptcp,qed,qed-weighted"
FULL = {"seconds": 10, "runs": 1, "cuts": 20}
QUICK = {"seconds": 3, "runs": 1, "cuts": 2, "bonds": "unequal,three"}
UDP_BYTES = 1150  # fits in what a link with an MTU of 1280 carries; iperf3 sets DF and gives up else
UDP_SHARE = 0.9  # of the sum of the rates is offered
CUT_BOND, LATENCY_BOND, REDUNDANT_BOND = "three", "satellite", "lossy-redundant"
# (bond, traffic, direction, carriers), beside the sweep
ASKED = (
    ("unequal", "cubic", "ab", ("mptcp", "qed")),
    ("unequal", "bbr", "ab", ("mptcp", "qed")),
    ("three", "cubic", "ab", ("mptcp", "qed")),
    ("three", "cubic", "ba", ("mptcp", "qed")),
    ("four", "cubic", "ab", ("mptcp", "qed", "qed-weighted")),
    ("lossy-both", "bbr", "ab", ("mptcp", "qed")),
)
SWEPT = ("cubic", "cubic-8", "udp")


def arguments():
    parser = options.parser("bond.sh", __doc__)
    parser.add_argument("--sections", default=SECTIONS, metavar="NAME,…", help=f"these ({SECTIONS})")
    parser.add_argument("--bonds", metavar="NAME,…", help="these of profiles.toml (all)")
    parser.add_argument("--carriers", default=CARRIERS, metavar="NAME,…", help=f"these ({CARRIERS})")
    parser.add_argument("--traffic", metavar="NAME,…", help="cubic, cubic-8, bbr, udp (all)")
    parser.add_argument("--runs", type=int, help=f"how often the throughput ({FULL['runs']})")
    parser.add_argument("--seconds", type=int,
                        help=f"of each flow, after it has warmed up ({FULL['seconds']})")
    parser.add_argument("--cuts", type=int, help=f"of a link, of each kind ({FULL['cuts']})")
    return options.filled(parser.parse_args(), FULL, QUICK)


def say(text):
    print(text, file=sys.stderr, flush=True)


def questions(bonds, given, controls):
    """{bond: {(traffic, direction): [carriers]}}"""
    asked = {}
    swept = [(bond.name, traffic, "ab", ("qed",) if traffic == "udp" else ("mptcp", "qed"))
             for bond in bonds.values() if bond.sweep for traffic in SWEPT]
    wanted = given.traffic.split(",") if given.traffic else [*SWEPT, "bbr"]
    for name, traffic, direction, carriers in (*ASKED, *swept):
        control = traffic.partition("-")[0]
        if name not in bonds or traffic not in wanted or (traffic != "udp" and control not in controls):
            continue
        found = asked.setdefault(name, {}).setdefault((traffic, direction), [])
        found += [each for each in carriers if each in given.carriers.split(",") and each not in found]
    return asked


def bond_peer(lab, given, carrier, more=None):
    """qed at both ends, with a path over each link."""
    devices = [f"eth{link}" for link in range(len(lab.bond.links))]
    weights = ", ".join(f"{device} = {rate:g}" for device, rate in zip(devices, lab.bond.rates()))
    scheduler = carrier.partition("-")[2]
    environment = {"BENCH_BOND_INTERFACES": ",".join(devices), "BENCH_BOND_SCHEDULER": scheduler}
    if scheduler == "weighted":
        environment["BENCH_BOND_WEIGHTS"] = weights
    peer = peers.Peer("qed-bond", lab, given.logs, {**environment, **(more or {})})
    peer.start()
    deadline = time.monotonic() + 10
    peer.paths = 0
    while peer.paths < len(devices) and time.monotonic() < deadline:
        status = peer.details()
        peer.paths = status.get("paths_active", 0) if isinstance(status, dict) else 0
        time.sleep(0.2)
    return peer


def tcp(lab, to, traffic, direction, seconds, mptcp=False):
    control, _, count = traffic.partition("-")
    taken = lab.flows(to, lab.bond.warm + seconds, int(count or 1), direction == "ba", mptcp, control)
    if taken["early"]:
        raise StepFailed("a flow broke")
    return figures.goodput(taken, lab.bond.warm)


def udp(lab, to, seconds):
    offered = UDP_SHARE * sum(lab.bond.rates()) * 1e6 / 8 / UDP_BYTES
    return measure.packets(lab, to, UDP_BYTES, offered, seconds)[1] * UDP_BYTES * 8e-6


class Alone:
    """Plain TCP on each link alone, measured when it is asked for."""

    def __init__(self, lab, seconds):
        self._lab = lab
        self._seconds = seconds
        self.found = {}

    def __call__(self, traffic, direction):
        traffic = "cubic" if traffic == "udp" else traffic  # what UDP is compared with
        if (traffic, direction) not in self.found:
            self.found[traffic, direction] = [
                tcp(self._lab, bond_lab.address("b", link), traffic, direction, self._seconds)
                for link in range(len(self._lab.bond.links))]
        return self.found[traffic, direction]


def carry(lab, to, carrier, asked, cells, seconds):
    """What is asked of one carrier."""
    for (traffic, direction), cell in asked.items():
        say(f"  {carrier}: {traffic}, {direction}")
        cells.append(cell)
        try:
            cell["mbps"] = (udp(lab, to, seconds) if traffic == "udp" else
                            tcp(lab, to, traffic, direction, seconds, carrier == "mptcp"))
        except (StepFailed, LookupError, OSError) as trouble:
            cell["trouble"] = str(trouble)


def throughput(bond, asked, number, given):
    """All carriers over one bond; a cell for each question."""
    cells, made = [], {}
    try:
        with bond_lab.BondLab(bond, number) as lab:
            alone = Alone(lab, given.seconds)
            for (traffic, direction), carriers in asked.items():
                for carrier in carriers:
                    made.setdefault(carrier, {})[traffic, direction] = {
                        "bond": bond.name, "traffic": traffic, "direction": direction,
                        "carrier": carrier, "run": number, "alone": alone(traffic, direction)}
            lab.use_mptcp()
            carry(lab, bond_lab.address("b", 0), "mptcp", made.pop("mptcp", {}), cells, given.seconds)
        for carrier, own in made.items():
            with bond_lab.BondLab(bond, number) as lab:
                peer = bond_peer(lab, given, carrier)
                for cell in own.values():
                    cell["paths"] = peer.paths
                carry(lab, peer.address, carrier, own, cells, given.seconds)
                late = sum(link[side]["late"] for link in lab.end_links() for side in ("there", "back"))
                cells[-1]["late"] = late
    except StepFailed as trouble:
        cells.append({"bond": bond.name, "run": number, "trouble": str(trouble)})
    return cells


def simulate(bonds, given):
    """One TCP-like flow over the same bonds in virtual time, as cells."""
    say("the simulator")
    program = os.path.join(os.environ["QE_BENCH_PROGRAMS"], "bond_sim")
    try:
        lines = laboratory.run([program, "--seconds", str(given.seconds), str(bond_profiles.FILE),
                                *bonds], 3600).splitlines()
    except (StepFailed, OSError) as trouble:
        return [{"carrier": figures.SIMULATED, "trouble": str(trouble)}]
    return [{"traffic": "cubic", "direction": "ab", "carrier": figures.SIMULATED, "run": 1,
             **json.loads(line)} for line in lines]


def cut_once(lab, to, mptcp, link, how):
    """A flow that loses a link after 3 s, and has it back 2 s later."""
    seconds = 11
    flows = lab.start_flows(to, seconds, mptcp=mptcp)
    time.sleep(3)
    with contextlib.ExitStack() as again:
        cut = time.monotonic_ns()
        lab.cut(link, how)
        again.callback(lab.restore, link, how)
        time.sleep(2)
        restored = time.monotonic_ns()
    return figures.of_cut(lab.end_flows(flows, seconds), cut, restored)


def cuts(bond, given):
    cells = []
    for carrier in [each for each in given.carriers.split(",") if each in ("mptcp", "qed")]:
        for how in ("silent", "down"):
            try:
                with bond_lab.BondLab(bond) as lab:
                    to = bond_lab.address("b", 0)
                    if carrier == "mptcp":
                        lab.use_mptcp()
                    else:
                        to = bond_peer(lab, given, carrier).address
                    for number in range(given.cuts):
                        link = number % len(bond.links)
                        say(f"cut {number + 1} of {given.cuts}: {carrier}, {how}, link {link}")
                        cell = {"carrier": carrier, "how": how, "link": link, "number": number}
                        cells.append(cell)
                        try:
                            cell.update(cut_once(lab, to, carrier == "mptcp", link, how))
                        except (StepFailed, LookupError) as trouble:
                            cell["trouble"] = str(trouble)
            except StepFailed as trouble:
                cells.append({"carrier": carrier, "how": how, "trouble": str(trouble)})
    return cells


def latency(bond, given):
    """Pings beside one bulk flow, on the fastest link alone and through the bond."""
    found = {}
    seconds = bond.warm + given.seconds

    def beside(lab, to, flow_to):
        idle = measure.percentile(measure.ping(lab, to, 20, 0.05), 0.5)
        flows = lab.start_flows(flow_to, seconds)
        pings = measure.start_pings(lab, to, seconds)
        taken = lab.end_flows(flows, seconds)
        trips = measure.end_pings(pings)
        return {"idle_p50_ms": idle, "p50_ms": measure.percentile(trips, 0.5),
                "p95_ms": measure.percentile(trips, 0.95), "mbps": figures.goodput(taken, bond.warm)}

    for name in ("plain", "qed"):
        say(f"round trips: {name}")
        try:
            with bond_lab.BondLab(bond) as lab:
                to = bond_lab.address("b", 0)
                if name == "qed":
                    to = bond_peer(lab, given, name).address
                found[name] = beside(lab, to, to)
        except (StepFailed, LookupError) as trouble:
            found[name] = {"trouble": str(trouble)}
    return {"bond": bond.name, "fastest_ms": min(bond.round_trips()), **found}


def redundant(bond, given):
    """Loss that a slow UDP flow sees."""
    say("redundant mode")
    seconds, rate = 2 * given.seconds, 500
    try:
        with bond_lab.BondLab(bond) as lab:
            direct = measure.packets(lab, bond_lab.address("b", 0), 200, rate, seconds)[2]
            peer = bond_peer(lab, given, "qed-redundant")
            lost = measure.packets(lab, peer.address, 200, rate, seconds)[2]
            return {"bond": bond.name, "packets": seconds * rate, "direct_loss": direct, "loss": lost,
                    "paths": peer.paths}
    except (StepFailed, LookupError) as trouble:
        return {"bond": bond.name, "trouble": str(trouble)}


def cost(given):
    """TCP through one fast path, with and without bonding, in turns."""
    found = {"qed": [], "qed-bond": []}
    for number in range(1 if given.quick else 5):
        for name, values in found.items():
            say(f"cost, turn {number + 1}: {name}")
            try:
                with laboratory.Lab() as lab:
                    peer = peers.Peer(name, lab, given.logs, {"BENCH_BOND_INTERFACES": "eth0"})
                    peer.start()
                    time.sleep(1)
                    values.append(measure.tcp(lab, peer.address, given.seconds, False, [])["gbps"])
            except (StepFailed, LookupError) as trouble:
                return {"trouble": str(trouble)}
    pairs = list(zip(found["qed-bond"], found["qed"]))
    return {**found, "ratio": statistics.median(bond / without for bond, without in pairs)}


def measure_all(bonds, given, controls):
    results = {"cells": [], "cuts": []}
    sections = given.sections.split(",")
    profiles = bond_profiles.load()
    try:
        if "throughput" in sections:
            for number in range(1, given.runs + 1):
                for name, asked in questions(bonds, given, controls).items():
                    say(f"run {number} of {given.runs}: {bonds[name].title}")
                    results["cells"] += throughput(bonds[name], asked, number, given)
        if "simulator" in sections:
            results["cells"] += simulate(bonds, given)
        if "cuts" in sections:
            results["cuts"] = cuts(profiles[CUT_BOND], given)
        if "latency" in sections:
            results["latency"] = latency(profiles[LATENCY_BOND], given)
        if "redundant" in sections:
            results["redundant"] = redundant(profiles[REDUNDANT_BOND], given)
        if "cost" in sections:
            results["cost"] = cost(given)
    except KeyboardInterrupt:
        say("interrupted: reporting what is there")
    return results


def main():
    given = arguments()
    laboratory.need_sandbox()
    described = machine.describe()
    bonds = bond_profiles.load()
    if given.bonds:
        bonds = {name: bonds[name] for name in given.bonds.split(",")}
    results = {"command": "bond.sh", "machine": described, "options": options.plain(given),
               **measure_all(bonds, given, described["congestion_controls"])}
    summary = figures.medians(results["cells"])
    results["notes"] = bond_body.notes(results, described)
    results["targets"] = targets.of_bond(summary, results)
    results["medians"] = [dict(zip(("bond", "traffic", "direction", "carrier"), key), **values)
                          for key, values in summary.items()]
    print(report.write(given.output, "bond", results, bond_body.lines(results, summary, bonds)))
    bond_body.charts(given.output, results, summary, bonds)
    options.copy_json(given, pathlib.Path(given.output) / "bond.json")
    if not summary and not results["cuts"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
