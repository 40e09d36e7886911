#include "core/quic/connection.hpp"

#include "core/quic/connection_callbacks.hpp"
#include "core/quic/native_time.hpp"

#include <quicether/base/assert.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace quicether::quic {
namespace {

// A UDP datagram that every IPv6 path carries, and the least that QUIC asks for (RFC 9000 section
// 14.1).
constexpr std::size_t kPacketBytesMin = NGTCP2_MAX_UDP_PAYLOAD_SIZE;

// RFC 9221 section 3 recommends the largest value that the frame can have.
constexpr std::uint64_t kDatagramFrameBytes = 65535;

// First guess of the round trip. RFC 9002 section 6.2.2 says 333 ms, so that the first packet would
// be repeated after 1 s. Measured in ADR 0011.
constexpr Duration kInitialRtt = std::chrono::milliseconds{100};

// Acknowledgements: one for this many packets, or after this time. Measured in ADR 0011.
constexpr std::size_t kAcknowledgeEvery = 8;
constexpr Duration kAcknowledgeWithin = std::chrono::milliseconds{5};

// Connection ids that the peer keeps ready for us: each address that we move to takes a new one
// (RFC 9000 section 9.5), and more come only over an address that works. Networks that change may
// need several in a row.
constexpr std::uint64_t kConnectionIds = 4;

// TLS alert bad_certificate (RFC 8446 section 6.2).
constexpr std::uint8_t kBadCertificate = 42;

// Longest reason phrase that is sent.
constexpr std::size_t kReasonBytesMax = 256;

ngtcp2_conn* native_of(ngtcp2_crypto_conn_ref* reference) {
  return static_cast<ngtcp2_conn*>(reference->user_data);
}

ngtcp2_cid to_native(ConstBytes cid) noexcept {
  ngtcp2_cid native{};
  ngtcp2_cid_init(&native, cid.data(), cid.size());
  return native;
}

crypto::TlsRole tls_role(Role role) noexcept {
  return role == Role::client ? crypto::TlsRole::client : crypto::TlsRole::server;
}

}  // namespace

Connection::Connection(Shared& shared,
                       ConnectionHandle handle,
                       Role role,
                       Instant now,
                       const NativePath& path,
                       const crypto::TlsExpectation& expectation)
    : shared_{shared},
      handle_{handle},
      role_{role},
      tls_{shared.tls, tls_role(role), expectation, &connection_reference_},
      streams_{shared.pool},
      waiting_{shared.pool, shared.waiting, shared.config.limits.datagram_queue_bytes},
      mtu_watch_{shared.config.mtu_probes},
      now_{now},
      written_path_{path},
      written_route_{quic::local_address(*path.get()), quic::remote_address(*path.get())},
      last_received_{now} {
  connection_reference_.get_conn = native_of;
}

Connection::Connection(Shared& shared,
                       ConnectionHandle handle,
                       Instant now,
                       const ConnectOptions& options)
    : Connection{shared,
                 handle,
                 Role::client,
                 now,
                 NativePath{options.local.address, options.remote},
                 {options.expected_id, options.expected_key}} {
  any_local_ = options.local.address.is_unspecified();
  begin_client(written_path_, options);
}

Connection::Connection(Shared& shared,
                       ConnectionHandle handle,
                       Instant now,
                       const Newcomer& newcomer)
    : Connection{shared,
                 handle,
                 Role::server,
                 now,
                 NativePath{newcomer.local.address, newcomer.remote},
                 {}} {
  local_seen_ = newcomer.local;
  ++shared_.handshakes;
  begin_server(newcomer, written_path_);
}

Connection::~Connection() {
  if (role_ == Role::client && packets_received_ == 0) {
    tls_.give_back_ticket();
  }
  for (const auto& cid : own_cids_) {
    shared_.ids.remove(cid);
  }
  for (const auto& token : reset_tokens_) {
    shared_.ids.remove(token);
  }
  if (initial_cid_) {
    shared_.ids.remove(*initial_cid_);
  }
  if (role_ == Role::server && !established_) {
    --shared_.handshakes;
  }
}

OwnCid Connection::add_own_cid() {
  auto cid = shared_.cids.make();
  while (shared_.ids.find(cid) != ConnectionHandle{}) {
    cid = shared_.cids.make();
  }
  shared_.ids.add(cid, handle_);
  own_cids_.push_back(cid);
  return cid;
}

