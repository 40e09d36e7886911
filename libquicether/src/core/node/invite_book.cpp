#include <quicether/base/assert.hpp>
#include <quicether/base/hex.hpp>
#include <quicether/core/crypto/hash.hpp>
#include <quicether/core/node/invite_book.hpp>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace quicether::node {

namespace {

constexpr std::string_view kIdPrefix = "quicether invite id v1";
constexpr std::string_view kProofPrefix = "quicether invite proof v1";

ByteVector join(std::string_view prefix, ConstBytes first, ConstBytes second = {}) {
  ByteVector message{prefix.begin(), prefix.end()};
  message.insert(message.end(), first.begin(), first.end());
  message.insert(message.end(), second.begin(), second.end());
  return message;
}

std::string_view take_word(std::string_view& line) {
  const auto word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(word.size() + 1, line.size()));
  return word;
}

}  // namespace

InviteId invite_id(const InviteToken& token) noexcept {
  const auto digest = crypto::sha256(join(kIdPrefix, token));
  InviteId id{};
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

InviteProof invite_proof(const InviteToken& token,
                         crypto::ExporterView exporter,
                         const PublicKey& redeemer) noexcept {
  return crypto::hmac_sha256(token, join(kProofPrefix, exporter, redeemer.bytes));
}

result<InviteToken> InviteBook::issue(Random& random,
                                      UnixSeconds now,
                                      UnixSeconds lifetime,
                                      bool once) {
  QE_ASSERT(now >= 0 && lifetime >= 1);
  forget_old(now);
  if (invites_.size() >= limits_.invites_max) {
    return errc::limit_reached;
  }
  Entry entry;
  random.fill(entry.token);
  entry.expires = now + lifetime;
  entry.once = once;
  invites_[invite_id(entry.token)] = entry;
  return entry.token;
}

void InviteBook::revoke(const InviteId& id) {
  invites_.erase(id);
}

void InviteBook::forget_old(UnixSeconds now) {
  std::erase_if(invites_, [&](const auto& one) {
    return one.second.expires <= now - std::min(now, limits_.expired_kept);
  });
}

InviteBook::Judgement InviteBook::redeem(Instant now,
                                         UnixSeconds unix_time,
                                         const PublicKey& redeemer,
                                         const InviteId& id,
                                         ConstBytes proof,
                                         crypto::ExporterView exporter) {
  const auto found = invites_.find(id);
  if (found == invites_.end() ||
      !crypto::constant_time_equal(proof, invite_proof(found->second.token, exporter, redeemer))) {
    return refuse(now, errc::invite_unknown);
  }
  auto& invite = found->second;
  const bool again = invite.redeemed_by == redeemer;
  if (invite.expires <= unix_time) {
    return refuse(now, errc::invite_expired);
  }
  if (!invite.once || again) {
    return {};
  }
  if (invite.redeemed_by) {
    return refuse(now, errc::invite_used);
  }
  invite.redeemed_by = redeemer;
  return {{}, true};
}

/// Whoever guesses gets no further than with silence, and cannot fill the log.
InviteBook::Judgement InviteBook::refuse(Instant now, errc reason) {
  const auto burst = limits_.failures_interval * static_cast<Duration::rep>(limits_.failures_burst);
  failures_until_ = std::max(failures_until_, now - burst);
  if (failures_until_ + limits_.failures_interval > now) {
    return {errc::refused_busy, false};
  }
  failures_until_ = failures_until_ + limits_.failures_interval;
  return {reason, false};
}

void InviteBook::undo(const InviteId& id) {
  if (const auto found = invites_.find(id); found != invites_.end()) {
    found->second.redeemed_by.reset();
  }
}

std::string InviteBook::encode() const {
  std::string text;
  for (const auto& [id, invite] : invites_) {
    text += to_hex(invite.token) + ' ' + std::to_string(invite.expires) +
            (invite.once ? " once " : " many ") +
            (invite.redeemed_by ? invite.redeemed_by->to_string() : "-") + '\n';
  }
  return text;
}

result<void> InviteBook::decode(std::string_view text) {
  Entries entries;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    Entry entry;
    const bool token = from_hex(take_word(line), entry.token).has_value();
    const auto expires = take_word(line);
    const auto number =
        std::from_chars(expires.data(), expires.data() + expires.size(), entry.expires);
    const auto kind = take_word(line);
    entry.once = kind == "once";
    if (line != "-") {
      const auto key = PublicKey::parse(line);
      if (!key) {
        return errc::malformed;
      }
      entry.redeemed_by = *key;
    }
    if (!token || number.ec != std::errc{} || number.ptr != expires.data() + expires.size() ||
        (!entry.once && kind != "many")) {
      return errc::malformed;
    }
    if (entries.size() >= limits_.invites_max) {
      return errc::limit_reached;
    }
    entries[invite_id(entry.token)] = entry;
  }
  invites_ = std::move(entries);
  return {};
}

}  // namespace quicether::node
