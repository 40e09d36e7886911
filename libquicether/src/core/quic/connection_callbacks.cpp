#include "core/quic/connection_callbacks.hpp"

#include "core/quic/connection.hpp"
#include "core/quic/datagram_id.hpp"

#include <quicether/base/assert.hpp>

#include <algorithm>

namespace quicether::quic {

namespace {

Connection& connection_of(void* user_data) noexcept {
  return *static_cast<Connection*>(user_data);
}

void random_bytes(std::uint8_t* out, std::size_t size, const ngtcp2_rand_ctx* context) {
  static_cast<Random*>(context->native_handle)->fill({out, size});
}

}  // namespace

const ngtcp2_callbacks& ConnectionCallbacks::table() noexcept {
  static const ngtcp2_callbacks callbacks = [] {
    ngtcp2_callbacks made{};
    set_crypto_callbacks(made);
    made.rand = random_bytes;
    made.handshake_completed = [](ngtcp2_conn*, void* user) {
      return connection_of(user).on_handshake_completed() ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
    };
    made.recv_rx_key = [](ngtcp2_conn*, ngtcp2_encryption_level level, void* user) {
      return connection_of(user).on_read_key(level) ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
    };
    made.recv_tx_key = [](ngtcp2_conn*, ngtcp2_encryption_level level, void* user) {
      connection_of(user).early_key_known_ |= level == NGTCP2_ENCRYPTION_LEVEL_0RTT;
      return 0;
    };
    made.tls_early_data_rejected = [](ngtcp2_conn*, void* user) {
      connection_of(user).on_early_data_rejected();
      return 0;
    };
    made.handshake_confirmed = [](ngtcp2_conn*, void* user) {
      connection_of(user).confirmed_ = true;
      return 0;
    };
    made.recv_stream_data = [](ngtcp2_conn*,
                               std::uint32_t flags,
                               std::int64_t id,
                               std::uint64_t /*offset*/,
                               const std::uint8_t* data,
                               std::size_t size,
                               void* user,
                               void* /*stream*/) {
      connection_of(user).on_stream_data(
          id, {data, size}, (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0);
      return 0;
    };
    made.acked_stream_data_offset = [](ngtcp2_conn*,
                                       std::int64_t id,
                                       std::uint64_t offset,
                                       std::uint64_t size,
                                       void* user,
                                       void* /*stream*/) {
      connection_of(user).on_stream_acknowledged(id, offset + size);
      return 0;
    };
    made.stream_open = [](ngtcp2_conn*, std::int64_t id, void* user) {
      return connection_of(user).on_stream_opened(id) ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
    };
    made.stream_close = [](ngtcp2_conn*,
                           std::uint32_t /*flags*/,
                           std::int64_t id,
                           std::uint64_t /*code*/,
                           void* user,
                           void* /*stream*/) {
      connection_of(user).on_stream_closed(id);
      return 0;
    };
    made.stream_reset = [](ngtcp2_conn*,
                           std::int64_t id,
                           std::uint64_t /*final_size*/,
                           std::uint64_t /*code*/,
                           void* user,
                           void* /*stream*/) {
      connection_of(user).on_stream_reset(id);
      return 0;
    };
    made.recv_stateless_reset = [](ngtcp2_conn*, const ngtcp2_pkt_stateless_reset*, void* user) {
      connection_of(user).reset_received_ = true;
      return 0;
    };
    made.get_new_connection_id =
        [](ngtcp2_conn*, ngtcp2_cid* cid, std::uint8_t* token, std::size_t size, void* user) {
          return connection_of(user).on_new_cid(
                     *cid, {token, NGTCP2_STATELESS_RESET_TOKENLEN}, size)
                     ? 0
                     : NGTCP2_ERR_CALLBACK_FAILURE;
        };
    made.remove_connection_id = [](ngtcp2_conn*, const ngtcp2_cid* cid, void* user) {
      connection_of(user).on_cid_retired({cid->data, cid->datalen});
      return 0;
    };
    made.update_key = [](ngtcp2_conn* native,
                         std::uint8_t* rx_secret,
                         std::uint8_t* tx_secret,
                         ngtcp2_crypto_aead_ctx* rx_context,
                         std::uint8_t* rx_iv,
                         ngtcp2_crypto_aead_ctx* tx_context,
                         std::uint8_t* tx_iv,
                         const std::uint8_t* old_rx_secret,
                         const std::uint8_t* old_tx_secret,
                         std::size_t secret_size,
                         void* user) {
      ++connection_of(user).keys_derived_;
      return ngtcp2_crypto_update_key_cb(native,
                                         rx_secret,
                                         tx_secret,
                                         rx_context,
                                         rx_iv,
                                         tx_context,
                                         tx_iv,
                                         old_rx_secret,
                                         old_tx_secret,
                                         secret_size,
                                         user);
    };
    made.path_validation = [](ngtcp2_conn*,
                              std::uint32_t /*flags*/,
                              const ngtcp2_path* path,
                              const ngtcp2_path* /*old_path*/,
                              ngtcp2_path_validation_result outcome,
                              void* user) {
      connection_of(user).on_path_validation(*path,
                                             outcome == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS);
      return 0;
    };
    made.dcid_status = [](ngtcp2_conn*,
                          ngtcp2_connection_id_status_type type,
                          std::uint64_t /*sequence*/,
                          const ngtcp2_cid* /*cid*/,
                          const std::uint8_t* token,
                          void* user) {
      if (token != nullptr) {
        connection_of(user).on_peer_token(
            std::span<const std::uint8_t, NGTCP2_STATELESS_RESET_TOKENLEN>{
                token, NGTCP2_STATELESS_RESET_TOKENLEN},
            type == NGTCP2_CONNECTION_ID_STATUS_TYPE_ACTIVATE);
      }
      return 0;
    };
    made.recv_datagram = [](ngtcp2_conn*,
                            std::uint32_t /*flags*/,
                            const std::uint8_t* data,
                            std::size_t size,
                            void* user) {
      connection_of(user).on_datagram({data, size});
      return 0;
    };
    made.ack_datagram = [](ngtcp2_conn*, std::uint64_t id, void* user) {
      connection_of(user).on_datagram_acknowledged(id);
      return 0;
    };
    made.lost_datagram = [](ngtcp2_conn*, std::uint64_t id, void* user) {
      connection_of(user).on_datagram_lost(id);
      return 0;
    };
    made.get_path_challenge_data = [](ngtcp2_conn*, std::uint8_t* data, void* user) {
      connection_of(user).shared_.random.fill({data, NGTCP2_PATH_CHALLENGE_DATALEN});
      return 0;
    };
    return made;
  }();
  return callbacks;
}

bool Connection::on_handshake_completed() {
  const auto summary = tls_.summary();
  if (!summary) {
    refuse_peer();
    return false;
  }
  established_ = true;
  if (role_ == Role::client) {
    settle_early_data();
  } else {
    --shared_.handshakes;
    confirmed_ = true;  // a server knows when the client is done (RFC 9001 section 4.1.2)
    if (initial_cid_) {
      shared_.ids.remove(*initial_cid_);
      initial_cid_.reset();
    }
  }
  ++shared_.stats.handshakes_completed;
  shared_.stats.handshakes_resumed += summary->resumed ? 1U : 0U;
  HandshakeCompleted event;
  event.role = role_;
  event.peer = summary->peer;
  event.group = summary->group;
  event.cipher_suite = summary->cipher_suite;
  event.post_quantum = summary->post_quantum;
  event.resumed = summary->resumed;
  event.exporter = summary->exporter;
  event.early_data = early_data_ == EarlyData::accepted;
  shared_.push(handle_, std::move(event));
  return true;
}

bool Connection::on_new_cid(ngtcp2_cid& cid, Bytes token, std::size_t size) {
  if (size != kOwnCidBytes) {
    return false;
  }
  const auto made = add_own_cid();
  ngtcp2_cid_init(&cid, made.bytes.data(), made.bytes.size());
  std::ranges::copy(shared_.cids.reset_token(made.bytes), token.begin());
  return true;
}

void Connection::on_cid_retired(ConstBytes retired) {
  std::erase_if(own_cids_, [&](const OwnCid& cid) {
    if (!std::ranges::equal(cid.bytes, retired)) {
      return false;
    }
    shared_.ids.remove(cid);
    return true;
  });
}

void Connection::on_peer_token(std::span<const std::uint8_t, NGTCP2_STATELESS_RESET_TOKENLEN> bytes,
                               bool active) {
  ResetToken token;
  std::ranges::copy(bytes, token.begin());
  const auto found = std::ranges::find(reset_tokens_, token);
  if (active && found == reset_tokens_.end()) {
    reset_tokens_.push_back(token);
    shared_.ids.add(token, handle_);
  } else if (!active && found != reset_tokens_.end()) {
    shared_.ids.remove(token);
    reset_tokens_.erase(found);
  }
}

void Connection::on_path_validation(const ngtcp2_path& path, bool succeeded) {
  const auto local = quic::local_address(path).address;
  const bool own_migration = migrating_ && local == migration_target_;
  if (own_migration) {
    migrating_ = false;
    train_local_ = {};  // path_of() has to decide again
  }
  if (!succeeded) {
    return;
  }
  any_local_ = any_local_ && !own_migration;
  mtu_watch_.restart();
  black_hole_ = {};
  shared_.push(handle_,
               PathChanged{{local.is_unspecified() ? local_seen_.address : local, local_seen_.port},
                           quic::remote_address(path)});
}

void Connection::on_datagram(ConstBytes payload) {
  if (!shared_.received.put(handle_, payload)) {
    ++shared_.stats.received_datagrams_dropped;
  }
}

void Connection::on_datagram_acknowledged(std::uint64_t id) noexcept {
  breaker_.on_delivered(now_);
  report_fate(id, true);
  if (is_large(id)) {
    black_hole_.on_delivered();
  }
}

void Connection::report_fate(std::uint64_t id, bool delivered) {
  if (const auto token = token_of(id); token != 0) {
    shared_.fates.push_back({handle_, token, delivered});
  }
}

// Several datagrams may have shared a packet: they bear its number and are reported in a row.
void Connection::on_datagram_lost(std::uint64_t id) noexcept {
  if (takes_early_data()) {
    early_data_lost_ = true;
    return;
  }
  breaker_.on_lost();
  report_fate(id, false);
  const auto serial = packet_serial_of(id);
  packets_lost_ += serial != last_lost_packet_ ? 1U : 0U;
  last_lost_packet_ = serial;
  if (is_large(id)) {
    black_hole_.on_lost();
  }
}

}  // namespace quicether::quic
