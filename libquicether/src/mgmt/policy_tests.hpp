#ifndef QUICETHER_SRC_MGMT_POLICY_TESTS_HPP
#define QUICETHER_SRC_MGMT_POLICY_TESTS_HPP

#include "mgmt/toml_document.hpp"

#include <quicether/base/address.hpp>
#include <quicether/core/policy/policy.hpp>
#include <quicether/core/policy/rule.hpp>
#include <quicether/mgmt/config.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace quicether::mgmt {

/// One `[[tests]]` table: what the rules must say about the first packet of a flow.
struct PolicyTest {
  policy::Subject from{};
  IpAddress to{};
  policy::Protocol protocol = policy::Protocol::icmp;
  std::optional<std::uint16_t> port{};  ///< of TCP and UDP
  policy::Action expect = policy::Action::deny;
  std::string name{};
  TextPosition position{};
};

/// Why the policy fails the test, as one clause; nothing when it passes.
///
/// "*" stands for a peer that no rule names, a NodeId prefix for a node of which no rule names more
/// digits, unless `config` has a peer that fits.
[[nodiscard]] std::optional<std::string> failure_of(const PolicyTest& test,
                                                    const policy::Policy& policy,
                                                    const Config& config);

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_POLICY_TESTS_HPP
