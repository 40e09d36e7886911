"""Goodput and round trips on a path of 100 Mbit/s and 40 ms with a queue of one bandwidth-delay
product, by congestion control of the inner TCP flow and by random loss: what a tunnel takes from
the flows inside it. Every peer is compared with the same path without a tunnel.
"""

import pathlib
import statistics
import sys

import lab as laboratory
import machine
import measure
import options
import peer as peers
import report
from chart import Bar, bars
from lab import StepFailed
from targets import verdict

RATE, DELAY, QUEUE = "100Mbit", "20ms", "500kB"  # the delay is one way
LOSSES = ("0", "0.1", "1")  # percent, each way
INNER = ("cubic", "bbr")
PEERS = "raw,qed,qed-cubic,qed-bbr,wireguard-go"
FULL = {"seconds": 15, "runs": 3}
QUICK = {"seconds": 3, "runs": 1}


def arguments():
    parser = options.parser("congestion.sh", __doc__)
    parser.add_argument("--only", metavar="NAME,…", default=PEERS, help=f"these peers ({PEERS})")
    parser.add_argument("--loss", metavar="PERCENT,…", default=",".join(LOSSES),
                        help=f"rates of loss ({','.join(LOSSES)})")
    parser.add_argument("--runs", type=int, help=f"how often all of them ({FULL['runs']})")
    parser.add_argument("--seconds", type=int, help=f"of each TCP flow ({FULL['seconds']})")
    return options.filled(parser.parse_args(), FULL, QUICK)


def measure_peer(name, loss, inner, number, given):
    """All inner congestion controls through one peer on one path."""
    profile = f"rate={RATE},delay={DELAY},queue={QUEUE},loss={loss}%"
    link = ["--seconds", str(120 + 60 * given.seconds), "--seed", str(number), "left", "right", profile]
    cells = [{"peer": name, "loss": loss, "inner": each, "run": number} for each in inner]
    try:
        with laboratory.Lab(link=link) as lab:
            peer = peers.Peer(name, lab, given.logs)
            if reason := peer.unavailable():
                raise StepFailed(f"skipped: {reason}")
            peer.start()
            for cell in cells:
                try:
                    # The start of the flow is left out: the path is judged, not slow start.
                    cell["measured"] = measure.tcp(lab, peer.address, given.seconds, False, [],
                                                   cell["inner"], ("-O", "2"))
                except (StepFailed, LookupError) as trouble:
                    cell["trouble"] = f"{trouble} {peer.log_tail()}"
            cells[-1]["link"] = lab.end_link()
    except StepFailed as trouble:
        cells[0].setdefault("trouble", str(trouble))
    return cells


def medians(cells):
    """{(peer, inner, loss): {"mbps", "p50_ms", "p99_ms"}} and, beside the cable, "share"."""
    found = {}
    for cell in cells:
        if "measured" in cell:
            found.setdefault((cell["peer"], cell["inner"], cell["loss"]), []).append(cell["measured"])
    summary = {}
    for key, values in found.items():
        summary[key] = {"mbps": statistics.median(each["gbps"] for each in values) * 1e3,
                        "p50_ms": statistics.median(each["rtt_p50_ms"] for each in values),
                        "p99_ms": statistics.median(each["rtt_p99_ms"] for each in values)}
    for (name, inner, loss), each in summary.items():
        without = summary.get((peers.CABLE, inner, loss))
        if without and without["mbps"] and name != peers.CABLE:
            each["share"] = each["mbps"] / without["mbps"]
    return summary


def target_lines(summary):
    cell = summary.get(("qed", "bbr", "1"), {})
    share = cell.get("share")
    text = f"{share:.1%}, {cell['mbps']:.1f} Mbit/s" if share else "-"
    return [verdict("goodput of inner BBR at 1 % loss", "≥ 95 % of no tunnel", share, text,
                    share >= 0.95 if share else None)]


def body(results, summary, names):
    def rows(text):
        keys = dict.fromkeys((inner, loss) for _, inner, loss in summary)
        return [[inner.upper(), f"{loss} %", *(text(summary[name, inner, loss])
                                               if (name, inner, loss) in summary else "-"
                                               for name in names)] for inner, loss in keys]

    def goodput(cell):
        return f"{cell['mbps']:.1f}" + (f" ({cell['share']:.0%})" if "share" in cell else "")

    head = ["inner", "loss", *names]
    lines = [*results["notes"], "", "## Goodput, Mbit/s", "", "In brackets the share of what the same "
             "path carries without a tunnel.", "", *report.table(head, rows(goodput)), "",
             "## Round trip beside the flow, ms: p50 / p99", "",
             *report.table(head, rows(lambda cell: f"{cell['p50_ms']:.1f} / {cell['p99_ms']:.1f}"))]
    troubles = [f"- {cell['peer']}, {cell['inner']}, {cell['loss']} %, run {cell['run']}: "
                f"{cell['trouble']}" for cell in results["cells"] if "trouble" in cell]
    return lines + (["", "## What did not work", "", *troubles] if troubles else [])


def charts(folder, summary, losses, names, note):
    labels = [f"{loss} % loss" for loss in losses]
    for suffix, title, unit, key in (
            ("goodput", "Goodput of one TCP flow", "Mbit/s", "mbps"),
            ("rtt", "Round trip beside one TCP flow, p99", "ms", "p99_ms")):
        rows = []
        for inner in INNER:
            for name in names:
                cells = [summary.get((name, inner, loss)) for loss in losses]
                if any(cells):
                    rows.append((f"{name}, {inner.upper()}",
                                 [Bar(cell[key], cell[key], cell[key]) if cell else None
                                  for cell in cells]))
        if rows:
            (pathlib.Path(folder) / f"congestion-{suffix}.svg").write_text(
                bars(title, unit, labels, rows, note), encoding="utf-8")


def notes_of(described, cells):
    notes = [f"- path: {RATE}, {DELAY} each way, queue {QUEUE}, loss each way by a seed per run"]
    missing = [each for each in INNER if each not in described["congestion_controls"]]
    if missing:
        notes.append(f"- this kernel has no {' and no '.join(map(str.upper, missing))} (modprobe "
                     f"tcp_{missing[0]}?), so its rows are missing")
    late = sum(cell["link"]["there"]["late"] for cell in cells if cell.get("link"))
    passed = sum(cell["link"]["there"]["passed"] for cell in cells if cell.get("link"))
    notes.append(f"- the emulator was over 1 ms late for {late} of {passed} packets")
    return notes


def main():
    given = arguments()
    laboratory.need_sandbox()
    described = machine.describe()
    inner = [each for each in INNER if each in described["congestion_controls"]]
    names, losses = given.only.split(","), given.loss.split(",")
    cells = []
    try:
        for number in range(1, given.runs + 1):
            for loss in losses:
                for name in names:
                    print(f"run {number} of {given.runs}: {name}, {loss} % loss", file=sys.stderr,
                          flush=True)
                    cells += measure_peer(name, loss, inner, number, given)
    except KeyboardInterrupt:
        print("interrupted: reporting what is there", file=sys.stderr)
    summary = medians(cells)
    results = {"command": "congestion.sh", "machine": described, "options": options.plain(given),
               "notes": notes_of(described, cells), "targets": target_lines(summary),
               "medians": [dict(zip(("peer", "inner", "loss"), key), **values)
                           for key, values in summary.items()], "cells": cells}
    print(report.write(given.output, "congestion", results, body(results, summary, names)))
    charts(given.output, summary, losses, names, results["notes"][0].lstrip("- "))
    options.copy_json(given, pathlib.Path(given.output) / "congestion.json")
    if not summary:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
