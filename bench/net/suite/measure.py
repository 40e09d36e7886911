"""Single measurements through whatever joins a and b."""

import json
import math
import re
import tempfile

import usage
from lab import StepFailed, finish

_PORT = "5201"


def percentile(values, share):
    """The smallest value that `share` of all do not exceed."""
    # Rounded first: 0.99 * 100 may be a little more than 99.
    return sorted(values)[max(1, math.ceil(round(share * len(values), 6))) - 1]


def _round_trips(output):
    values = [float(value) for value in re.findall(r"time=([\d.]+) ms", output)]
    if not values:
        raise StepFailed("no ping came back")
    return values


def ping(lab, address, count, interval=0.01):
    """Round trips in ms."""
    timeout = count * interval * 3 + 10
    return _round_trips(lab.run("a", ["ping", "-n", "-c", str(count), "-i", str(interval), "-W", "1",
                                      address], timeout))


def start_pings(lab, address, seconds, interval=0.05):
    return lab.start("a", ["ping", "-n", "-i", str(interval), "-W", "1",
                           "-c", str(max(1, int(seconds / interval) - 2)), address])


def end_pings(pings):
    return _round_trips(finish(pings, 10)[0])


def iperf(lab, address, seconds, *options):
    """(the dialler's, the listener's) report of one iperf3 test. Whole seconds: it cuts the rest."""
    with tempfile.TemporaryFile("w+") as file:
        listener = lab.start("b", ["iperf3", "-s", "-1", "-J", "-p", _PORT], stdout=file)
        try:
            lab.wait_listener("b", _PORT)
            dialler = lab.start("a", ["iperf3", "-c", address, "-p", _PORT, "-J", "-t", str(seconds),
                                      "--connect-timeout", "5000", *options])
            reports = [finish(dialler, seconds + 20)[0]]
            finish(listener, 5)
        finally:
            listener.kill()
            listener.wait()
        file.seek(0)
        reports.append(file.read())
    try:
        sent, received = map(json.loads, reports)
    except ValueError:
        raise StepFailed(f"iperf3 gave no report: {reports[0][-300:]}") from None
    if "error" in sent:
        raise StepFailed(f"iperf3: {sent['error']}")
    return sent, received


def tcp(lab, address, seconds, backwards, pids, congestion="cubic", more=()):
    """One TCP stream with pings beside it; `more` are further options of iperf3."""
    pings = start_pings(lab, address, seconds)
    with usage.Window(pids) as used:
        sent, _ = iperf(lab, address, seconds, "-C", congestion, *more,
                        *(["-R"] if backwards else []))
    trips = end_pings(pings)
    end = sent["end"]
    gigabytes = end["sum_received"]["bytes"] / 1e9
    if gigabytes == 0:
        raise StepFailed("nothing was delivered")
    return {
        "gbps": end["sum_received"]["bits_per_second"] / 1e9,
        "retransmits": end["sum_sent"].get("retransmits"),
        "cpu_s": used.cpu,
        "gigabytes": gigabytes,
        "machine_cpu_s": used.machine,
        "rtt_p50_ms": percentile(trips, 0.5),
        "rtt_p99_ms": percentile(trips, 0.99),
    }


def packets(lab, address, size, rate, seconds):
    """(packets/s sent, packets/s delivered, share lost) of one UDP flow; rate 0: all it can."""
    sent, received = iperf(lab, address, seconds, "-u", "-l", str(size), "-w", "4M",
                           "-b", str(int(rate * size * 8)))
    udp = sent["end"]["streams"][0]["udp"]
    counted = [stream["udp"] for stream in received["end"]["streams"]] or [udp]
    arrived = sum(max(0, stream["packets"] - stream["lost_packets"]) for stream in counted)
    arrived = min(arrived, udp["packets"])
    lost = (udp["packets"] - arrived) / max(1, udp["packets"])
    return udp["packets"] / udp["seconds"], arrived / udp["seconds"], lost


def best_packet_rate(lab, address, size, saturated_seconds, step_seconds, steps):
    """The highest rate that gets through with under 1 % of loss, found by halving."""
    sent, delivered, lost = packets(lab, address, size, 0, saturated_seconds)
    result = {"saturated_pps": delivered, "best_pps": delivered if lost < 0.01 else 0.0}
    if lost < 0.01:
        return result
    good, bad, rate = 0.0, min(sent, 2.5 * delivered), max(delivered, 1000.0)
    for _ in range(steps):
        sent, delivered, lost = packets(lab, address, size, rate, step_seconds)
        if lost < 0.01:
            result["best_pps"] = max(result["best_pps"], delivered)
            good = rate
            if sent < 0.97 * rate:  # the sender cannot go faster
                break
        else:
            bad = rate
        if bad < 1.05 * good:
            break
        rate = (good + bad) / 2
    return result
