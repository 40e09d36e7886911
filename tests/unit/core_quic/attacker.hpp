#ifndef QUICETHER_TESTS_UNIT_CORE_QUIC_ATTACKER_HPP
#define QUICETHER_TESTS_UNIT_CORE_QUIC_ATTACKER_HPP

#include "core/quic/native_path.hpp"
#include "core/quic/native_time.hpp"
#include "core/quic/tls_glue.hpp"
#include "unit/core_quic/world.hpp"

#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>

namespace quicether::quic::test {

/// A client with a valid key that says what no client should: a bare ngtcp2 connection whose
/// packets get other frames, right before they are encrypted.
class Attacker {
 public:
  Attacker(World& world, Node& victim)
      : world_{world},
        victim_{victim},
        key_{crypto::KeyPair::generate(random_)},
        tls_{crypto::make_credentials(key_), tls_options()} {
    configure_for_quic(tls_);
    tls_.set_time(kWallClock);
    reference_.get_conn = [](ngtcp2_crypto_conn_ref* reference) {
      return static_cast<ngtcp2_conn*>(reference->user_data);
    };
    world_.filter = [this](const Node&, const SocketAddress& to, ByteVector& bytes) {
      if (to != address) {
        return true;
      }
      bytes_back += bytes.size();
      inbox_.push_back(bytes);
      return false;
    };
  }

  Attacker(const Attacker&) = delete;
  Attacker& operator=(const Attacker&) = delete;

  ~Attacker() {
    world_.filter = {};
    ngtcp2_conn_del(native_);
  }

  /// Begins a handshake; `client_hello`, when not empty, is sent instead of TLS's own. A second
  /// one resumes the first, and offers early data when the victim allowed it.
  void begin(const ByteVector& client_hello = {}) {
    ngtcp2_conn_del(std::exchange(native_, nullptr));
    closed_ = false;
    session_.emplace(
        tls_, crypto::TlsRole::client, crypto::TlsExpectation{victim_.id(), {}}, &reference_);
    if (!client_hello.empty()) {
      // CRYPTO at offset 0 (RFC 9000 section 19.6), in the first packet that is encrypted.
      forged_ = {0x06,
                 0,
                 static_cast<std::uint8_t>(0x40U | (client_hello.size() >> 8U)),
                 static_cast<std::uint8_t>(client_hello.size() & 0xffU)};
      forged_.insert(forged_.end(), client_hello.begin(), client_hello.end());
    }
    ngtcp2_settings settings;
    ngtcp2_settings_default(&settings);
    settings.initial_ts = to_native(world_.now());
    settings.rand_ctx.native_handle = &random_;
    ngtcp2_transport_params parameters;
    ngtcp2_transport_params_default(&parameters);
    parameters.initial_max_streams_bidi = 100;
    parameters.initial_max_data = 1U << 20U;
    parameters.initial_max_stream_data_bidi_remote = 1U << 20U;
    parameters.initial_max_stream_data_bidi_local = 1U << 20U;
    parameters.max_datagram_frame_size = 65535;
    parameters.active_connection_id_limit = 7;
    const auto callbacks = make_callbacks();
    ngtcp2_cid dcid{};
    ngtcp2_cid scid{};
    const ByteVector own{9, 9, 9, 9, 9, 9, 9, 9};
    const ByteVector peer{7, 7, 7, 7, 7, 7, 7, 7};
    ngtcp2_cid_init(&dcid, peer.data(), peer.size());
    ngtcp2_cid_init(&scid, own.data(), own.size());
    const int failed = ngtcp2_conn_client_new(&native_,
                                              &dcid,
                                              &scid,
                                              path_.get(),
                                              NGTCP2_PROTO_VER_V1,
                                              &callbacks,
                                              &settings,
                                              &parameters,
                                              nullptr,
                                              this);
    QE_ASSERT(failed == 0);
    reference_.user_data = native_;
    ngtcp2_conn_set_tls_native_handle(native_, session_->native());
    if (const auto note = session_->early_data_note(); !note.empty()) {
      QE_ASSERT(
          ngtcp2_conn_decode_and_set_0rtt_transport_params(native_, note.data(), note.size()) == 0);
      session_->offer_early_data();
    }
  }

  /// Sends what QUIC has to say by itself: the ClientHello, at first.
  void write() {
    std::array<std::uint8_t, 1500> out{};
    ngtcp2_pkt_info info{};
    for (;;) {
      const auto written = ngtcp2_conn_write_pkt(
          native_, nullptr, &info, out.data(), out.size(), to_native(world_.now()));
      if (written <= 0) {
        return;
      }
      world_.inject(address, victim_.address, {out.begin(), out.begin() + written});
    }
  }

  /// Lets time pass, with this client taking part.
  void run(Duration duration) {
    const auto end = world_.now() + duration;
    while (world_.now() < end) {
      write();
      world_.run_for(milliseconds{2});
      read();
    }
  }

  [[nodiscard]] bool connected() const { return ngtcp2_conn_get_handshake_completed(native_) != 0; }

  /// True when the victim closed the connection.
  [[nodiscard]] bool closed() const { return closed_; }

  /// The code that it closed with.
  [[nodiscard]] std::uint64_t error() const { return ngtcp2_conn_get_ccerr(native_)->error_code; }

