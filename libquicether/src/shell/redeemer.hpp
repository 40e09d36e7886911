#ifndef QUICETHER_SRC_SHELL_REDEEMER_HPP
#define QUICETHER_SRC_SHELL_REDEEMER_HPP

#include "waiter.hpp"

#include <quicether/core/record/invite.hpp>
#include <quicether/transport.hpp>

#include <memory>

namespace quicether::detail {

/// Redeems one invite: dials the inviter's addresses one after the other, 250 ms apart (RFC 8305
/// section 5), until one attempt got an answer that counts. That several attempts arrive does no
/// harm: an invite may be redeemed again by the same key.
class Redeemer final : public std::enable_shared_from_this<Redeemer> {
 public:
  using Handler = boost::asio::any_completion_handler<void(error_code, wire::Grant)>;

  /// Completes within 15 s. All references outlive the operation or end it.
  static void start(Environment& environment,
                    Transport& transport,
                    const record::Invite& invite,
                    Handler handler);

  Redeemer(Environment& environment, Transport& transport, const record::Invite& invite);

 private:
  void dial_next();
  void on_answer(error_code error, const wire::Grant& grant);
  void finish(error_code error, wire::Grant grant);

  Environment& environment_;
  Transport& transport_;
  record::Invite invite_;
  std::size_t next_ = 0;  ///< endpoint
  std::size_t answered_ = 0;
  std::unique_ptr<Timer> stagger_;
  std::unique_ptr<Timer> limit_;
  Waiter<wire::Grant> waiter_{};
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_REDEEMER_HPP
