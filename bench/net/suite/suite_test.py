"""Tests of what turns measurements into figures. Run by CTest, or: python3 suite_test.py"""

import unittest
import xml.dom.minidom
from unittest import mock

import bond_figures
import bond_profiles
import chart
import figures
import measure
import report
import targets


def direction(gbps, cpu_s, p50):
    return {"gbps": gbps, "cpu_s": cpu_s, "gigabytes": gbps, "machine_cpu_s": 2 * cpu_s,
            "rtt_p50_ms": p50, "rtt_p99_ms": 2 * p50, "others_cores": 0.0}


def run(name, number, **values):
    return {"peer": name, "run": number, "figures": values}


class Percentiles(unittest.TestCase):
    def test_are_values_that_occurred(self):
        values = list(range(100, 0, -1))
        self.assertEqual(measure.percentile(values, 0.5), 50)
        self.assertEqual(measure.percentile(values, 0.99), 99)
        self.assertEqual(measure.percentile([7], 0.99), 7)


class Figures(unittest.TestCase):
    def test_take_the_worse_direction_and_weigh_cpu_by_bytes(self):
        found = figures.of_run({"tcp_ab": direction(4, 2, 1), "tcp_ba": direction(1, 3, 5)})
        self.assertEqual(found["tcp_worse_gbps"], 1)
        self.assertEqual(found["cpu_s_per_gb"], 1)  # 5 s for 5 GB
        self.assertEqual(found["rtt_loaded_p99_ms"], 10)

    def test_leave_out_what_failed(self):
        found = figures.of_run({"tcp_ab": direction(4, 2, 1)})
        self.assertEqual(found["tcp_ab_gbps"], 4)
        self.assertNotIn("tcp_worse_gbps", found)

    def test_ratios_are_those_of_one_run(self):
        runs = [run("wireguard-go", 1, tcp_worse_gbps=1), run("qed", 1, tcp_worse_gbps=3),
                run("wireguard-go", 2, tcp_worse_gbps=2), run("qed", 2, tcp_worse_gbps=4),
                run("qed", 3, tcp_worse_gbps=100)]  # no wireguard-go in this one
        self.assertEqual(figures.ratios(runs)["qed"]["tcp_worse_gbps"], 2.5)

    def test_the_best_other_is_a_tunnel_of_another_program(self):
        runs = [run(name, 1, rtt_idle_p50_ms=value, tcp_ab_gbps=value) for name, value in
                (("raw", 0.01), ("vxlan", 0.02), ("qed", 0.1), ("qed-cubic", 0.1), ("n2n", 0.2),
                 ("tinc", 0.3))]
        summary = figures.medians(runs)
        self.assertEqual(figures.best_other(summary, "rtt_idle_p50_ms"), ("n2n", 0.2))
        self.assertEqual(figures.best_other(summary, "tcp_ab_gbps"), ("tinc", 0.3))


class Targets(unittest.TestCase):
    def verdicts(self, **values):
        runs = [run("raw", 1, rtt_idle_p50_ms=0.05), run("qed", 1, **values),
                run("wireguard-go", 1, tcp_worse_gbps=1, packets_64_kpps=60, rtt_idle_p50_ms=0.3)]
        lines = targets.of_tunnel("offload", figures.medians(runs), figures.ratios(runs))
        return {line["figure"]: line["verdict"] for line in lines}

    def test_met(self):
        found = self.verdicts(tcp_worse_gbps=2, packets_64_kpps=90, rtt_idle_p50_ms=0.18)
        self.assertEqual(found["one TCP stream, worse direction (veth offload)"], "met")
        self.assertEqual(found["64-byte packets under 1 % loss"], "met")  # 1.5 times the best
        self.assertEqual(found["RTT idle, p50"], "met")

    def test_missed(self):
        found = self.verdicts(tcp_worse_gbps=1.99, packets_64_kpps=89, rtt_idle_p50_ms=0.19)
        self.assertEqual(found["one TCP stream, worse direction (veth offload)"], "missed")
        self.assertEqual(found["64-byte packets under 1 % loss"], "missed")
        self.assertEqual(found["RTT idle, p50"], "missed")  # 0.14 ms added

    def test_not_measured_is_not_met(self):
        self.assertEqual(set(self.verdicts().values()), {"not measured"})