  /// Sends a 1-RTT packet, or a 0-RTT packet before the handshake is complete, with these frames
  /// and nothing else. At most 1100 bytes.
  void send_frames(const ByteVector& frames) {
    forged_ = frames;
    const ByteVector carrier(1110);
    std::array<std::uint8_t, 1500> out{};
    ngtcp2_pkt_info info{};
    int accepted = 0;
    // The window of an attacker is what it wants it to be: past it, the carrier is a probe.
    const auto written = ngtcp2_conn_write_datagram(native_,
                                                    nullptr,
                                                    &info,
                                                    out.data(),
                                                    out.size(),
                                                    &accepted,
                                                    NGTCP2_WRITE_DATAGRAM_FLAG_NONE,
                                                    0,
                                                    carrier.data(),
                                                    carrier.size(),
                                                    to_native(world_.now()));
    if (written > 0) {
      world_.inject(address, victim_.address, {out.begin(), out.begin() + written});
      sent_forged += accepted != 0 && forged_.empty() ? 1U : 0U;
    }
    forged_.clear();
  }

  SocketAddress address{SocketAddress::parse("203.0.113.66:6666").value()};
  std::size_t bytes_back = 0;
  std::size_t sent_forged = 0;

 private:
  static crypto::TlsOptions tls_options() {
    crypto::TlsOptions options;
    options.alpn = "qether/1";
    options.early_data = true;
    return options;
  }

  static Attacker& of(void* user) { return *static_cast<Attacker*>(user); }

  [[nodiscard]] ngtcp2_callbacks make_callbacks() {
    ngtcp2_callbacks callbacks{};
    set_crypto_callbacks(callbacks);
    current_ = this;
    callbacks.encrypt = forge;
    callbacks.rand = [](std::uint8_t* out, std::size_t size, const ngtcp2_rand_ctx* context) {
      static_cast<Random*>(context->native_handle)->fill({out, size});
    };
    callbacks.get_new_connection_id =
        [](ngtcp2_conn*, ngtcp2_cid* cid, std::uint8_t* token, std::size_t size, void* user) {
          std::array<std::uint8_t, NGTCP2_MAX_CIDLEN> bytes{};
          of(user).random_.fill(bytes);
          of(user).random_.fill({token, NGTCP2_STATELESS_RESET_TOKENLEN});
          ngtcp2_cid_init(cid, bytes.data(), size);
          return 0;
        };
    callbacks.handshake_completed = [](ngtcp2_conn* native, void* user) {
      std::array<std::uint8_t, 256> note{};
      const auto size = ngtcp2_conn_encode_0rtt_transport_params(native, note.data(), note.size());
      QE_ASSERT(size > 0);
      of(user).session_->set_ticket_note(ConstBytes{note}.first(static_cast<std::size_t>(size)));
      return 0;
    };
    callbacks.update_key = ngtcp2_crypto_update_key_cb;
    callbacks.get_path_challenge_data = [](ngtcp2_conn*, std::uint8_t* data, void* user) {
      of(user).random_.fill({data, NGTCP2_PATH_CHALLENGE_DATALEN});
      return 0;
    };
    return callbacks;
  }

  // The cipher callback is told no connection: there is one attacker at a time.
  static int forge(std::uint8_t* out,
                   const ngtcp2_crypto_aead* aead,
                   const ngtcp2_crypto_aead_ctx* context,
                   const std::uint8_t* plaintext,
                   std::size_t plaintext_size,
                   const std::uint8_t* nonce,
                   std::size_t nonce_size,
                   const std::uint8_t* associated,
                   std::size_t associated_size) {
    ByteVector frames{plaintext, plaintext + plaintext_size};
    auto& forged = current_->forged_;
    if (!forged.empty() && forged.size() <= frames.size()) {
      std::ranges::fill(frames, std::uint8_t{0});  // PADDING
      std::ranges::copy(forged, frames.begin());
      forged.clear();
    }
    return ngtcp2_crypto_encrypt_cb(out,
                                    aead,
                                    context,
                                    frames.data(),
                                    frames.size(),
                                    nonce,
                                    nonce_size,
                                    associated,
                                    associated_size);
  }

  void read() {
    const auto packets = std::exchange(inbox_, {});
    for (const auto& packet : packets) {
      const int error = ngtcp2_conn_read_pkt(
          native_, path_.get(), nullptr, packet.data(), packet.size(), to_native(world_.now()));
      closed_ = closed_ || error == NGTCP2_ERR_DRAINING;
    }
    if (!closed_ && ngtcp2_conn_get_expiry(native_) <= to_native(world_.now())) {
      (void)ngtcp2_conn_handle_expiry(native_, to_native(world_.now()));
    }
  }

  static inline Attacker* current_ = nullptr;

  World& world_;
  Node& victim_;
  SeededRandom random_{4242};
  crypto::KeyPair key_;
  crypto::TlsContext tls_;
  ngtcp2_crypto_conn_ref reference_{};
  std::optional<crypto::TlsSession> session_{};
  NativePath path_{address.address, victim_.address};
  ngtcp2_conn* native_ = nullptr;
  ByteVector forged_{};
  std::vector<ByteVector> inbox_{};
  bool closed_ = false;
};

}  // namespace quicether::quic::test

#endif  // QUICETHER_TESTS_UNIT_CORE_QUIC_ATTACKER_HPP