void Connection::begin_client(const NativePath& path, const ConnectOptions& options) {
  const auto settings = make_settings();
  const auto parameters = make_parameters();
  auto first_cid = shared_.cids.make().bytes;
  first_cid[0] = options.lane.value_or(static_cast<std::uint8_t>(shared_.random.below(256)));
  const auto peer_cid = to_native(first_cid);
  const auto own_cid = to_native(add_own_cid().bytes);
  ngtcp2_conn* made = nullptr;
  const int failed = ngtcp2_conn_client_new(&made,
                                            &peer_cid,
                                            &own_cid,
                                            path.get(),
                                            NGTCP2_PROTO_VER_V1,
                                            &ConnectionCallbacks::table(),
                                            &settings,
                                            &parameters,
                                            nullptr,
                                            this);
  QE_ASSERT(failed == 0);
  native_.reset(made);
  connection_reference_.user_data = made;
  ngtcp2_conn_set_tls_native_handle(made, tls_.native());
  ngtcp2_conn_set_keep_alive_timeout(made, to_native(shared_.config.keep_alive));
  if (options.early_data) {
    offer_early_data();
  }
}

void Connection::begin_server(const Newcomer& newcomer, const NativePath& path) {
  auto settings = make_settings();
  auto parameters = make_parameters();
  const auto own = add_own_cid();
  const auto own_cid = to_native(own.bytes);
  parameters.original_dcid = newcomer.original_dcid;
  parameters.original_dcid_present = 1;
  if (newcomer.address_proven) {
    settings.token = newcomer.header.token;
    settings.tokenlen = newcomer.header.tokenlen;
    settings.token_type = NGTCP2_TOKEN_TYPE_RETRY;
    parameters.retry_scid = newcomer.header.dcid;
    parameters.retry_scid_present = 1;
  }
  const auto token = shared_.cids.reset_token(own.bytes);
  std::ranges::copy(token, parameters.stateless_reset_token);
  parameters.stateless_reset_token_present = 1;

  ngtcp2_conn* made = nullptr;
  const int failed = ngtcp2_conn_server_new(&made,
                                            &newcomer.header.scid,
                                            &own_cid,
                                            path.get(),
                                            newcomer.header.version,
                                            &ConnectionCallbacks::table(),
                                            &settings,
                                            &parameters,
                                            nullptr,
                                            this);
  QE_ASSERT(failed == 0);
  native_.reset(made);
  connection_reference_.user_data = made;
  ngtcp2_conn_set_tls_native_handle(made, tls_.native());
  ngtcp2_conn_set_keep_alive_timeout(made, to_native(shared_.config.keep_alive));
  initial_cid_ = ForeignCid::of({newcomer.header.dcid.data, newcomer.header.dcid.datalen});
  shared_.ids.add(*initial_cid_, handle_);
  if (shared_.config.early_data) {
    expect_early_data();
  }
}

ngtcp2_settings Connection::make_settings() const {
  const auto& config = shared_.config;
  ngtcp2_settings settings;
  ngtcp2_settings_default(&settings);
  settings.cc_algo = config.congestion_control == CongestionControl::bbr ? NGTCP2_CC_ALGO_BBR
                                                                         : NGTCP2_CC_ALGO_CUBIC;
  settings.initial_ts = to_native(now_);
  settings.initial_rtt = to_native(kInitialRtt);
  settings.ack_thresh = kAcknowledgeEvery;
  settings.handshake_timeout = to_native(config.handshake_timeout);
  settings.rand_ctx.native_handle = &shared_.random;
  settings.max_tx_udp_payload_size = packet_bytes_max();
  settings.no_pmtud = config.mtu_probes.empty() ? 1 : 0;
  settings.pmtud_probes = config.mtu_probes.data();
  settings.pmtud_probeslen = config.mtu_probes.size();
  return settings;
}

ngtcp2_transport_params Connection::make_parameters() const {
  const auto& config = shared_.config;
  ngtcp2_transport_params parameters;
  ngtcp2_transport_params_default(&parameters);
  parameters.initial_max_stream_data_bidi_local = config.limits.stream_receive_bytes;
  parameters.initial_max_stream_data_bidi_remote = config.limits.stream_receive_bytes;
  parameters.initial_max_data = config.limits.connection_receive_bytes;
  parameters.initial_max_streams_bidi = config.limits.streams_max;
  parameters.max_idle_timeout = to_native(config.idle_timeout);
  parameters.max_ack_delay = to_native(kAcknowledgeWithin);
  parameters.active_connection_id_limit = kConnectionIds;
  parameters.max_datagram_frame_size = kDatagramFrameBytes;
  return parameters;
}

std::size_t Connection::packet_bytes_max() const noexcept {
  std::size_t most = kPacketBytesMin;
  for (const auto bytes : shared_.config.mtu_probes) {
    most = std::max<std::size_t>(most, bytes);
  }
  return most;
}

// ---- Input --------------------------------------------------------------------------------------