class PacketRate(unittest.TestCase):
    """The search against a path that carries `capacity` and drops the rest."""

    def search(self, capacity, sender=300e3):
        def packets(_lab, _address, _size, rate, _seconds):
            sent = min(rate or sender, sender)
            delivered = min(sent, capacity)
            return sent, delivered, 1 - delivered / sent
        with mock.patch.object(measure, "packets", packets):
            return measure.best_packet_rate(None, "", 64, 1, 1, 7)["best_pps"]

    def test_finds_what_the_path_carries(self):
        for capacity in (5e3, 60e3, 200e3):
            self.assertAlmostEqual(self.search(capacity) / capacity, 1, delta=0.1)

    def test_is_what_the_sender_can_when_nothing_is_lost(self):
        self.assertEqual(self.search(1e6), 300e3)


SECOND = 10**9


def flow(*spans, every=10_000_000, early=False):
    """What arrived of a flow: (from, to, Mbit/s) in seconds, a sample every 10 ms."""
    samples = [[at, int(mbps * every / 8e3)] for begin, end, mbps in spans
               for at in range(int(begin * SECOND), int(end * SECOND), every)]
    return {"samples": samples, "ended": int(spans[-1][1] * SECOND), "early": early}


class Profiles(unittest.TestCase):
    def test_the_sweep_has_sixteen(self):
        self.assertEqual(sum(bond.sweep for bond in bond_profiles.load().values()), 16)

    def test_queues_hold_a_bandwidth_delay_product_or_30_ms(self):
        for bond in bond_profiles.load().values():
            for link, trip in zip((*bond.links, *bond.back), 2 * bond.round_trips()):
                wanted = max(30, trip + bond_profiles.part(link, "jitter", 0))
                if not bond.queues:
                    self.assertEqual(bond_profiles.part(link, "queue"), wanted, bond.name)

    def test_parts(self):
        self.assertEqual(bond_profiles.part("rate=300Mbit,delay=7500us", "delay"), 7.5)
        self.assertEqual(bond_profiles.part("rate=1Gbit", "rate"), 1000)
        self.assertEqual(bond_profiles.part("rate=1Gbit", "mtu", 1500), 1500)

    def test_a_way_back_of_its_own(self):
        bond = bond_profiles.load()["asymmetric"]
        self.assertEqual(bond.rates(), [100, 50])
        self.assertEqual(bond.rates(backwards=True), [10, 5])
        self.assertEqual(bond.fastest(), 0)


class Flows(unittest.TestCase):
    def test_goodput_leaves_out_the_beginning(self):
        self.assertAlmostEqual(bond_figures.goodput(flow((0, 3, 1), (3, 13, 80)), 3), 80, delta=0.1)
        self.assertEqual(bond_figures.goodput({"samples": [], "ended": 5, "early": False}, 3), 0)

    def test_a_cut_with_a_short_gap_and_a_quick_return(self):
        found = bond_figures.of_cut(flow((0, 3, 100), (3.2, 5.5, 50), (5.5, 11, 100)),
                                    3 * SECOND, 5 * SECOND)
        self.assertAlmostEqual(found["gap_ms"], 210, delta=1)  # since the last sample
        self.assertAlmostEqual(found["before_mbps"], 100, delta=1)
        self.assertAlmostEqual(found["during_mbps"], 50, delta=1)
        self.assertAlmostEqual(found["recovery_s"], 0.8)  # the first slice that is all at 100
        self.assertLess(found["usual_gap_ms"], 11)

    def test_a_flow_that_never_comes_back(self):
        taken = flow((0, 3, 100)) | {"ended": 11 * SECOND}
        found = bond_figures.of_cut(taken, 3 * SECOND, 5 * SECOND)
        self.assertAlmostEqual(found["gap_ms"], 8010, delta=1)
        self.assertIsNone(found["recovery_s"])

    def test_a_silence_that_outlasts_the_cut_counts_and_a_later_one_does_not(self):
        found = bond_figures.of_cut(flow((0, 3, 100), (5.4, 7, 100), (10, 11, 100)),
                                    3 * SECOND, 5 * SECOND)
        self.assertAlmostEqual(found["gap_ms"], 2410, delta=1)

    def test_shares_are_of_the_links_alone_in_the_same_run(self):
        cells = [{"bond": "x", "traffic": "cubic", "direction": "ab", "carrier": "qed", "run": run,
                  "mbps": mbps, "alone": alone} for run, mbps, alone in
                 ((1, 90, [50, 50]), (2, 45, [25, 25]), (3, 10, [50, 50]))]
        found = bond_figures.medians([*cells, {"bond": "x", "trouble": "no"}])
        self.assertEqual(found["x", "cubic", "ab", "qed"],
                         {"mbps": 45, "least": 10, "most": 90, "of_sum": 0.9, "of_best": 1.8})

    def test_a_cut_without_a_return_is_never_back(self):
        cells = [{"carrier": "qed", "how": "down", "gap_ms": gap, "recovery_s": back, "broken": False}
                 for gap, back in ((10, 0.2), (20, None))]
        found = bond_figures.gaps(cells)["qed", "down"]
        self.assertEqual((found["recovery_p50_s"], found["recovery_p95_s"]), (0.2, None))
        self.assertEqual(found["p95_ms"], 20)


