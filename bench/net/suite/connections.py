"""What a connection costs, from bench_micro: full handshakes per second and core with the hybrid
key exchange, both sides on that core, and the memory that an idle connection holds at one end.
"""

import json
import os
import pathlib
import subprocess

import machine
import options
import report
from targets import verdict

_HANDSHAKE, _MEMORY = "quic_handshake_both_sides", "quic_idle_connection_bytes"


def run_micro(runs):
    """{benchmark: [values]}: handshakes per second, bytes."""
    program = pathlib.Path(os.environ["QE_BENCH_PROGRAMS"]).parent / "bench" / "bench_micro"
    output = subprocess.run(
        [program, f"--benchmark_filter=^({_HANDSHAKE}|{_MEMORY})", "--benchmark_format=json",
         f"--benchmark_repetitions={runs}"], capture_output=True, text=True, check=True, timeout=600)
    values = {_HANDSHAKE: [], _MEMORY: []}
    for each in json.loads(output.stdout)["benchmarks"]:
        if each["run_type"] == "iteration":
            name = each["run_name"].partition("/")[0]
            values[name].append(each["items_per_second" if name == _HANDSHAKE else "bytes_per_end"])
    return values


def main():
    parser = options.parser("connections.sh", __doc__)
    parser.add_argument("--runs", type=int, help="repetitions (5)")
    given = options.filled(parser.parse_args(), {"runs": 5}, {"runs": 1})
    described = machine.describe()
    values = run_micro(given.runs)
    rate = sorted(values[_HANDSHAKE])[len(values[_HANDSHAKE]) // 2]
    kibibytes = sorted(values[_MEMORY])[len(values[_MEMORY]) // 2] / 1024
    lines = [verdict("memory per idle connection, one end", "≤ 48 KiB", kibibytes,
                     f"{kibibytes:.1f} KiB", kibibytes <= 48),
             verdict("full handshakes, both sides on one core", "≥ 3000 per second", rate,
                     f"{rate:.0f} per second", rate >= 3000)]
    results = {"command": "connections.sh", "machine": described, "options": options.plain(given),
               "targets": lines, "values": values}
    print(report.write(given.output, "connections", results, []))
    options.copy_json(given, pathlib.Path(given.output) / "connections.json")


if __name__ == "__main__":
    main()
