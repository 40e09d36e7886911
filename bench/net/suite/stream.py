"""One end of some TCP flows, for bond.py; Multipath TCP with --mptcp.

    stream.py listen PORT give|take SECONDS FLOWS CONTROL [--mptcp]
    stream.py dial ADDRESS PORT give|take SECONDS FLOWS CONTROL [--mptcp]

CONTROL is the congestion control.

Who takes ends the flows, SECONDS after the first byte, and prints JSON: when it connected and ended,
whether a flow had ended before, the bytes of each flow, and [ns, bytes] of what arrived, joined where
it was within a millisecond. Times are those of CLOCK_MONOTONIC.
"""

import json
import selectors
import socket
import sys
import threading
import time

_MPTCP = 262  # IPPROTO_MPTCP, linux/in.h
_PATIENCE = 15  # seconds for connections, and beyond SECONDS
_JOINED = 1_000_000  # ns


def stream_socket(control, protocol):
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, control.encode())
    return made


def connections(words, count, control, protocol, listener):
    """All flows, connected. The listener stays open: the kernel wants one for further subflows."""
    if words[0] == "dial":
        made = []
        for _ in range(count):
            made.append(stream_socket(control, protocol))
            made[-1].settimeout(_PATIENCE)
            made[-1].connect((words[1], int(words[2])))
        return made
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("", int(words[1])))
    listener.listen(count)
    listener.settimeout(_PATIENCE)
    print("ready", flush=True)
    return [listener.accept()[0] for _ in range(count)]


def give(flows, seconds):
    """Until the other side has enough."""
    block = bytes(1 << 17)

    def fill(flow):
        flow.settimeout(seconds + _PATIENCE)
        try:
            while True:
                flow.sendall(block)
        except OSError:
            flow.close()

    threads = [threading.Thread(target=fill, args=(flow,)) for flow in flows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def take(flows, seconds):
    connected = time.monotonic_ns()
    selector = selectors.DefaultSelector()
    for number, flow in enumerate(flows):
        flow.setblocking(False)
        selector.register(flow, selectors.EVENT_READ, number)
    place, samples, totals, early = bytearray(1 << 18), [], [0] * len(flows), False
    end = connected + _PATIENCE * 10**9
    while (now := time.monotonic_ns()) < end and not early:
        for key, _ in selector.select((end - now) / 1e9):
            try:
                count = key.fileobj.recv_into(place)
            except BlockingIOError:
                continue
            except OSError:
                count = 0
            now = time.monotonic_ns()
            if not samples:
                end = now + seconds * 10**9
            if count == 0:
                early = True
            elif samples and now - samples[-1][0] < _JOINED:
                samples[-1][1] += count
            else:
                samples.append([now, count])
            totals[key.data] += count
    json.dump({"connected": connected, "ended": time.monotonic_ns(), "early": early,
               "flows": totals, "samples": samples}, sys.stdout)


def main():
    words = [word for word in sys.argv[1:] if word != "--mptcp"]
    role, seconds, count, control = words[-4], int(words[-3]), int(words[-2]), words[-1]
    protocol = _MPTCP if "--mptcp" in sys.argv else 0
    with stream_socket(control, protocol) as listener:
        flows = connections(words, count, control, protocol, listener)
        (give if role == "give" else take)(flows, seconds)


if __name__ == "__main__":
    main()
