#ifndef QUICETHER_TESTS_NETNS_SUPPORT_PLATFORM_COMMANDS_HPP
#define QUICETHER_TESTS_NETNS_SUPPORT_PLATFORM_COMMANDS_HPP

#include "arguments.hpp"

// What tests/netns/platform_*_test.sh let the platform layer do in namespaces. Every command ends
// with exit code 0 or throws.
namespace quicether::test {

/// Opens a TUN, prints "ready", and answers pings until SIGTERM; then prints its counters.
void tun_echo(const Arguments& arguments);

/// Opens a TUN in each of two namespaces and moves packets between them until SIGTERM.
void tun_bridge(const Arguments& arguments);

/// Accepts one connection and compares what comes with the stream that tcp_push() sends.
void tcp_serve(const Arguments& arguments);
void tcp_push(const Arguments& arguments);

/// Sends every datagram back from the address it came to, until SIGTERM.
void udp_echo(const Arguments& arguments);

/// Sends trains to udp_echo() and compares what comes back, byte for byte.
void udp_check(const Arguments& arguments);

/// Sends one train and prints what became of it.
void udp_send(const Arguments& arguments);

}  // namespace quicether::test

#endif  // QUICETHER_TESTS_NETNS_SUPPORT_PLATFORM_COMMANDS_HPP
