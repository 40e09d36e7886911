"""Tests of what turns measurements into figures. Run by CTest, or: python3 suite_test.py"""

import unittest
import xml.dom.minidom
from unittest import mock

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
