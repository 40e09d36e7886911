#include <quicether/sim/datagram_event.hpp>

namespace quicether::sim {

std::string_view to_string(Fate fate) noexcept {
  switch (fate) {
    case Fate::sent:
      return "sent";
    case Fate::delivered:
      return "delivered";
    case Fate::refused:
      return "refused";
    case Fate::lost:
      return "lost";
    case Fate::queue_full:
      return "queue_full";
    case Fate::too_large:
      return "too_large";
    case Fate::link_down:
      return "link_down";
    case Fate::blocked:
      return "blocked";
    case Fate::intercepted:
      return "intercepted";
    case Fate::no_route:
      return "no_route";
    case Fate::no_socket:
      return "no_socket";
    case Fate::buffer_full:
      return "buffer_full";
  }
  return "unknown";
}

}  // namespace quicether::sim
