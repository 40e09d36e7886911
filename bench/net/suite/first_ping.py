"""first_ping.py ADDRESS SECONDS: an echo request every 5 ms until the first reply.

Prints "ready" to standard error, then the time of the reply in nanoseconds of CLOCK_MONOTONIC, which is one for all
namespaces; nothing more when there was none.
"""

import select
import socket
import struct
import sys
import time

_EVERY = 0.005
_IDENTIFIER = 0x7165


def _checksum(words):
    total = sum(words)
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def _request(kind, number):
    # The kernel sums ICMPv6 itself, and overwrites what is here.
    checksum = _checksum((kind << 8, _IDENTIFIER, number))
    return struct.pack("!BBHHH", kind, 0, checksum, _IDENTIFIER, number)


def main(address, seconds):
    six = ":" in address
    protocol = socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP
    raw = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_RAW, protocol)
    request, reply = (128, 129) if six else (8, 0)
    print("ready", file=sys.stderr, flush=True)
    number, deadline = 0, time.monotonic() + seconds
    while time.monotonic() < deadline:
        number += 1
        try:
            raw.sendto(_request(request, number & 0xffff), (address, 0))
        except OSError:
            pass  # no route yet
        pause = time.monotonic() + _EVERY
        while (left := pause - time.monotonic()) > 0 and select.select([raw], [], [], left)[0]:
            now, packet = time.monotonic_ns(), raw.recv(2048)
            message = packet if six else packet[(packet[0] & 15) * 4:]
            if message[0] == reply and message[4:6] == _IDENTIFIER.to_bytes(2, "big"):
                print(now, flush=True)
                return


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
