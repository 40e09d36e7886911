#include "claim_keeper.hpp"

#include <utility>

namespace quicether::detail {

ClaimKeeper::ClaimKeeper(Environment& environment,
                         const Identity& identity,
                         std::shared_ptr<const ListStore> store,
                         record::Topic topic,
                         const record::ClaimListsConfig& config,
                         ClaimHandler on_claim)
    : environment_{environment},
      store_{std::move(store)},
      lists_{
          config, store_->records(), std::move(topic), identity.key_pair(), environment.random()},
      on_claim_{std::move(on_claim)} {}

void ClaimKeeper::tick() {
  lists_.on_timeout(environment_.now(), environment_.unix_time());
  pump();
}

void ClaimKeeper::look_again() {
  lists_.look_again(environment_.now());
}

void ClaimKeeper::withdraw() {
  lists_.withdraw(environment_.now());
}

void ClaimKeeper::pump() {
  while (const auto request = lists_.poll_request()) {
    if (const auto* wanted = std::get_if<record::ReadList>(&*request)) {
      read(*wanted);
    } else {
      write(std::get<record::WriteList>(*request));
    }
  }
  while (const auto claim = lists_.poll_claim()) {
    on_claim_(*claim);
  }
}

void ClaimKeeper::read(const record::ReadList& request) {
  store_->read(request,
               [weak = weak_from_this(), list = request.list](
                   error_code error, const std::optional<record::StoredList>& stored) {
                 if (const auto self = weak.lock()) {
                   const bool answered = !error || error == errc::not_found;
                   self->lists_.on_read(self->environment_.now(), list, stored, answered);
                   self->pump();
                 }
               });
}

void ClaimKeeper::write(const record::WriteList& request) {
  store_->write(request, [weak = weak_from_this()](error_code error) {
    if (const auto self = weak.lock()) {
      self->lists_.on_written(self->environment_.now(), !error);
      self->pump();
    }
  });
}

}  // namespace quicether::detail
