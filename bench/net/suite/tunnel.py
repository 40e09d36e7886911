"""Measures one tunnel between two namespaces: qed, peers and the cable alone, in turns.

Results go to a folder: JSON with every run, a Markdown table with medians, ratios and targets, and
charts. bench/README.md says what each figure is and how to read it.
"""

import pathlib
import sys
import time

import figures
import lab as laboratory
import machine
import measure
import options
import peer as peers
import report
import targets
import usage
from lab import StepFailed

FULL = {"seconds": 6, "runs": 5, "pings": 400, "udp_seconds": 3, "step_seconds": 2, "steps": 7,
        "quiet": 0.2}
QUICK = {"seconds": 1, "runs": 1, "pings": 50, "udp_seconds": 1, "step_seconds": 1, "steps": 3,
         "quiet": 100}


def arguments():
    parser = options.parser("tunnel.sh", __doc__)
    parser.add_argument("--only", metavar="NAME,…", help="these peers or variants, see --list")
    parser.add_argument("--variants", action="store_true", help="the variants too")
    parser.add_argument("--list", action="store_true", help="name peers and variants, and end")
    parser.add_argument("--runs", type=int, help=f"how often all of them ({FULL['runs']})")
    parser.add_argument("--seconds", type=int, help=f"of each TCP test ({FULL['seconds']})")
    parser.add_argument("--quiet", type=float, metavar="CORES",
                        help="do again, at most twice, what other programs disturbed by more than so "
                             f"many cores ({FULL['quiet']}; with --quick never)")
    parser.add_argument("--veth", choices=list(targets.WORSE_TCP_RATIO), default="offload",
                        help="what the cable does with super-packets: hand them on whole (offload), "
                             "cut them and join them again (gro), cut them (none)")
    return options.filled(parser.parse_args(), FULL, QUICK)


def choose(given):
    known = peers.names() + peers.names("variants")
    if given.list:
        print("\n".join(known))
        raise SystemExit(0)
    if given.only:
        wanted = given.only.split(",")
        if unknown := [name for name in wanted if name not in known]:
            raise SystemExit(f"tunnel.sh: no such peer: {', '.join(unknown)}; see --list")
        return wanted
    return known if given.variants else peers.names()


def measure_peer(name, number, given):
    """One peer once: everything that works, and what did not."""
    run = {"peer": name, "run": number, "troubles": []}
    measured = {}
    try:
        with laboratory.Lab(given.veth) as lab:
            peer = peers.Peer(name, lab, given.logs)
            if reason := peer.unavailable():
                run["troubles"].append(f"skipped: {reason}")
                return run
            run["version"] = peer.step("version").partition("\n")[0]
            measured["start"] = {"first_ping_ms": peer.start()}
            time.sleep(1)
            run["device"], measured["start"]["mtu"], run["takes_super_packets"] = peer.device()
            _measure(lab, peer, given, measured, run["troubles"])
    except StepFailed as trouble:
        run["troubles"].append(str(trouble))
    run["measured"] = measured
    run["figures"] = figures.of_run(measured)
    return run


def _measure(lab, peer, given, measured, troubles):
    pids = peer.processes()
    measured["start"]["memory_idle_mb"] = usage.memory_mb(pids)
    steps = {
        "ping": lambda: _idle_pings(lab, peer, given),
        "tcp_ab": lambda: measure.tcp(lab, peer.address, given.seconds, False, pids),
        "tcp_ba": lambda: measure.tcp(lab, peer.address, given.seconds, True, pids),
    }
    for size in (64, 1200):
        steps[f"udp_{size}"] = lambda size=size: measure.best_packet_rate(
            lab, peer.address, size, given.udp_seconds, given.step_seconds, given.steps)
    for name, step in steps.items():
        try:
            measured[name] = _undisturbed(step, given.quiet)
        except (StepFailed, LookupError) as trouble:
            troubles.append(f"{name}: {trouble} {peer.log_tail()}")
    measured["details"] = peer.details()
    measured["memory_end_mb"] = usage.memory_mb(pids)
    if len(set(pids) & set(peer.processes())) != len(pids):
        troubles.append(f"a process of the peer has ended: {peer.log_tail()}")


def _undisturbed(step, limit):
    """The least disturbed of up to three tries."""
    best = None
    for _ in range(3):
        with usage.Window([]) as used:
            result = step()
        result["others_cores"] = used.others_cores
        if best is None or used.others_cores < best["others_cores"]:
            best = result
        if used.others_cores <= limit:
            break
    return best


def _idle_pings(lab, peer, given):
    measure.ping(lab, peer.address, 20)  # neighbours, routes and caches
    trips = measure.ping(lab, peer.address, given.pings)
    return {"p50_ms": measure.percentile(trips, 0.5), "p99_ms": measure.percentile(trips, 0.99),
            "lost": given.pings - len(trips)}


def results_of(runs, given, described):
    summary, ratios = figures.medians(runs), figures.ratios(runs)
    return {"command": f"tunnel.sh --veth {given.veth}", "machine": described,
            "options": options.plain(given), "medians": summary, "ratios": ratios,
            "targets": targets.of_tunnel(given.veth, summary, ratios), "runs": runs}


def main():
    given = arguments()
    wanted = choose(given)
    laboratory.need_sandbox()
    described = machine.describe()
    runs = []
    try:
        for number in range(1, given.runs + 1):
            for name in wanted:
                print(f"run {number} of {given.runs}: {name}", file=sys.stderr, flush=True)
                runs.append(measure_peer(name, number, given))
                for trouble in runs[-1]["troubles"]:
                    print(f"  {trouble}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted: reporting what is there", file=sys.stderr)
    name = f"tunnel-{given.veth}"
    results = results_of(runs, given, described)
    print(report.write(given.output, name, results, report.tunnel_body(results)))
    report.tunnel_charts(given.output, name, results)
    options.copy_json(given, pathlib.Path(given.output) / f"{name}.json")
    if not results["medians"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
