"""The targets of the data plane, each beside what was measured, as met or missed."""

from figures import best_other
from peer import CABLE

WORSE_TCP_RATIO = {"offload": 2.0, "gro": 1.8, "none": 3.0}  # by what the cable does


def verdict(name, target, value, text, met):
    """One line of the table; `value` is what JSON readers get, `text` what people read."""
    return {"figure": name, "target": target, "value": value, "measured": text,
            "verdict": "not measured" if met is None else "met" if met else "missed"}


def _missing(name, target):
    return verdict(name, target, None, "-", None)


def _ratio(ratios, key, name, limit, at_least):
    sign = "≥" if at_least else "≤"
    target = f"{sign} {limit:g} × wireguard-go"
    value = ratios.get("qed", {}).get(key)
    if value is None:
        return _missing(name, target)
    met = value >= limit if at_least else value <= limit
    return verdict(name, target, value, f"{value:.2f} ×", met)


def _packets(summary, size, limit):
    key, name = f"packets_{size}_kpps", f"{size}-byte packets under 1 % loss"
    target = f"≥ {limit} kpps, or ≥ 1.5 × the best peer"
    value, best = summary.get("qed", {}).get(key), best_other(summary, key)
    if value is None:
        return _missing(name, target)
    value, text = value["median"], f"{value['median']:.0f} kpps"
    met = value >= limit
    if best:
        text += f", {value / best[1]:.2f} × {best[0]}" if best[1] else ""
        met = met or value >= 1.5 * best[1]
    return verdict(name, target, value, text, met)


def _round_trip(summary, key, name, limit, added):
    """The lowest of all peers, and below a limit; added: above what the cable alone takes."""
    target = "lowest of all peers" + (f", {'added ' if added else ''}≤ {limit:g} ms" if limit else "")
    value, best = summary.get("qed", {}).get(key), best_other(summary, key)
    cable = summary.get(CABLE, {}).get(key)
    if value is None or best is None or (added and cable is None):
        return _missing(name, target)
    value = value["median"]
    counted = value - cable["median"] if added else value
    text = f"{value:.3f} ms" + (f", {counted:.3f} added" if added else "")
    text += f"; {best[0]} {best[1]:.3f} ms"
    return verdict(name, target, round(counted, 4), text,
                   value <= best[1] and (not limit or counted <= limit))


def of_tunnel(veth, summary, ratios):
    """The lines that a run of tunnel.sh answers."""
    name = "one TCP stream, worse direction"
    lines = [_ratio(ratios, "tcp_worse_gbps", f"{name} (veth {veth})", WORSE_TCP_RATIO[veth], True)]
    if veth != "offload":
        return lines
    return lines + [
        _ratio(ratios, "cpu_s_per_gb", "CPU seconds per GB, both ends", 0.4, False),
        _packets(summary, 64, 150),
        _packets(summary, 1200, 130),
        _round_trip(summary, "rtt_idle_p50_ms", "RTT idle, p50", 0.13, True),
        _round_trip(summary, "rtt_idle_p99_ms", "RTT idle, p99", 0.25, True),
        _round_trip(summary, "rtt_loaded_p50_ms", "RTT under TCP, p50", None, False),
        _round_trip(summary, "rtt_loaded_p99_ms", "RTT under TCP, p99", 2.0, False),
    ]
