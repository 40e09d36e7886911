#include "core/quic/connection.hpp"
#include "core/quic/datagram_id.hpp"

#include <quicether/base/assert.hpp>

#include <array>
#include <string_view>
#include <utility>

// Early data (RFC 9001 section 4.6): DATAGRAM frames in the first flight of a resumed connection,
// and in the server's answer to it. Streams wait for the handshake: a node proves there who it is.

namespace quicether::quic {
namespace {

// Raised when early data of an older version means something else: it is refused then.
constexpr std::string_view kEarlyDataVersion = "quicether early data 1";

// What ngtcp2 keeps of the transport parameters: eight numbers as a client, eleven as a server.
using EncodedParameters = std::array<std::uint8_t, 256>;

ConstBytes encode_parameters(ngtcp2_conn* native, EncodedParameters& out) {
  const auto written = ngtcp2_conn_encode_0rtt_transport_params(native, out.data(), out.size());
  QE_ASSERT(written > 0);
  return ConstBytes{out}.first(static_cast<std::size_t>(written));
}

}  // namespace

// ---- Both sides ---------------------------------------------------------------------------------

bool Connection::sends_datagrams() const noexcept {
  return established_ || takes_early_data() ||
         (role_ == Role::server && early_data_ == EarlyData::accepted);
}

// ---- The client ---------------------------------------------------------------------------------

bool Connection::takes_early_data() const noexcept {
  return role_ == Role::client && !established_ && early_data_ == EarlyData::offered;
}

void Connection::offer_early_data() {
  const auto parameters = tls_.early_data_note();
  if (parameters.empty() || ngtcp2_conn_decode_and_set_0rtt_transport_params(
                                native_.get(), parameters.data(), parameters.size()) != 0) {
    return;
  }
  tls_.offer_early_data();
  early_data_ = EarlyData::offered;
}

// TLS decides when it writes the ClientHello: it does not offer a ticket that is too old.
void Connection::on_first_flight() noexcept {
  if (early_data_ == EarlyData::offered && !early_key_known_) {
    early_data_ = EarlyData::none;
  }
}

// ngtcp2 writes an Initial packet without padding when the 0-RTT packet behind it will be long
// enough for both, and then leaves that out if the Initial fills the congestion window.
bool Connection::has_room_for_early_data() const noexcept {
  return ngtcp2_conn_get_cwnd_left(native_.get()) > NGTCP2_MAX_UDP_PAYLOAD_SIZE;
}

void Connection::note_early_datagram(std::uint64_t id, const OutgoingDatagram& datagram) {
  EarlyDatagram sent{id, datagram.flow, datagram.more, {}};
  sent.payload.reserve(datagram.header.size() + datagram.body.size());
  sent.payload.assign(datagram.header.begin(), datagram.header.end());
  sent.payload.insert(sent.payload.end(), datagram.body.begin(), datagram.body.end());
  early_datagrams_.push_back(std::move(sent));
}

// Nothing is acknowledged before the handshake is complete, and so only one thing makes ngtcp2 take
// any of them for lost: the server dropped all, because it wants a proof of the address (Retry).
void Connection::resend_early_data() {
  for (const auto& datagram : std::exchange(early_datagrams_, {})) {
    waiting_.push(now_,
                  {{}, datagram.payload, datagram.flow, datagram.more, token_of(datagram.id)});
  }
}

// ngtcp2 forgets the packets without a word. The path has lost none of them: only their senders
// are told.
void Connection::on_early_data_rejected() {
  early_data_ = EarlyData::rejected;
  ++shared_.stats.early_data_rejected;
  for (const auto& datagram : std::exchange(early_datagrams_, {})) {
    report_fate(datagram.id, false);
  }
}

// Those that are under way are reported like all others from now on.
void Connection::settle_early_data() {
  if (early_data_ == EarlyData::offered) {
    early_data_ = EarlyData::accepted;
    ++shared_.stats.early_data_accepted;
  }
  for (auto left = std::exchange(early_datagrams_, {}).size(); left != 0; --left) {
    breaker_.on_sent(now_);
  }
  EncodedParameters parameters{};
  tls_.set_ticket_note(encode_parameters(native_.get(), parameters));
}

// ---- The server ---------------------------------------------------------------------------------

// The peer relies on our old transport parameters while it does not know the new ones.
void Connection::expect_early_data() {
  EncodedParameters buffer{};
  const auto parameters = encode_parameters(native_.get(), buffer);
  ByteVector context{kEarlyDataVersion.begin(), kEarlyDataVersion.end()};
  context.push_back(static_cast<std::uint8_t>(shared_.config.alpn.size()));
  context.insert(context.end(), shared_.config.alpn.begin(), shared_.config.alpn.end());
  context.insert(context.end(), parameters.begin(), parameters.end());
  tls_.set_early_data_context(context);
}

// TLS gives out the keys for early data, if at all, before those for the client's next flight.
bool Connection::on_read_key(ngtcp2_encryption_level level) {
  if (level == NGTCP2_ENCRYPTION_LEVEL_0RTT) {
    return accept_early_data();
  }
  const bool refused = level == NGTCP2_ENCRYPTION_LEVEL_HANDSHAKE && role_ == Role::server &&
                       early_data_ == EarlyData::none && tls_.early_data_offered();
  if (refused) {
    early_data_ = EarlyData::rejected;
    ++shared_.stats.early_data_rejected;
  }
  return true;
}

bool Connection::accept_early_data() {
  const auto agreed = tls_.agreed();
  if (!agreed) {
    refuse_peer();
    return false;
  }
  early_data_ = EarlyData::accepted;
  ++shared_.stats.early_data_accepted;
  shared_.push(handle_,
               EarlyDataAccepted{agreed->peer,
                                 std::string{agreed->group},
                                 std::string{agreed->cipher_suite},
                                 agreed->post_quantum});
  return true;
}

}  // namespace quicether::quic