class BondTargets(unittest.TestCase):
    def verdicts(self, summary, **results):
        lines = targets.of_bond(summary, {"cuts": [], **results})
        return {line["figure"]: line["verdict"] for line in lines}

    def test_nothing_measured_is_nothing_met(self):
        self.assertEqual(set(self.verdicts({}).values()), {"not measured"})

    def test_shares(self):
        summary = {("unequal", "cubic", "ab", "qed"): {"mbps": 1, "of_sum": 0.94, "of_best": 1.3},
                   ("three", "cubic", "ba", "qed"): {"mbps": 1, "of_sum": 0.9499, "of_best": 1.3}}
        found = self.verdicts(summary)
        self.assertEqual(found["bond 100/20 + 50/50 ms, CUBIC"], "met")
        self.assertEqual(found["bond of three links, b to a"], "missed")
        self.assertEqual(found["every bond of the sweep, one flow"], "not measured")  # one of sixteen

    def test_one_bond_slower_than_its_best_link_fails_the_sweep(self):
        def sweep(worst):
            return {(str(number), "cubic", "ab", "qed"):
                    {"mbps": 1, "of_sum": 0.5, "of_best": worst if number == 7 else 1}
                    for number in range(16)}
        self.assertEqual(self.verdicts(sweep(0.97))["every bond of the sweep, one flow"], "met")
        self.assertEqual(self.verdicts(sweep(0.96))["every bond of the sweep, one flow"], "missed")

    def test_cuts_latency_and_loss(self):
        def cut(gap, back):
            return {"carrier": "qed", "how": "silent", "gap_ms": gap, "recovery_s": back,
                    "broken": False}
        figure = "a link falls silent during TCP"
        self.assertEqual(self.verdicts({}, cuts=[cut(250, 2.0)])[figure], "met")
        self.assertEqual(self.verdicts({}, cuts=[cut(251, 2.0)])[figure], "missed")
        self.assertEqual(self.verdicts({}, cuts=[cut(100, None)])[figure], "missed")
        found = self.verdicts({}, latency={"fastest_ms": 15, "qed": {"p95_ms": 26}},
                              redundant={"loss": 0.003}, cost={"ratio": 0.949})
        self.assertEqual(found["round trip beside bulk, p95"], "missed")
        self.assertEqual(found["loss in redundant mode, 5 % on both links"], "met")
        self.assertEqual(found["throughput of one fast path with bonding"], "missed")


class Reports(unittest.TestCase):
    def test_tables_are_padded(self):
        self.assertEqual(report.table(["a", "bbb"], [["cc", 1]]),
                         ["| a  | bbb |", "|----|-----|", "| cc | 1   |"])

    def test_charts_are_well_formed_and_to_scale(self):
        svg = chart.bars("A & B", "<unit>", ["x"], [("one", [chart.Bar(10, 9, 11)]),
                                                    ("two", [chart.Bar(5, 5, 5)]), ("none", [None])])
        document = xml.dom.minidom.parseString(svg)
        widths = [float(rect.getAttribute("width")) for rect in
                  document.getElementsByTagName("rect")[1:]]
        self.assertEqual(len(widths), 2)
        self.assertAlmostEqual(widths[0], 2 * widths[1], delta=0.2)
        self.assertEqual(len([line for line in document.getElementsByTagName("line")
                              if line.getAttribute("class") == "spread"]), 1)


if __name__ == "__main__":
    unittest.main()
