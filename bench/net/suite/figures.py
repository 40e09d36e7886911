"""What a run of one peer comes down to: named figures, their medians and ratios."""

import dataclasses
import statistics

from peer import BASELINE, CABLE


@dataclasses.dataclass(frozen=True)
class Figure:
    key: str
    title: str
    unit: str
    digits: int
    more_is_better: bool = False


FIGURES = (
    Figure("tcp_ab_gbps", "TCP a to b", "Gbit/s", 2, True),
    Figure("tcp_ba_gbps", "TCP b to a", "Gbit/s", 2, True),
    Figure("tcp_worse_gbps", "TCP, worse direction", "Gbit/s", 2, True),
    Figure("cpu_s_per_gb", "CPU of both ends", "s/GB", 2),
    Figure("machine_cpu_s_per_gb", "CPU of the machine", "s/GB", 2),
    Figure("packets_64_kpps", "64 B under 1 % loss", "kpps", 0, True),
    Figure("packets_1200_kpps", "1200 B under 1 % loss", "kpps", 0, True),
    Figure("packets_64_saturated_kpps", "64 B saturated", "kpps", 0, True),
    Figure("packets_1200_saturated_kpps", "1200 B saturated", "kpps", 0, True),
    Figure("rtt_idle_p50_ms", "RTT idle, p50", "ms", 3),
    Figure("rtt_idle_p99_ms", "RTT idle, p99", "ms", 3),
    Figure("rtt_loaded_p50_ms", "RTT under TCP, p50", "ms", 2),
    Figure("rtt_loaded_p99_ms", "RTT under TCP, p99", "ms", 2),
    Figure("first_ping_ms", "first ping", "ms", 0),
    Figure("memory_idle_mb", "memory idle", "MB", 1),
    Figure("memory_end_mb", "memory at the end", "MB", 1),
    Figure("mtu", "MTU", "B", 0),
    Figure("others_cores", "others' CPU", "cores", 2),
)
BY_KEY = {figure.key: figure for figure in FIGURES}
WITHOUT_RATIO = ("mtu", "others_cores", "memory_idle_mb")


def of_run(measured):
    """Figures of one run from its measurements; what failed is left out."""
    figures = dict(measured.get("start", {}))
    directions = [measured[key] for key in ("tcp_ab", "tcp_ba") if key in measured]
    for key in ("tcp_ab", "tcp_ba"):
        if key in measured:
            figures[f"{key}_gbps"] = measured[key]["gbps"]
    if len(directions) == 2:
        gigabytes = sum(each["gigabytes"] for each in directions)
        figures["tcp_worse_gbps"] = min(each["gbps"] for each in directions)
        figures["cpu_s_per_gb"] = sum(each["cpu_s"] for each in directions) / gigabytes
        figures["machine_cpu_s_per_gb"] = sum(each["machine_cpu_s"]
                                              for each in directions) / gigabytes
        for share in ("p50", "p99"):
            figures[f"rtt_loaded_{share}_ms"] = max(each[f"rtt_{share}_ms"] for each in directions)
    for size in (64, 1200):
        if f"udp_{size}" in measured:
            figures[f"packets_{size}_kpps"] = measured[f"udp_{size}"]["best_pps"] / 1e3
            figures[f"packets_{size}_saturated_kpps"] = measured[f"udp_{size}"]["saturated_pps"] / 1e3
    for key in ("p50_ms", "p99_ms"):
        if "ping" in measured:
            figures[f"rtt_idle_{key}"] = measured["ping"][key]
    disturbance = [each["others_cores"] for each in measured.values()
                   if isinstance(each, dict) and "others_cores" in each]
    if disturbance:
        figures["others_cores"] = max(disturbance)
    if "memory_end_mb" in measured:
        figures["memory_end_mb"] = measured["memory_end_mb"]
    return {key: round(value, 4) for key, value in figures.items() if value is not None}


def medians(runs):
    """{peer: {figure: {"median", "least", "most", "runs"}}}, peers in the order of the run."""
    summary = {}
    for name in dict.fromkeys(run["peer"] for run in runs if run.get("figures")):
        mine = [run["figures"] for run in runs if run["peer"] == name and run.get("figures")]
        summary[name] = {}
        for figure in FIGURES:
            values = [each[figure.key] for each in mine if figure.key in each]
            if values:
                summary[name][figure.key] = {"median": statistics.median(values),
                                             "least": min(values), "most": max(values),
                                             "runs": len(values)}
    return summary


def ratios(runs):
    """{peer: {figure: median over the runs of peer / wireguard-go of the same run}}."""
    base = {run["run"]: run["figures"] for run in runs
            if run["peer"] == BASELINE and run.get("figures")}
    found = {}
    for run in runs:
        for key, value in run.get("figures", {}).items():
            divisor = base.get(run["run"], {}).get(key)
            if value and divisor and run["peer"] not in (BASELINE, CABLE) and key not in WITHOUT_RATIO:
                found.setdefault(run["peer"], {}).setdefault(key, []).append(value / divisor)
    return {name: {key: round(statistics.median(values), 3) for key, values in each.items()}
            for name, each in found.items()}


def tunnels(summary):
    """What carries packets encrypted, which neither the cable nor the kernel's VXLAN does."""
    return {name: figures for name, figures in summary.items() if name not in (CABLE, "vxlan")}


def best_other(summary, key):
    """(name, median) of the best tunnel that is neither qed nor one of its variants."""
    others = {name: figures[key]["median"] for name, figures in tunnels(summary).items()
              if key in figures and not name.startswith("qed")}
    if not others:
        return None
    pick = max if BY_KEY[key].more_is_better else min
    name = pick(others, key=others.get)
    return name, others[name]
