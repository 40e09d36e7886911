#include "lan_discovery.hpp"

#include <quicether/core/crypto/node_address.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace quicether::detail {

namespace {

using namespace std::chrono_literals;

/// In 239.255.0.0/16, the IPv4 local scope (RFC 2365 section 6.1): the letters "QE".
const IpAddress kGroupV4 = IpAddress::v4({239, 255, 81, 69});

/// ff12::5145: transient, link-local scope (RFC 4291 section 2.7).
const IpAddress kGroupV6 =
    IpAddress::v6({0xff, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x51, 0x45});

constexpr std::uint16_t kPort = 0x5145;  // 20805

/// Pauses after the first announcements: the network may not be quite there yet.
constexpr std::array<Duration, 3> kFirstPauses = {1s, 3s, 10s};

/// How often one address of a neighbour is handed on before there is a link, and how often at all.
constexpr int kOffersMax = 3;
constexpr Duration kOfferPause = 5s;

/// When it is handed on three times more: something may have changed.
constexpr Duration kOfferSilence = 10min;

/// After a change of the host's network: changes come in bunches. And between announcements.
constexpr Duration kChangeDelay = 200ms;
constexpr Duration kChangePause = 5s;

constexpr std::size_t kNeighboursMax = 1024;
constexpr int kReadsPerTurn = 64;
constexpr std::uint32_t kReadsPerSecond = 100;
constexpr std::uint32_t kReadsBurst = 500;

}  // namespace

LanDiscovery::LanDiscovery(Environment& environment,
                           const LanConfig& config,
                           const record::LanCodec& codec,
                           const PublicKey& self,
                           const SocketAddress& listen,
                           CandidateHandler on_candidate)
    : environment_{environment},
      config_{config},
      codec_{codec},
      self_{self},
      listen_{listen},
      on_candidate_{std::move(on_candidate)},
      timer_{environment.make_timer()},
      readings_{kReadsPerSecond, kReadsBurst} {}

LanDiscovery::~LanDiscovery() {
  if (socket_) {
    socket_->close();
  }
}

void LanDiscovery::open() {
  announce();
  if (auto watch = environment_.watch_network()) {
    watch_ = std::move(*watch);
    watch_network();
  }
}

void LanDiscovery::watch_network() {
  watch_->async_wait([weak = weak_from_this()](error_code error) {
    if (const auto self = weak.lock(); self && !error) {
      self->watch_network();
      self->on_network_changed();
    }
  });
}

/// A network may have appeared, which send() joins. Routes change with every link, so not each
/// change is worth an announcement of its own.
void LanDiscovery::on_network_changed() {
  const auto now = environment_.now();
  const auto soon = std::max(now + kChangeDelay, announced_at_ + kChangePause);
  if (soon < due_) {
    arm_timer(soon);
  }
}

void LanDiscovery::open_socket() {
  LanSocketOptions options;
  options.group_v4 = kGroupV4;
  options.group_v6 = kGroupV6;
  options.port = kPort;
  options.source = listen_.address;
  auto opened = environment_.open_lan_socket(options);
  if (!opened) {
    if (!std::exchange(failed_, true)) {
      environment_.events().on_event(
          {"lan.failed", Severity::warning, {{"reason", opened.error().message()}}});
    }
    return;
  }
  failed_ = false;
  socket_ = std::move(*opened);
  wait_readable();
}

void LanDiscovery::announce() {
  if (!socket_) {
    open_socket();
  }
  if (socket_) {
    sent_ += socket_->send(codec_.encode({self_, listen_.port}, environment_.random()));
  }
  auto pause = announced_ < kFirstPauses.size() ? kFirstPauses[announced_] : config_.interval;
  ++announced_;
  // Up to a tenth less: nodes that started together do not speak together.
  const auto spread = static_cast<std::uint64_t>(pause.count() / 10 + 1);
  pause -= Duration{static_cast<Duration::rep>(environment_.random().below(spread))};
  announced_at_ = environment_.now();
  arm_timer(announced_at_ + pause);
}

void LanDiscovery::arm_timer(Instant due) {
  due_ = due;
  timer_->async_wait(due, [weak = weak_from_this()](error_code error) {
    if (const auto self = weak.lock(); self && !error) {
      self->announce();
    }
  });
}

void LanDiscovery::wait_readable() {
  socket_->wait_readable([weak = weak_from_this()](error_code error) {
    if (const auto self = weak.lock(); self && !error) {
      self->on_readable();
    }
  });
}

void LanDiscovery::on_readable() {
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const auto datagram = socket_->receive();
    if (!datagram) {
      break;
    }
    on_datagram(*datagram);
  }
  wait_readable();
}

void LanDiscovery::on_datagram(const LanDatagram& datagram) {
  ++received_;
  const bool read = readings_.take(environment_.now());
  const auto announcement =
      read ? codec_.decode(datagram.bytes) : result<record::LanAnnouncement>{errc::limit_reached};
  if (!announcement) {
    ++refused_;
  } else if (announcement->key != self_) {
    offer(announcement->key, {datagram.remote.address, announcement->port});
  }
}

void LanDiscovery::offer(const PublicKey& key, const SocketAddress& address) {
  const auto now = environment_.now();
  const auto known = neighbours_.find(key);
  Neighbour neighbour{address, now};
  if (known != neighbours_.end()) {
    const auto& before = known->second;
    const auto silence = now - before.offered;
    const bool same = before.address == address && silence < kOfferSilence;
    neighbour.offers = same ? before.offers : 0;
    if (silence < kOfferPause || neighbour.offers >= kOffersMax) {
      return;
    }
  } else if (neighbours_.size() >= kNeighboursMax) {
    ++refused_;
    return;
  }
  const auto verdict = on_candidate_(key, address);
  if (verdict == Verdict::unwanted) {
    return;
  }
  neighbour.offers = verdict == Verdict::linked ? 0 : neighbour.offers + 1;
  neighbours_[key] = neighbour;
  if (known == neighbours_.end()) {
    environment_.events().on_event(
        {"lan.found",
         Severity::info,
         {{"peer", crypto::node_id(key).to_string()}, {"address", address.to_string()}}});
  }
}

void LanDiscovery::on_link_down(const PublicKey& key) {
  const auto known = neighbours_.find(key);
  if (known != neighbours_.end()) {
    known->second.offered = environment_.now();
    known->second.offers = 1;
    (void)on_candidate_(key, known->second.address);
  }
}

std::vector<std::pair<std::string, std::uint64_t>> LanDiscovery::counters() const {
  return {{"lan.announcements_received", received_},
          {"lan.announcements_refused", refused_},
          {"lan.announcements_sent", sent_}};
}

}  // namespace quicether::detail
