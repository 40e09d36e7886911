#!/usr/bin/env python3
"""A DHT node of libtorrent that does what dht_interop_test.sh tells it.

    libtorrent_peer.py <address:port> <bootstrap address:port>

Reads one command a line from standard input, answers each with lines and then "done":
    nodes                     how many nodes it knows
    get <key hex> [salt]      a mutable item
    get-immutable <hash hex>
    put <seed hex> <key hex> <text> [salt]
    put-immutable <text>
    peers <hash>
"""

import hashlib
import sys
import time

import libtorrent as lt


def expanded_key(seed):
    """Ed25519's private key as libtorrent takes it: the hash of the seed, clamped (RFC 8032)."""
    key = bytearray(hashlib.sha512(seed).digest())
    key[0] &= 248
    key[31] &= 63
    key[31] |= 64
    return bytes(key)


class Peer:
    def __init__(self, listen, bootstrap):
        host, port = bootstrap.rsplit(":", 1)
        self.session = lt.session({
            "listen_interfaces": listen,
            "dht_bootstrap_nodes": bootstrap,
            "enable_dht": True, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
            # Everybody here is in one private network.
            "dht_restrict_routing_ips": False, "dht_restrict_search_ips": False,
            "dht_ignore_dark_internet": False, "dht_block_ratelimit": 1000,
            "alert_mask": lt.alert.category_t.all_categories})
        self.session.add_dht_node((host, int(port)))

    def wait(self, kind, seconds=20, accept=lambda alert: True):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.session.wait_for_alert(200)
            for alert in self.session.pop_alerts():
                if isinstance(alert, kind) and accept(alert):
                    return alert
        return None

    def nodes(self):
        self.session.post_session_stats()
        alert = self.wait(lt.session_stats_alert)
        print("nodes", alert.values["dht.dht_nodes"])

    def get(self, key, salt=""):
        self.session.dht_get_mutable_item(bytes.fromhex(key), salt)
        found = self.wait(lt.dht_mutable_item_alert,
                          accept=lambda alert: alert.salt == salt and alert.authoritative)
        print("value", found.item["value"].decode() if found else None,
              "seq", found.item["seq"] if found else None)

    def get_immutable(self, digest):
        self.session.dht_get_immutable_item(lt.sha1_hash(bytes.fromhex(digest)))
        found = self.wait(lt.dht_immutable_item_alert)
        print("immutable", found.message() if found else None)

    def put(self, seed, key, text, salt=""):
        self.session.dht_put_mutable_item(
            expanded_key(bytes.fromhex(seed)), bytes.fromhex(key), text, salt)
        done = self.wait(lt.dht_put_alert)
        print("put", done.message() if done else None)

    def put_immutable(self, text):
        digest = self.session.dht_put_immutable_item(text)
        done = self.wait(lt.dht_put_alert)
        print("hash", digest, done.message() if done else None)

    def peers(self, digest):
        self.session.dht_get_peers(lt.sha1_hash(bytes.fromhex(digest)))
        found = self.wait(lt.dht_get_peers_reply_alert, accept=lambda alert: alert.peers())
        for host, port in found.peers() if found else []:
            print("peer", f"{host}:{port}")


def main():
    peer = Peer(sys.argv[1], sys.argv[2])
    print("ready", flush=True)
    for line in sys.stdin:
        command, *arguments = line.split()
        getattr(peer, command.replace("-", "_"))(*arguments)
        print("done", flush=True)


main()
