"""From what arrived to figures: goodput, silences, recovery. Times in ns, rates in Mbit/s."""

import math
import statistics

from measure import percentile

_SECOND = 10**9
SLICE = _SECOND // 5
SIMULATED = "simulated"  # qed's bond in virtual time: a carrier of its own


def rate(samples, begin, end):
    """Mbit/s of what arrived in [begin, end)."""
    if end <= begin:
        return 0.0
    return sum(count for at, count in samples if begin <= at < end) * 8e3 / (end - begin)


def goodput(taken, warm):
    """Mbit/s of all flows together, without their first `warm` seconds."""
    samples = taken["samples"]
    if not samples:
        return 0.0
    return rate(samples, samples[0][0] + warm * _SECOND, taken["ended"])


def silence(samples, begin, end, last):
    """ms of the longest silence that began before `end` and lasted beyond `begin`; a flow of which
    nothing more came was silent until `last`."""
    times = [at for at, _ in samples]
    gaps = zip(times, [*times[1:], last])
    return max((later - at for at, later in gaps if at < end and later > begin), default=0) / 1e6


def recovery(samples, restored, end, wanted):
    """Seconds from the link's return until the rate of a slice of 0.2 s is `wanted`; None: never."""
    at = restored
    while at + SLICE <= end:
        if rate(samples, at, at + SLICE) >= wanted:
            return (at + SLICE - restored) / _SECOND
        at += SLICE
    return None


def of_cut(taken, cut, restored):
    """One cut of one link during a flow."""
    samples, end = taken["samples"], taken["ended"]
    if not samples:
        raise LookupError("nothing arrived")
    before = rate(samples, cut - 2 * _SECOND, cut)
    return {"before_mbps": before, "during_mbps": rate(samples, restored - _SECOND, restored),
            "gap_ms": silence(samples, cut, restored, end),
            "usual_gap_ms": silence([one for one in samples if one[0] < cut], cut - 2 * _SECOND, cut,
                                    cut),
            "recovery_s": recovery(samples, restored, end, 0.9 * before),
            "after_mbps": rate(samples, end - 2 * _SECOND, end), "broken": taken["early"]}


def medians(cells):
    """One entry per question, with the median, least and most of its runs, beside the links alone."""
    asked = {}
    for cell in cells:
        if "mbps" in cell:
            asked.setdefault(key(cell), []).append(cell)
    found = {}
    for name, same in asked.items():
        values = [cell["mbps"] for cell in same]
        found[name] = {"mbps": statistics.median(values), "least": min(values), "most": max(values)}
        shares = [(cell["mbps"] / sum(cell["alone"]), cell["mbps"] / max(cell["alone"]))
                  for cell in same if cell.get("alone") and min(cell["alone"]) > 0]
        if shares:
            found[name]["of_sum"] = statistics.median(share for share, _ in shares)
            found[name]["of_best"] = statistics.median(share for _, share in shares)
    return found


def key(cell):
    """What was asked: (bond, traffic, direction, carrier)."""
    return cell["bond"], cell["traffic"], cell["direction"], cell["carrier"]


def gaps(cells):
    """{(carrier, how): …}: how long the flows of all cuts were silent, and until they were back."""
    asked = {}
    for cell in cells:
        if "gap_ms" in cell:
            asked.setdefault((cell["carrier"], cell["how"]), []).append(cell)
    found = {}
    for name, same in asked.items():
        silent = [cell["gap_ms"] for cell in same]
        back = [math.inf if cell["recovery_s"] is None else cell["recovery_s"] for cell in same]

        def recovered(share, back=back):
            value = percentile(back, share)
            return None if value == math.inf else value

        found[name] = {"count": len(same), "p50_ms": percentile(silent, 0.5),
                       "p95_ms": percentile(silent, 0.95), "most_ms": max(silent),
                       "recovery_p50_s": recovered(0.5), "recovery_p95_s": recovered(0.95),
                       "broken": sum(cell["broken"] for cell in same)}
    return found
