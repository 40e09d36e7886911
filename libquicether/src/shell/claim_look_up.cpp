#include "claim_look_up.hpp"

#include <algorithm>
#include <utility>

namespace quicether::detail {

ClaimLookUp::ClaimLookUp(std::shared_ptr<const ListStore> store,
                         const record::Topic& topic,
                         Handler handler)
    : store_{std::move(store)}, reader_{store_->records(), topic}, handler_{std::move(handler)} {}

void ClaimLookUp::start(std::shared_ptr<const ListStore> store,
                        const record::Topic& topic,
                        UnixSeconds now,
                        Handler handler) {
  const std::shared_ptr<ClaimLookUp> self{
      new ClaimLookUp{std::move(store), topic, std::move(handler)}};
  self->reader_.begin(now);
  self->pump();
}

void ClaimLookUp::pump() {
  while (!error_) {
    const auto request = reader_.poll_request();
    if (!request) {
      break;
    }
    ++running_;
    store_->read(*request,
                 [self = shared_from_this(), list = request->list](
                     error_code error, const std::optional<record::StoredList>& stored) {
                   self->on_read(list, error, stored);
                 });
  }
}

void ClaimLookUp::on_read(std::size_t list,
                          error_code error,
                          const std::optional<record::StoredList>& stored) {
  const bool answered = !error || error == errc::not_found;
  if (!answered && !error_) {
    error_ = error;
  }
  reader_.on_read(list, stored, answered);
  --running_;
  pump();
  if (running_ == 0) {
    finish();
  }
}

void ClaimLookUp::finish() {
  std::vector<record::Claim> claims;
  for (const auto& [number, list] : reader_.lists()) {
    claims.insert(claims.end(), list.claims.begin(), list.claims.end());
  }
  // A claim that moves between lists may be in two of them.
  std::ranges::sort(claims, [](const record::Claim& one, const record::Claim& other) {
    return std::pair{one.owner, -one.made_at} < std::pair{other.owner, -other.made_at};
  });
  const auto repeated = std::ranges::unique(claims, {}, &record::Claim::owner);
  claims.erase(repeated.begin(), repeated.end());
  std::erase_if(claims, [](const record::Claim& claim) { return claim.is_withdrawal(); });
  std::move(handler_)(error_, std::move(claims));
}

}  // namespace quicether::detail