// A client that lets the system choose its address cannot know it before a packet arrives, and the
// system may choose another one later. ngtcp2 is then told of the wildcard only.
const NativePath& Connection::path_of(const ReceivedTrain& train) {
  if (train.local != train_local_ || train.remote != train_remote_) {
    train_local_ = train.local;
    train_remote_ = train.remote;
    const bool wildcard = any_local_ && !(migrating_ && train.local.address == migration_target_);
    train_path_ = NativePath{wildcard ? IpAddress{} : train.local.address, train.remote};
  }
  return train_path_;
}

void Connection::note_local_address(const ReceivedTrain& train) {
  if (local_seen_ == train.local) {
    return;
  }
  const bool moved = any_local_ && established_ && local_seen_.address != train.local.address &&
                     !local_seen_.address.is_unspecified() &&
                     !(migrating_ && train.local.address == migration_target_);
  local_seen_ = train.local;
  if (moved) {
    shared_.push(handle_, PathChanged{train.local, train.remote});
  }
}

void Connection::on_packet(Instant now, const ReceivedTrain& train, ConstBytes packet) {
  QE_DASSERT(!ended_);
  now_ = now;
  bytes_received_ += packet.size();
  ngtcp2_pkt_info info{};
  info.ecn = static_cast<std::uint8_t>(train.ecn);
  const auto opened_before = packet_count().opened;
  const int error = ngtcp2_conn_read_pkt(
      native_.get(), path_of(train).get(), &info, packet.data(), packet.size(), to_native(now));
  const auto opened = packet_count().opened - opened_before;
  if (opened != 0) {
    packets_received_ += opened;
    last_received_ = now;
    note_local_address(train);
    streams_.unblock();
    black_hole_.on_report(now);
  }
  if (std::exchange(early_data_lost_, false)) {
    resend_early_data();
  }
  if (!established_) {
    shared_.stats.tickets_refused = shared_.tls.tickets_refused();
  }
  if (error != 0) {
    fail(now, error);
  }
}

void Connection::on_timeout(Instant now) {
  QE_DASSERT(!ended_);
  now_ = now;
  expired_at_ = now;
  // Not for the pacing timer: ngtcp2 would take it for a lack of data.
  probing_ = now - last_received_ >= duration_from_native(ngtcp2_conn_get_pto(native_.get()));
  if (const int error = ngtcp2_conn_handle_expiry(native_.get(), to_native(now)); error != 0) {
    fail(now, error);
  }
}

// ---- End ----------------------------------------------------------------------------------------

Duration Connection::closing_period() const noexcept {
  return 3 * duration_from_native(ngtcp2_conn_get_pto(native_.get()));  // RFC 9000 section 10.2
}

void Connection::end(Ending::Kind kind, CloseReason reason) {
  Ending ending;
  ending.kind = kind;
  ending.reason = std::move(reason);
  if (kind == Ending::Kind::drain || kind == Ending::Kind::close) {
    ending.period = closing_period();
  }
  ended_ = std::move(ending);
}

void Connection::end_with_packet(Instant now, const ngtcp2_ccerr& error, CloseReason reason) {
  ByteVector packet(packet_bytes_max());
  const auto written = ngtcp2_conn_write_connection_close(native_.get(),
                                                          out_path_.get(),
                                                          &out_info_,
                                                          packet.data(),
                                                          packet.size(),
                                                          &error,
                                                          to_native(now));
  if (written <= 0) {
    end(Ending::Kind::forget, std::move(reason));  // nothing was ever sent, or nothing may be
    return;
  }
  packet.resize(static_cast<std::size_t>(written));
  packet.shrink_to_fit();
  end(Ending::Kind::close, std::move(reason));
  ended_->packet = std::move(packet);
  ended_->route = {quic::local_address(*out_path_.get()), quic::remote_address(*out_path_.get())};
}

void Connection::fail(Instant now, int error) {
  switch (error) {
    case NGTCP2_ERR_DRAINING:
      end(Ending::Kind::drain,
          reset_received_ ? CloseReason{errc::stateless_reset}
                          : reason_of_peer(*ngtcp2_conn_get_ccerr(native_.get())));
      return;
    case NGTCP2_ERR_DROP_CONN:
      end(Ending::Kind::never_began, {});
      return;
    case NGTCP2_ERR_RETRY:
      end(Ending::Kind::retry, {});
      return;
    case NGTCP2_ERR_IDLE_CLOSE:
    case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
    case NGTCP2_ERR_RECV_VERSION_NEGOTIATION:
      end(Ending::Kind::forget, reason_of_library(error, established_));
      return;
    default:
      break;
  }
  ngtcp2_ccerr report;
  ngtcp2_ccerr_default(&report);
  if (refusal_) {
    end_with_packet(now, refusal_->report, std::move(refusal_->reason));
    return;
  }
  const auto alert = ngtcp2_conn_get_tls_alert(native_.get());
  if (error == NGTCP2_ERR_CRYPTO) {
    ngtcp2_ccerr_set_tls_alert(&report, alert, nullptr, 0);
    end_with_packet(now, report, reason_of_tls(tls_.failure(), alert));
    return;
  }
  ngtcp2_ccerr_set_liberr(&report, error, nullptr, 0);
  end_with_packet(now, report, reason_of_library(error, established_));
}

