#include "core/quic/stateless.hpp"

#include "core/quic/native_path.hpp"
#include "core/quic/native_time.hpp"

#include <ngtcp2/ngtcp2_crypto.h>

#include <algorithm>

namespace quicether::quic {
namespace {

// Enough for the client to answer a Retry over the slowest path; longer only helps thieves.
constexpr Duration kTokenLifetime = std::chrono::seconds{15};

// A reset looks like a packet with this many bytes before the token; RFC 9000 section 10.3 asks for
// at least 5 and wants it not to be told from others by size.
constexpr std::size_t kResetRandomMin = NGTCP2_MIN_STATELESS_RESET_RANDLEN;
constexpr std::size_t kResetRandomMax = 27;

// Retry, Version Negotiation and refusals are far below.
constexpr std::size_t kReplyBytesMax = 512;

using Reply = std::array<std::uint8_t, kReplyBytesMax>;

}  // namespace

StatelessReplies::StatelessReplies(Shared& shared)
    : shared_{shared},
      budget_{static_cast<double>(shared.config.limits.stateless_replies_per_second)} {
  shared.random.fill(token_secret_);
}

bool StatelessReplies::spend(Instant now) noexcept {
  const auto rate = static_cast<double>(shared_.config.limits.stateless_replies_per_second);
  const std::chrono::duration<double> elapsed = now - counted_;
  budget_ = std::min(rate, budget_ + rate * std::max(0.0, elapsed.count()));
  counted_ = now;
  if (budget_ < 1.0) {
    return false;
  }
  budget_ -= 1.0;
  return true;
}

void StatelessReplies::send(const ReceivedTrain& from, std::span<const std::uint8_t> packet) {
  const auto out = shared_.transmit.prepare(packet.size());
  if (!out.empty()) {
    std::ranges::copy(packet, out.begin());
    shared_.transmit.commit({from.local, from.remote}, packet.size());
  }
}

void StatelessReplies::negotiate_version(Instant now,
                                         const ReceivedTrain& from,
                                         const ngtcp2_version_cid& ids) {
  if (!spend(now)) {
    return;
  }
  static constexpr std::array<std::uint32_t, 1> kVersions{NGTCP2_PROTO_VER_V1};
  Reply reply;
  const auto unused = static_cast<std::uint8_t>(shared_.random.below(256));
  const auto written = ngtcp2_pkt_write_version_negotiation(reply.data(),
                                                            reply.size(),
                                                            unused,
                                                            ids.scid,
                                                            ids.scidlen,
                                                            ids.dcid,
                                                            ids.dcidlen,
                                                            kVersions.data(),
                                                            kVersions.size());
  if (written > 0) {  // it fails when the ids are longer than any version has them
    ++shared_.stats.version_negotiations_sent;
    send(from, std::span{reply}.first(static_cast<std::size_t>(written)));
  }
}

void StatelessReplies::reset(Instant now, const ReceivedTrain& from, ConstBytes packet) {
  // Smaller than its cause, so that two nodes cannot reset each other for ever.
  if (packet.size() <= kResetRandomMin + std::tuple_size_v<ResetToken> || !spend(now)) {
    return;
  }
  const auto token = shared_.cids.reset_token(packet.subspan(1, kOwnCidBytes));
  const auto random_bytes = std::min(packet.size() - 1 - token.size(), kResetRandomMax);
  std::array<std::uint8_t, kResetRandomMax> random{};
  Reply reply;
  ngtcp2_ssize written = 0;
  do {
    shared_.random.fill(std::span{random}.first(random_bytes));
    written = ngtcp2_pkt_write_stateless_reset(
        reply.data(), reply.size(), token.data(), random.data(), random_bytes);
  } while (looks_like_dht(reply));
  if (written > 0) {
    ++shared_.stats.stateless_resets_sent;
    send(from, std::span{reply}.first(static_cast<std::size_t>(written)));
  }
}

void StatelessReplies::refuse(Instant now,
                              const ReceivedTrain& from,
                              const ngtcp2_pkt_hd& header,
                              std::uint64_t transport_error) {
  if (!spend(now)) {
    return;
  }
  Reply reply;
  const auto written = ngtcp2_crypto_write_connection_close(reply.data(),
                                                            reply.size(),
                                                            header.version,
                                                            &header.scid,
                                                            &header.dcid,
                                                            transport_error,
                                                            nullptr,
                                                            0);
  if (written > 0) {
    send(from, std::span{reply}.first(static_cast<std::size_t>(written)));
  }
}

void StatelessReplies::retry(Instant now,
                             const SocketAddress& local,
                             const SocketAddress& remote,
                             const ngtcp2_pkt_hd& header) {
  const NativePath path{local.address, remote};
  const auto chosen = shared_.cids.make();
  ngtcp2_cid retry_scid;
  ngtcp2_cid_init(&retry_scid, chosen.bytes.data(), chosen.bytes.size());
  std::array<std::uint8_t, NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN2> token{};
  const auto token_bytes = ngtcp2_crypto_generate_retry_token2(token.data(),
                                                               token_secret_.data(),
                                                               token_secret_.size(),
                                                               header.version,
                                                               path.get()->remote.addr,
                                                               path.get()->remote.addrlen,
                                                               &retry_scid,
                                                               &header.dcid,
                                                               to_native(now));
  if (token_bytes < 0) {
    return;
  }
  Reply reply;
  const auto written = ngtcp2_crypto_write_retry(reply.data(),
                                                 reply.size(),
                                                 header.version,
                                                 &header.scid,
                                                 &retry_scid,
                                                 &header.dcid,
                                                 token.data(),
                                                 static_cast<std::size_t>(token_bytes));
  if (written > 0) {
    ++shared_.stats.retries_sent;
    ReceivedTrain to;
    to.local = local;
    to.remote = remote;
    send(to, std::span{reply}.first(static_cast<std::size_t>(written)));
  }
}

StatelessReplies::Token StatelessReplies::check_token(Instant now,
                                                      const ReceivedTrain& from,
                                                      const ngtcp2_pkt_hd& header,
                                                      ngtcp2_cid& original_dcid) const {
  if (header.tokenlen == 0 || header.token[0] != NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY2) {
    return Token::absent;  // perhaps of a NEW_TOKEN frame of somebody else
  }
  const NativePath path{from.local.address, from.remote};
  const int outcome = ngtcp2_crypto_verify_retry_token2(&original_dcid,
                                                        header.token,
                                                        header.tokenlen,
                                                        token_secret_.data(),
                                                        token_secret_.size(),
                                                        header.version,
                                                        path.get()->remote.addr,
                                                        path.get()->remote.addrlen,
                                                        &header.dcid,
                                                        to_native(kTokenLifetime),
                                                        to_native(now));
  switch (outcome) {
    case 0:
      return Token::valid;
    case NGTCP2_CRYPTO_ERR_UNREADABLE_TOKEN:
      return Token::absent;  // of this node before it restarted
    default:
      return Token::invalid;
  }
}

}  // namespace quicether::quic
