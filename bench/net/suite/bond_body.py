"""bond.md and its charts."""

import pathlib

import report
from bond_figures import SIMULATED, gaps
from bond_lab import TCP_BUFFER
from chart import Bar, bars


def notes(results, described):
    found = [f"- TCP buffers up to {TCP_BUFFER >> 20} MiB at all ends alike; what a flow does before "
             "it has warmed up is left out"]
    missing = [each for each in ("cubic", "bbr") if each not in described["congestion_controls"]]
    if missing:
        found.append(f"- this kernel has no {' and no '.join(missing)} (modprobe tcp_{missing[0]}?), "
                     "so its rows are missing")
    late = sum(cell.get("late", 0) for cell in results["cells"])
    found.append(f"- the emulators were over 1 ms late for {late} packets of qed's")
    few = sorted({f"{cell['bond']} {cell['paths']} of {len(cell['alone'])}" for cell in results["cells"]
                  if cell.get("paths", len(cell.get("alone", ()))) < len(cell.get("alone", ()))})
    if few:
        found.append(f"- qed had not a path for each link: {', '.join(few)}")
    return found


def lines(results, summary, bonds):
    return [*results["notes"], "", *_throughput(results, summary, bonds), *_cuts(results["cuts"]),
            *_rest(results), *_troubles(results)]


def _alone(results, name):
    """Of the last run that asked: Mbit/s of plain TCP on each link."""
    found = [cell["alone"] for cell in results["cells"] if cell.get("alone") and
             cell["carrier"] != SIMULATED and (cell["bond"], cell["traffic"], cell["direction"]) == name]
    return " + ".join(f"{rate:.1f}" for rate in found[-1]) if found else "-"


def _throughput(results, summary, bonds):
    if not summary:
        return []
    carriers = list(dict.fromkeys(carrier for *_, carrier in summary))
    rows = []
    for name in dict.fromkeys(key[:3] for key in summary):
        row = [bonds[name[0]].title, name[1], name[2], _alone(results, name)]
        for carrier in carriers:
            cell = summary.get((*name, carrier))
            row.append(f"{cell['mbps']:.1f} ({cell['of_sum']:.0%}, {cell['of_best']:.0%})"
                       if cell and "of_sum" in cell else f"{cell['mbps']:.1f}" if cell else "-")
        rows.append(row)
    return ["## Goodput, Mbit/s", "", "In brackets the share of the sum of the links alone, and of the "
            "best of them. cubic-8: eight flows together. udp: 90 % of the sum of the rates are offered; "
            "compared with one CUBIC flow on each link. simulated: bond_sim, beside the links alone in virtual "
            "time.", "",
            *report.table(["links", "traffic", "way", "alone", *carriers], rows), ""]


def _cuts(cells):
    found = gaps(cells)
    if not found:
        return []

    def seconds(value):
        return "never" if value is None else f"{value:.1f}"

    rows = [[carrier, how, each["count"], f"{each['p50_ms']:.0f}", f"{each['p95_ms']:.0f}",
             f"{each['most_ms']:.0f}", seconds(each["recovery_p50_s"]), seconds(each["recovery_p95_s"]),
             each["broken"]] for (carrier, how), each in found.items()]
    return ["## A link fails for 2 s during one TCP flow", "", "The links in turns. silent: it loses all "
            "and neither end is told; down: a's interface goes down. Back: until the rate is 90 % of what "
            "it was.", "",
            *report.table(["carrier", "how", "cuts", "gap p50, ms", "p95", "most", "back p50, s", "p95",
                           "broken flows"], rows), ""]


def _rest(results):
    found = []
    latency = results.get("latency", {})
    for name in ("plain", "qed"):
        cell = latency.get(name, {})
        if "p95_ms" in cell:
            found.append(f"- round trips beside one TCP flow, {latency['bond']}, {name}: idle "
                         f"{cell['idle_p50_ms']:.1f} ms, p50 {cell['p50_ms']:.1f}, p95 "
                         f"{cell['p95_ms']:.1f}; the flow {cell['mbps']:.1f} Mbit/s")
    redundant = results.get("redundant", {})
    if "loss" in redundant:
        found.append(f"- redundant, {redundant['packets']} UDP packets: {redundant['loss']:.2%} lost, "
                     f"{redundant['direct_loss']:.2%} on the first link alone")
    cost = results.get("cost", {})
    if "ratio" in cost:
        found.append(f"- one fast path: {cost['ratio']:.1%} of the throughput without bonding (Gbit/s "
                     f"{_list(cost['qed-bond'])} and {_list(cost['qed'])})")
    return ["## Besides", "", *found, ""] if found else []


def _list(values):
    return ", ".join(f"{value:.2f}" for value in values)


def _troubles(results):
    latency = results.get("latency", {})
    cells = [*results["cells"], *results["cuts"],
             *({"section": name, **results.get(name, {})} for name in ("redundant", "cost")),
             *({"section": "latency", "carrier": name, **latency.get(name, {})}
               for name in ("plain", "qed"))]
    found = [f"- {', '.join(str(cell[key]) for key in _NAMES if key in cell)}: {cell['trouble']}"
             for cell in cells if "trouble" in cell]
    return ["## What did not work", "", *found] if found else []


_NAMES = ("section", "bond", "traffic", "direction", "carrier", "how", "number", "run")


def charts(folder, results, summary, bonds):
    """bond-goodput.svg: one CUBIC flow from a to b."""
    rows = []
    for name, traffic, direction, carrier in summary:
        if (traffic, direction) == ("cubic", "ab") and name in bonds:
            cell = summary[name, traffic, direction, carrier]
            if "of_sum" in cell:
                share = cell["of_sum"] * 100
                rows.append((f"{carrier}, {name}", [Bar(share, share, share)]))
    if rows:
        svg = bars("One CUBIC flow", "% of plain TCP on each link alone, summed", [""], rows,
                   results["notes"][0].lstrip("- "))
        (pathlib.Path(folder) / "bond-goodput.svg").write_text(svg, encoding="utf-8")
