#ifndef QUICETHER_SRC_CORE_QUIC_SHARED_HPP
#define QUICETHER_SRC_CORE_QUIC_SHARED_HPP

#include "core/queue/block_pool.hpp"
#include "core/queue/fair_queue.hpp"
#include "core/quic/cid.hpp"
#include "core/quic/connection_ids.hpp"
#include "core/quic/receive_buffer.hpp"
#include "core/quic/transmit_queue.hpp"

#include <quicether/core/crypto/tls.hpp>
#include <quicether/core/quic/endpoint.hpp>

#include <deque>
#include <vector>

namespace quicether::quic {

[[nodiscard]] inline crypto::TlsOptions tls_options(const EndpointConfig& config) {
  crypto::TlsOptions options;
  options.alpn = config.alpn;
  options.require_post_quantum = config.require_post_quantum;
  options.resumption = config.resumption;
  options.early_data = config.early_data;
  return options;
}

/// What the connections of one Endpoint have in common.
struct Shared {
  Shared(EndpointConfig wanted,
         const crypto::KeyPair& key,
         const crypto::TlsCredentials& credentials,
         Random& source)
      : config{std::move(wanted)},
        random{source},
        cids{key, source, config.shard},
        ids{cids},
        tls{credentials, tls_options(config)} {}

  void push(ConnectionHandle connection, EventBody body) {
    events.push_back({connection, std::move(body)});
  }

  const EndpointConfig config;
  Random& random;
  CidMaker cids;
  ConnectionIds ids;
  crypto::TlsContext tls;
  queue::BlockPool pool{};
  queue::WaitingPool waiting{};
  TransmitQueue transmit{};
  ReceiveBuffer received{};
  std::vector<DatagramFate> fates{};
  std::deque<Event> events{};
  EndpointStats stats{};
  std::size_t handshakes = 0;  ///< inbound connections not yet established
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_SHARED_HPP
