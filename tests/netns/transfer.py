"""One end of a transfer over TCP, for the tests of this folder.

    transfer.py receive ADDRESS BYTES | send ADDRESS BYTES

The receiver checks every byte, or fails. It prints the bits per second from the first byte on, and
the whole and the longest time without a byte, in milliseconds.
"""

import random
import socket
import sys
import time

role, address, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
data = random.Random(count).randbytes(count)
if role == "send":
    with socket.create_connection((address, 7777), timeout=60) as stream:
        stream.sendall(data)
        stream.shutdown(socket.SHUT_WR)
        assert stream.recv(1) == b"!", "the receiver is not content"
    sys.exit()
with socket.create_server((address, 7777)) as server:
    print("ready", file=sys.stderr, flush=True)
    stream, _ = server.accept()
    stream.settimeout(60)
    received, start, last, pause = bytearray(), 0, 0, 0
    while part := stream.recv(1 << 20):
        now = time.monotonic()
        start = start or now
        pause = max(pause, now - (last or now))
        last = now
        received += part
    seconds = time.monotonic() - start
    assert received == data, "other bytes came than were sent"
    stream.send(b"!")
    print(int(count * 8 / seconds), int(seconds * 1000), int(pause * 1000), flush=True)
