"""The machine and the programs of a run, so that its figures can be judged later."""

import datetime
import os
import pathlib
import platform
import re
import subprocess

_ROOT = pathlib.Path(__file__).resolve().parents[3]


def _first(pattern, text):
    found = re.search(pattern, text, re.MULTILINE)
    return found.group(1).strip() if found else "unknown"


def _read(path):
    try:
        return pathlib.Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return "unknown"


def _output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10,
                              check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def describe():
    cpu = _read("/proc/cpuinfo")
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": _first(r"^model name\s*:\s*(.*)", cpu),
        "cpu_mhz": _first(r"^cpu MHz\s*:\s*([0-9]*)", cpu),
        "cores": os.cpu_count(),
        "virtual": "yes" if re.search(r"^flags.*\bhypervisor\b", cpu, re.MULTILINE) else "no",
        "aes": [flag for flag in ("aes", "vaes", "avx512f") if re.search(rf"\b{flag}\b", cpu)],
        "memory_gb": round(int(_first(r"^MemTotal:\s*(\d+)", _read("/proc/meminfo"))) / 1e6, 1),
        "system": _first(r'^PRETTY_NAME="?([^"\n]*)', _read("/etc/os-release")),
        "kernel": platform.release(),
        "congestion_controls": _read("/proc/sys/net/ipv4/tcp_available_congestion_control").split(),
        "iperf3": _first(r"iperf ([\d.]+)", _output("iperf3", "--version")),
        "quicether_commit": _output("git", "-c", f"safe.directory={_ROOT}", "-C", str(_ROOT),
                                    "describe", "--always", "--dirty", "--abbrev=12"),
        "load_before": round(os.getloadavg()[0], 2),
    }


def lines(machine):
    """The same as text."""
    yield f"{machine['date']}, QuicEther {machine['quicether_commit']}"
    yield (f"{machine['cpu']}, {machine['cores']} {'virtual ' if machine['virtual'] == 'yes' else ''}"
           f"cores at {machine['cpu_mhz']} MHz ({', '.join(machine['aes']) or 'no AES instructions'}), "
           f"{machine['memory_gb']} GB")
    yield (f"{machine['system']}, Linux {machine['kernel']}, iperf3 {machine['iperf3']}, load before "
           f"the run {machine['load_before']}")
