"""The first flight of a capture, and its replay.

    replay.py began FLIGHT.pcap                    when its first datagram left, in microseconds,
                                                   and from which address
    replay.py send FLIGHT.pcap INTERFACE TIMES     sends all that left before anything came back
"""

import socket
import struct
import sys

PORT = 9000
BUFFERS_FULL = 105  # ENOBUFS


def frames(path):
    """Yields (microseconds, frame) of a capture of Ethernet."""
    with open(path, "rb") as capture:
        head = capture.read(24)
        assert struct.unpack("=I", head[:4])[0] == 0xA1B2C3D4, "not a capture of this machine"
        while len(record := capture.read(16)) == 16:
            seconds, micros, size, _ = struct.unpack("=IIII", record)
            yield seconds * 1_000_000 + micros, capture.read(size)


def first_flight(path):
    """What the host that spoke first sent, until it was answered."""
    flight = []
    for when, frame in frames(path):
        ip = frame[14:]
        if ip[0] >> 4 != 4 or ip[9] != socket.IPPROTO_UDP or PORT not in ports(ip):
            continue
        if flight and ip[12:16] != flight[0][1][26:30]:
            break
        flight.append((when, frame))
    assert flight, "nothing was captured"
    return flight


def ports(ip):
    return struct.unpack_from("!HH", ip, (ip[0] & 15) * 4)


def send(flight, interface, times):
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind((interface, 0))
    for _ in range(times):
        for _, frame in flight:
            try:
                wire.send(frame)
            except OSError as error:
                if error.errno != BUFFERS_FULL:
                    raise


command, path = sys.argv[1:3]
if command == "began":
    when, frame = first_flight(path)[0]
    print(when, socket.inet_ntoa(frame[26:30]))
else:
    flight = first_flight(path)
    send(flight, sys.argv[3], int(sys.argv[4]))
    print(len(flight), "datagrams,", sys.argv[4], "times")
