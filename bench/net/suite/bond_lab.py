"""Two ends joined by several links, each through a link emulator of its own."""

import contextlib
import json
import os
import signal
import sys
import threading

import lab as laboratory
from lab import Lab, StepFailed, finish, run

# Enough for 225 Mbit/s over 600 ms twice; for plain TCP, MPTCP and the flows inside a tunnel alike.
TCP_BUFFER = 64 << 20
_LIFE = 7200  # seconds, of an emulator that nobody ends
_PORT = 5202
_STREAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stream.py")


def address(side, link):
    return f"10.77.{link}.{1 if side == 'a' else 2}"


class BondLab(Lab):
    """Ends a and b with eth0, eth1, … and 10.77.LINK.1 and .2; the default route takes eth0."""

    def __init__(self, bond, seed=1):
        super().__init__(link=bond.links)  # so that its cables cut super-packets
        self.bond = bond
        self._seed = seed
        self._emulators = []
        self._flapping = None

    def __enter__(self):
        try:
            for name in (*self.sides, "m"):
                run(["ip", "netns", "add", name])
                run(["ip", "-n", name, "link", "set", "lo", "up"])
            self.run("m", ["sysctl", "-q", "net.ipv6.conf.all.disable_ipv6=1"])
            for side in self.sides:
                self._tune(side)
            for link in range(len(self.bond.links)):
                self._join(link)
            for side in self.sides:
                self._default_route(side)
            self._flap()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._flapping:
            self._flapping.set()
        super().__exit__()

    def _tune(self, side):
        self.run(side, ["sysctl", "-q", f"net.ipv4.tcp_rmem=4096 131072 {TCP_BUFFER}",
                        f"net.ipv4.tcp_wmem=4096 65536 {TCP_BUFFER}",
                        "net.ipv4.tcp_no_metrics_save=1"])

    def _join(self, link):
        device = f"eth{link}"
        self._cable("a", device, "m", f"left{link}")
        self._cable("b", device, "m", f"right{link}")
        for side in self.sides:
            run(["ip", "-n", side, "link", "set", device, "mtu", str(self.bond.mtu(link))])
            run(["ip", "-n", side, "addr", "add", address(side, link) + "/24", "dev", device])
        program = os.path.join(os.environ["QE_BENCH_PROGRAMS"], "link_emulator")
        emulator = self.start("m", [program, "--seconds", str(_LIFE),
                                    "--seed", str(self._seed * 16 + link), f"left{link}",
                                    f"right{link}", self.bond.links[link], self.bond.back[link]])
        if emulator.stdout.readline() != "ready\n":
            raise StepFailed("a link emulator did not start")
        self._emulators.append(emulator)

    def _default_route(self, side):
        gateway = address("b" if side == "a" else "a", 0)
        run(["ip", "-n", side, "route", "replace", "default", "via", gateway, "dev", "eth0"])

    def end_links(self):
        """What the emulators counted."""
        for emulator in self._emulators:
            emulator.terminate()
        return [json.loads(emulator.stdout.readline()) for emulator in self._emulators]

    def silence(self, link, silent):
        self._emulators[link].send_signal(signal.SIGUSR1 if silent else signal.SIGUSR2)

    def cut(self, link, how):
        """how: "silent", neither end is told; "down", a's interface goes down."""
        if how == "silent":
            self.silence(link, True)
        else:
            run(["ip", "-n", "a", "link", "set", f"eth{link}", "down"])

    def restore(self, link, how):
        if how == "silent":
            self.silence(link, False)
            return
        run(["ip", "-n", "a", "link", "set", f"eth{link}", "up"])
        if link == 0:
            self._default_route("a")  # the kernel removed it; what manages an uplink puts it back

    def _flap(self):
        """Makes links silent in turns with their profile's period, until the lab ends."""
        if not self.bond.flaps:
            return
        self._flapping = threading.Event()
        for flap in self.bond.flaps:
            threading.Thread(target=self._flap_one, args=(flap,), daemon=True).start()

    def _flap_one(self, flap):
        with contextlib.suppress(OSError):
            while not self._flapping.wait(flap["period"] - flap["silent"]):
                self.silence(flap["link"], True)
                if self._flapping.wait(flap["silent"]):
                    return
                self.silence(flap["link"], False)

    def use_mptcp(self):
        """a dials over the first link; b tells it of its other addresses."""
        for side in self.sides:
            self.run(side, ["sysctl", "-q", "net.mptcp.enabled=1"])
            self.run(side, ["ip", "mptcp", "limits", "set", "subflows", "8",
                            "add_addr_accepted", "8"])
        for link in range(1, len(self.bond.links)):
            self.run("b", ["ip", "mptcp", "endpoint", "add", address("b", link), "dev",
                           f"eth{link}", "signal"])

    def start_flows(self, to, seconds, flows=1, backwards=False, mptcp=False, control="cubic"):
        """TCP flows that a dials to an address of b. To be ended with end_flows()."""
        more = ["--mptcp"] if mptcp else []
        roles = ("give", "take") if backwards else ("take", "give")
        count = [str(seconds), str(flows), control, *more]
        listener = self.start("b", [sys.executable, _STREAM, "listen", str(_PORT), roles[0], *count])
        if listener.stdout.readline() != "ready\n":
            raise StepFailed(f"no listener: {listener.stderr.read()[-300:]}")
        dialler = self.start("a", [sys.executable, _STREAM, "dial", to, str(_PORT), roles[1], *count])
        return (dialler, listener) if backwards else (listener, dialler)

    @staticmethod
    def end_flows(flows, seconds):
        """What the side that takes says of the flows."""
        taker, giver = flows
        out, errors = finish(taker, seconds + 40)
        giver.kill()
        giver.wait()
        if taker.returncode != 0 or not out:
            raise StepFailed(f"the flows failed: {errors.strip()[-300:]}")
        return json.loads(out)

    def flows(self, to, seconds, *options, **named):
        return self.end_flows(self.start_flows(to, seconds, *options, **named), seconds)
