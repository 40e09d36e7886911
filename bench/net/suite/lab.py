"""Namespaces, cables and programs in them, inside the sandbox of common.sh."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time

ADDRESSES = {"a": "10.77.0.1", "b": "10.77.0.2"}


class StepFailed(Exception):
    """One step of one measurement did not work; the rest of the run goes on."""


def need_sandbox():
    if os.environ.get("QE_BENCH_SANDBOX") != "yes" or os.getpid() != 1:
        raise SystemExit("start this through the shell script of the same name")
    for folder in ("/run/netns", "/run/wireguard"):
        os.makedirs(folder, exist_ok=True)
        run(["mount", "-t", "tmpfs", "tmpfs", folder])
    run(["mount", "-t", "tmpfs", "tmpfs", "/mnt"])
    run(["ip", "link", "set", "lo", "up"])
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))


def run(command, timeout=20, env=None):
    """Standard output of a command that must succeed, in time."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, env=env) as process:
        out, err = finish(process, timeout)
    if process.returncode != 0:
        raise StepFailed(f"{' '.join(command)[:200]}: exit code {process.returncode}: "
                         f"{(err or out or '').strip()[-500:]}")
    return out


def finish(process, timeout):
    """(output, errors) of a process, which is killed when it takes too long."""
    try:
        return process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise StepFailed(f"not done after {timeout:g} s: {' '.join(process.args)[:200]}") from None


class Lab:
    """The two ends a and b, joined by a cable; `with` takes it all down again."""

    def __init__(self, veth="offload", link=None):
        """veth: how the cable treats super-packets (see README). link: arguments of the link
        emulator, which then is what joins the two."""
        self.veth = veth
        self.link = link
        self.sides = ("a", "b")

    def __enter__(self):
        try:
            for name in self.sides + (("m",) if self.link else ()):
                run(["ip", "netns", "add", name])
                run(["ip", "-n", name, "link", "set", "lo", "up"])
            if self.link:
                self._cable("a", "eth0", "m", "left")
                self._cable("b", "eth0", "m", "right")
            else:
                self._cable("a", "eth0", "b", "eth0")
            for side in self.sides:
                run(["ip", "-n", side, "addr", "add", ADDRESSES[side] + "/24", "dev", "eth0"])
            if self.link:
                self._start_link()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        names = [name for name in ("a", "b", "m") if os.path.exists(f"/run/netns/{name}")]
        end_processes([pid for name in names for pid in processes_in(name)])
        for name in names:
            with contextlib.suppress(StepFailed):
                run(["ip", "netns", "del", name])

    def _cable(self, first, first_device, second, second_device):
        run(["ip", "link", "add", first_device, "netns", first, "mtu", "1500", "type", "veth",
             "peer", second_device, "netns", second, "mtu", "1500"])
        veth = "none" if self.link else self.veth
        for name, device in ((first, first_device), (second, second_device)):
            run(["ip", "-n", name, "link", "set", device, "up"])
            if veth != "offload":
                self.run(name, ["ethtool", "-K", device, "tso", "off", "gso", "off",
                                "tx-udp-segmentation", "off",
                                "gro", "on" if veth == "gro" else "off"])

    def _start_link(self):
        self.run("m", ["sysctl", "-q", "net.ipv6.conf.all.disable_ipv6=1"])
        program = os.path.join(os.environ["QE_BENCH_PROGRAMS"], "link_emulator")
        self.emulator = self.start("m", [program, *self.link])
        if self.emulator.stdout.readline() != "ready\n":
            raise StepFailed("the link emulator did not start")

    def end_link(self):
        """What the emulator counted."""
        self.emulator.terminate()
        return json.loads(self.emulator.stdout.readline())

    def run(self, side, command, timeout=20):
        return run(["ip", "netns", "exec", side, *command], timeout)

    def start(self, side, command, stdout=subprocess.PIPE):
        """A program in a namespace; it ends with the lab at the latest."""
        return subprocess.Popen(["ip", "netns", "exec", side, *command], stdin=subprocess.DEVNULL,
                                stdout=stdout, stderr=subprocess.PIPE, text=True)

    def wait_listener(self, side, port):
        for _ in range(500):
            if re.search(rf":{port}\b", self.run(side, ["ss", "-Hltn", f"sport = :{port}"])):
                return
            time.sleep(0.01)
        raise StepFailed(f"nobody listens on port {port}")


def processes_in(namespace):
    """Process ids in a network namespace; /proc shows those of the sandbox only."""
    inode = os.stat(f"/run/netns/{namespace}").st_ino
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{entry}/ns/net").st_ino == inode:
                found.append(int(entry))
    return found


def end_processes(pids):
    """SIGTERM, and after two seconds SIGKILL."""
    for wanted, patience in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 2.0)):
        deadline = time.monotonic() + patience
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, wanted)
        while pids and time.monotonic() < deadline:
            pids = [pid for pid in pids if not _is_gone(pid)]
            time.sleep(0.02)


def _is_gone(pid):
    with contextlib.suppress(ChildProcessError):  # orphans become children of this process
        os.waitpid(pid, os.WNOHANG)
    return not os.path.exists(f"/proc/{pid}")
