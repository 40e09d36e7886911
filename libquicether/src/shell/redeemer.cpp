#include "redeemer.hpp"

#include <quicether/core/crypto/node_address.hpp>

#include <utility>

namespace quicether::detail {

namespace {

constexpr Duration kStagger = std::chrono::milliseconds{250};
constexpr Duration kLimit = std::chrono::seconds{15};

}  // namespace

Redeemer::Redeemer(Environment& environment, Transport& transport, const record::Invite& invite)
    : environment_{environment},
      transport_{transport},
      invite_{invite},
      stagger_{environment.make_timer()},
      limit_{environment.make_timer()} {}

void Redeemer::start(Environment& environment,
                     Transport& transport,
                     const record::Invite& invite,
                     Handler handler) {
  const auto self = std::make_shared<Redeemer>(environment, transport, invite);
  self->waiter_.suspend(std::move(handler), [] {});
  self->limit_->async_wait(environment.now() + kLimit, [self](error_code error) {
    if (!error) {
      self->finish(errc::timed_out, {});
    }
  });
  self->dial_next();
}

void Redeemer::dial_next() {
  if (!waiter_.waiting() || next_ == invite_.endpoints.size()) {
    return;
  }
  node::DialOptions options;
  options.remote = invite_.endpoints[next_++];
  options.expected_id = crypto::node_id(invite_.inviter);
  options.expected_key = invite_.inviter;
  options.redeem = node::RedeemOptions{invite_.token};
  transport_.async_redeem(options,
                          [self = shared_from_this()](error_code error, const wire::Grant& grant) {
                            self->on_answer(error, grant);
                          });
  stagger_->async_wait(environment_.now() + kStagger,
                       [self = shared_from_this()](error_code error) {
                         if (!error) {
                           self->dial_next();
                         }
                       });
}

void Redeemer::on_answer(error_code error, const wire::Grant& grant) {
  ++answered_;
  if (!error || record::is_refusal(error) || answered_ == invite_.endpoints.size()) {
    finish(error, grant);
  } else if (answered_ == next_) {
    stagger_->cancel();
    dial_next();
  }
}

void Redeemer::finish(error_code error, wire::Grant grant) {
  if (!waiter_.waiting()) {
    return;
  }
  stagger_->cancel();
  limit_->cancel();
  waiter_.complete(environment_.get_executor(), error, std::move(grant));
}

}  // namespace quicether::detail
