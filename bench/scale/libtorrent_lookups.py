#!/usr/bin/env python3
"""The same as dht_lookups by a DHT node of libtorrent.

    libtorrent_lookups.py <address:port> <bootstrap address:port> < targets
    libtorrent_lookups.py <address:port> <bootstrap address:port> serve
"""

import sys
import time

import libtorrent as lt


def open_session(listen, bootstrap):
    session = lt.session({
        "listen_interfaces": listen, "dht_bootstrap_nodes": bootstrap,
        "enable_dht": True, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
        "dht_restrict_routing_ips": False, "dht_restrict_search_ips": False,
        "dht_ignore_dark_internet": False, "dht_block_ratelimit": 100000,
        "dht_upload_rate_limit": 100000000, "alert_queue_size": 100000,
        "alert_mask": lt.alert.category_t.dht_notification | lt.alert.category_t.stats_notification})
    host, port = bootstrap.rsplit(":", 1)
    session.add_dht_node((host, int(port)))
    return session


def has_value(alert):
    """Whether a look-up found its item: the binding cannot show that there is none."""
    try:
        return bool(alert.item)
    except RuntimeError:
        return False


def wait(session, count):
    """Until so many look-ups have ended, or none has for ten seconds. Returns how many found
    something, how many ended, and when the last one did."""
    found = ended = 0
    last = time.monotonic()
    while ended < count and time.monotonic() < last + 10:
        session.wait_for_alert(1000)
        for alert in session.pop_alerts():
            if isinstance(alert, lt.dht_immutable_item_alert):
                ended += 1
                found += has_value(alert)
                last = time.monotonic()
    return found, ended, last


def main():
    session = open_session(sys.argv[1], sys.argv[2])
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        session.post_session_stats()
        session.wait_for_alert(200)
        stats = [a for a in session.pop_alerts() if isinstance(a, lt.session_stats_alert)]
        if stats and stats[-1].values["dht.dht_nodes"] >= 8:
            break
    print("ready", flush=True)
    if sys.argv[3:] == ["serve"]:
        while True:
            session.wait_for_alert(100000)
            session.pop_alerts()
    targets = [lt.sha1_hash(bytes.fromhex(line.strip())) for line in sys.stdin]
    found = 0
    for target in targets:
        begin = time.monotonic()
        session.dht_get_immutable_item(target)
        found += wait(session, 1)[0]
        print("one", (time.monotonic() - begin) * 1000)
    begin = time.monotonic()
    for target in targets:
        session.dht_get_immutable_item(target)
    more, ended, last = wait(session, len(targets))
    found += more
    # As if those that never ended had taken as long as the others.
    print("all", (last - begin) * 1000 * len(targets) / max(ended, 1))
    print("found", found, "of", 2 * len(targets), flush=True)


main()