// TLS took the certificate of a resumed session from a ticket, and it does not pass now.
void Connection::refuse_peer() {
  auto failure = tls_.failure();
  refusal_ = Refusal{{failure.code, 0, std::move(failure.detail)}};
  ngtcp2_ccerr_default(&refusal_->report);
  ngtcp2_ccerr_set_tls_alert(&refusal_->report, kBadCertificate, nullptr, 0);
}

void Connection::close(Instant now, std::uint64_t application_code, std::string_view reason) {
  QE_DASSERT(!ended_);
  now_ = now;
  const auto phrase = as_bytes(reason.substr(0, kReasonBytesMax));
  ngtcp2_ccerr report;
  ngtcp2_ccerr_default(&report);
  ngtcp2_ccerr_set_application_error(&report, application_code, phrase.data(), phrase.size());
  end_with_packet(
      now, report, CloseReason{errc::closed_locally, application_code, std::string{reason}});
}

// ---- Paths and numbers --------------------------------------------------------------------------

result<void> Connection::migrate(Instant now, const SocketAddress& local) {
  now_ = now;
  if (role_ == Role::server) {
    return errc::unsupported;
  }
  const auto remote = quic::remote_address(*ngtcp2_conn_get_path(native_.get()));
  if (local.address.is_unspecified() || local.address.is_v4() != remote.address.is_v4()) {
    return errc::invalid_argument;
  }
  // What is the right address now replaces one that was a moment ago, and may lead nowhere.
  if (!confirmed_ || (migrating_ && local.address == migration_target_)) {
    return errc::would_block;
  }
  const NativePath path{local.address, remote};
  const int error = ngtcp2_conn_initiate_migration(native_.get(), path.get(), to_native(now));
  switch (error) {
    case 0:
      migrating_ = true;
      migration_target_ = local.address;
      train_local_ = {};  // path_of() has to decide again
      return {};
    case NGTCP2_ERR_INVALID_ARGUMENT:
      return {};  // it is there already
    case NGTCP2_ERR_CONN_ID_BLOCKED:
      return errc::would_block;
    default:
      return errc::unsupported;  // the peer forbids it
  }
}

SocketAddress Connection::remote() const noexcept {
  return remote_address(*ngtcp2_conn_get_path(native_.get()));
}

ConnectionStats Connection::stats() const {
  ngtcp2_conn_info info{};
  ngtcp2_conn_get_conn_info(native_.get(), &info);
  const auto* const path = ngtcp2_conn_get_path(native_.get());
  const auto* const peer = ngtcp2_conn_get_remote_transport_params(native_.get());
  ConnectionStats stats;
  stats.role = role_;
  stats.local = quic::local_address(*path);
  if (stats.local.address.is_unspecified()) {
    stats.local = local_seen_;
  }
  stats.local.port = local_seen_.port;
  stats.remote = remote();
  stats.smoothed_rtt = duration_from_native(info.smoothed_rtt);
  stats.min_rtt = info.min_rtt == UINT64_MAX ? Duration{} : duration_from_native(info.min_rtt);
  stats.pto = duration_from_native(ngtcp2_conn_get_pto(native_.get()));
  stats.congestion_window = info.cwnd;
  stats.bytes_in_flight = info.bytes_in_flight;
  stats.packets_sent = packets_sent_;
  stats.packets_received = packets_received_;
  stats.packets_lost = packets_lost_;
  stats.bytes_sent = bytes_sent_;
  stats.bytes_received = bytes_received_;
  stats.datagrams_dropped = datagrams_dropped_ + waiting_.dropped();
  // ngtcp2 derives the next keys a little after it has begun to use the last ones.
  stats.key_updates = std::max(keys_renewed_, keys_derived_ == 0 ? 0 : keys_derived_ - 1);
  stats.datagram_payload_max = datagram_payload_max();
  stats.path_mtu_settled =
      confirmed_ && mtu_watch_.settled(now_,
                                       ngtcp2_conn_get_path_max_tx_udp_payload_size(native_.get()),
                                       peer == nullptr ? 0 : peer->max_udp_payload_size);
  stats.last_received = last_received_;
  return stats;
}

}  // namespace quicether::quic
