"""The targets of the data plane, each beside what was measured, as met or missed."""

from bond_figures import gaps
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


def _share(summary, figure, key, of, limit):
    """key: (bond, traffic, direction); of: "of_sum" or "of_best"."""
    best = "the best link" if of == "of_best" else "the sum"
    target = f"≥ {limit:.0%} of {best}"
    cell = summary.get(key)
    if not cell or of not in cell:
        return _missing(figure, target)
    mptcp = summary.get((*key[:3], "mptcp"), {}).get(of)
    text = f"{cell[of]:.1%}" + (f"; MPTCP {mptcp:.1%}" if mptcp is not None else "")
    return verdict(figure, target, round(cell[of], 4), text, cell[of] >= limit)


def _sweep(summary):
    """Every bond with one flow, with eight, and with UDP."""
    cells = {key: cell for key, cell in summary.items()
             if key[1] in ("cubic", "cubic-8", "udp") and key[2:] == ("ab", "qed")}
    for traffic, name in (("cubic", "one flow"), ("cubic-8", "eight flows"), ("udp", "UDP")):
        shares = {key[0]: cell["of_best"] for key, cell in cells.items()
                  if key[1] == traffic and "of_best" in cell}
        figure, target = f"every bond of the sweep, {name}", "≥ 97 % of the best link, 16 of 16"
        if not shares:
            yield _missing(figure, target)
            continue
        good = sum(share >= 0.97 for share in shares.values())
        worst = min(shares, key=shares.get)
        yield verdict(figure, target, good,
                      f"{good} of {len(shares)}; the worst {worst}, {shares[worst]:.1%}",
                      good == len(shares) if len(shares) >= 16 else None)


def _cut(found, how, figure, limit):
    target = f"gap p95 ≤ {limit} ms, back ≤ 2 s, none broken"
    cell, other = found.get(("qed", how)), found.get(("mptcp", how))
    if not cell:
        return _missing(figure, target)
    back = cell["recovery_p95_s"]
    text = f"{cell['p95_ms']:.0f} ms, back {'never' if back is None else f'{back:.1f} s'}"
    text += f", {cell['broken']} broken" + (f"; MPTCP {other['p95_ms']:.0f} ms" if other else "")
    return verdict(figure, target, cell["p95_ms"], text,
                   cell["p95_ms"] <= limit and back is not None and back <= 2 and not cell["broken"])


def _limit(figure, target, value, text, limit, at_most=True):
    if value is None:
        return _missing(figure, target)
    return verdict(figure, target, value, text.format(value),
                   value <= limit if at_most else value >= limit)


def of_bond(summary, results):
    """The lines that a run of bond.sh answers."""
    found = gaps(results["cuts"])
    latency, beside, plain = results.get("latency", {}), None, ""
    if "p95_ms" in latency.get("qed", {}):
        beside = latency["qed"]["p95_ms"] - latency["fastest_ms"]
        if "p95_ms" in latency.get("plain", {}):
            alone = latency["plain"]["p95_ms"] - latency["fastest_ms"]
            plain = f"; without a tunnel on that link alone {alone:.1f}"
    return [
        _share(summary, "bond 100/20 + 50/50 ms, CUBIC", ("unequal", "cubic", "ab", "qed"), "of_sum", .94),
        _share(summary, "bond 100/20 + 50/50 ms, BBR", ("unequal", "bbr", "ab", "qed"), "of_sum", .96),
        _share(summary, "bond of three links, a to b", ("three", "cubic", "ab", "qed"), "of_sum", .95),
        _share(summary, "bond of three links, b to a", ("three", "cubic", "ba", "qed"), "of_sum", .95),
        _share(summary, "bond of DSL, cable, LTE, satellite", ("four", "cubic", "ab", "qed"), "of_sum", .88),
        _share(summary, "the same, weighted", ("four", "cubic", "ab", "qed-weighted"), "of_sum", .88),
        *_sweep(summary),
        _share(summary, "bond with 0.5 % loss, BBR", ("lossy-both", "bbr", "ab", "qed"), "of_sum", .80),
        _cut(found, "silent", "a link falls silent during TCP", 250),
        _cut(found, "down", "a link goes down during TCP", 150),
        _limit("round trip beside bulk, p95", "≤ the fastest link's + 10 ms", beside,
               "{:.1f} ms more" + plain, 10),
        _limit("loss in redundant mode, 5 % on both links", "≤ 0.3 %",
               results.get("redundant", {}).get("loss"), "{:.2%}", 0.003),
        _limit("throughput of one fast path with bonding", "≥ 95 % of that without",
               results.get("cost", {}).get("ratio"), "{:.1%}", 0.95, at_most=False),
    ]
