#include "invite_desk.hpp"

#include <quicether/base/hex.hpp>
#include <quicether/core/crypto/hash.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace quicether::detail {

namespace {

constexpr std::string_view kStoreName = "invites";

/// Tells networks apart, also two of one name.
std::string heading_of(const NetworkConfig& network) {
  const auto mark = crypto::hmac_sha256(as_bytes(network.secret), as_bytes(network.name));
  return "network " + to_hex(mark);
}

}  // namespace

void InviteDesk::report(Event event) {
  boost::asio::post(
      environment_.get_executor(),
      [&events = environment_.events(), event = std::move(event)] { events.on_event(event); });
}

std::size_t InviteDesk::size() const {
  const std::lock_guard lock{mutex_};
  return book_.size();
}

void InviteDesk::use(const std::optional<NetworkConfig>& network) {
  const std::lock_guard lock{mutex_};
  network_ = network;
  book_ = node::InviteBook{};
  heading_ = network ? heading_of(*network) : std::string{};
  if (network) {
    load();
  }
}

void InviteDesk::load() {
  const auto bytes = environment_.store().load(kStoreName);
  if (!bytes && bytes.error() == errc::not_found) {
    return;
  }
  auto text = bytes ? as_text(*bytes) : std::string_view{};
  const auto heading = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(heading.size() + 1, text.size()));
  if (bytes && heading != heading_) {
    return;  // of another network
  }
  const auto read = bytes ? book_.decode(text) : result<void>{bytes.error()};
  if (!read) {
    report({"invites.unreadable", Severity::error, {{"reason", read.error().message()}}});
  }
}

result<void> InviteDesk::save() {
  const auto text = heading_ + '\n' + book_.encode();
  auto saved = environment_.store().save(kStoreName, as_bytes(text));
  if (!saved) {
    report({"invites.not_saved", Severity::error, {{"reason", saved.error().message()}}});
  }
  return saved;
}

result<InviteToken> InviteDesk::issue(UnixSeconds lifetime, bool once) {
  const std::lock_guard lock{mutex_};
  const auto token = book_.issue(environment_.random(), environment_.unix_time(), lifetime, once);
  if (!token) {
    return token;
  }
  if (const auto saved = save(); !saved) {
    book_.revoke(node::invite_id(*token));
    return saved.error();
  }
  return token;
}

result<wire::Grant> InviteDesk::redeem(const PublicKey& key,
                                       const wire::Redeem& invite,
                                       crypto::ExporterView exporter) {
  const std::lock_guard lock{mutex_};
  if (!network_) {
    return errc::invite_unknown;
  }
  const auto judgement = book_.redeem(
      environment_.now(), environment_.unix_time(), key, invite.invite, invite.proof, exporter);
  if (judgement.refusal) {
    if (judgement.refusal != errc::refused_busy) {
      report({"invite.refused",
              Severity::warning,
              {{"key", key.to_string()}, {"reason", judgement.refusal.message()}}});
    }
    return judgement.refusal;
  }
  if (judgement.must_be_saved && !save()) {
    book_.undo(invite.invite);
    return errc::refused_busy;
  }
  report({"invite.redeemed", Severity::info, {{"key", key.to_string()}}});
  return wire::Grant{network_->name, network_->secret};
}

}  // namespace quicether::detail
