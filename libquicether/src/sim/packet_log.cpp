#include <quicether/sim/host.hpp>
#include <quicether/sim/packet_log.hpp>
#include <quicether/sim/simulation.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace quicether::sim {

struct PacketLog::Ring {
  struct Entry {
    DatagramEvent event{};  // its payload is not valid; the copy below is
    ByteVector payload{};
    const Host* from = nullptr;
    const Host* to = nullptr;
  };

  void add(const DatagramEvent& event);
  [[nodiscard]] std::string describe(const Entry& entry) const;

  Network* network;
  std::vector<Entry> entries;
  Label label;
  std::size_t added = 0;
};

PacketLog::PacketLog(Network& network, std::size_t capacity, Label label)
    : ring_{std::make_shared<Ring>()} {
  ring_->network = &network;
  ring_->entries.resize(std::max<std::size_t>(capacity, 1));
  ring_->label = std::move(label);
  // The network keeps its observers for good; this one does nothing once the log is gone.
  network.observe([weak = std::weak_ptr<Ring>{ring_}](const DatagramEvent& event) {
    if (const auto ring = weak.lock()) {
      ring->add(event);
    }
  });
}

PacketLog::~PacketLog() = default;

void PacketLog::Ring::add(const DatagramEvent& event) {
  if (event.fate == Fate::sent) {
    return;  // its other fate says more
  }
  Entry& entry = entries[added % entries.size()];
  ++added;
  entry.event = event;
  entry.payload.assign(event.payload.begin(), event.payload.end());
  entry.from = network->owner(event.source.address);
  entry.to = network->owner(event.destination.address);
}

std::string PacketLog::Ring::describe(const Entry& entry) const {
  const DatagramEvent& event = entry.event;
  const auto since_start = std::chrono::duration<double>(event.time - Simulation::kStart);
  std::string text = fmt::format("{:.6f} ", since_start.count());
  text += label ? label(entry.payload) : fmt::format("{} B", entry.payload.size());
  if (event.fate != Fate::delivered) {
    text.append(" ").append(to_string(event.fate));
  }
  text += event.corrupted ? " corrupted" : "";
  text += event.duplicate ? " duplicate" : "";
  return text;
}

std::string PacketLog::to_mermaid() const {
  // Participants get short ids: names may hold characters that Mermaid gives a meaning.
  std::vector<std::string> names;
  const auto id_of = [&names](const Host* host, const SocketAddress& address) {
    const std::string name = host != nullptr ? host->name() : address.address.to_string();
    auto found = std::ranges::find(names, name);
    if (found == names.end()) {
      found = names.insert(names.end(), name);
    }
    return found - names.begin();
  };
  std::string arrows;
  const std::size_t capacity = ring_->entries.size();
  const std::size_t first = ring_->added > capacity ? ring_->added - capacity : 0;
  for (std::size_t i = first; i < ring_->added; ++i) {
    const Ring::Entry& entry = ring_->entries[i % capacity];
    const auto from = id_of(entry.from, entry.event.source);
    const auto to = id_of(entry.to, entry.event.destination);
    const char* arrow = entry.event.fate == Fate::delivered ? "->>" : "-x";
    arrows += fmt::format("  p{}{}p{}: {}\n", from, arrow, to, ring_->describe(entry));
  }
  std::string diagram = "sequenceDiagram\n";
  for (std::size_t i = 0; i < names.size(); ++i) {
    diagram += fmt::format("  participant p{} as {}\n", i, names[i]);
  }
  return diagram + arrows;
}

}  // namespace quicether::sim
