#ifndef QUICETHER_MGMT_STATUS_SOURCE_HPP
#define QUICETHER_MGMT_STATUS_SOURCE_HPP

#include <quicether/status.hpp>

#include <vector>

namespace quicether::mgmt {

/// Where snapshots of a node come from. Called on the Environment's thread.
class StatusSource {
 public:
  StatusSource() = default;
  StatusSource(const StatusSource&) = delete;
  StatusSource& operator=(const StatusSource&) = delete;
  virtual ~StatusSource() = default;

  [[nodiscard]] virtual NodeStatus status() = 0;
  [[nodiscard]] virtual std::vector<PeerStatus> peers() = 0;
};

}  // namespace quicether::mgmt

#endif  // QUICETHER_MGMT_STATUS_SOURCE_HPP
