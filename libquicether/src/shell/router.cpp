#include "lane_table.hpp"
#include "packet_exchange_impl.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/core/route/forwarder.hpp>
#include <quicether/core/route/token_bucket.hpp>
#include <quicether/core/wire/icmp.hpp>
#include <quicether/router.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace quicether {

namespace {

/// Packets handled per read of the TUN and per batch to a peer.
constexpr std::size_t kBatch = 64;

/// Reads of the TUN per wake-up, so that a local flood does not starve the socket.
constexpr int kReadRounds = 4;

/// ICMP errors per second, for both directions together (RFC 1812 section 4.3.2.8 asks for a
/// bound).
constexpr std::uint32_t kIcmpErrorsPerSecond = 100;

/// Smallest MTU of an IPv6 link (RFC 8200 section 5).
constexpr std::size_t kIpv6MtuMin = 1280;

struct RouterStats {
  std::uint64_t tun_to_peer = 0;
  std::uint64_t peer_to_tun = 0;
  std::uint64_t peer_to_peer = 0;
  std::uint64_t icmp_sent = 0;
  std::uint64_t icmp_suppressed = 0;
  std::uint64_t too_large = 0;
  std::uint64_t path_unproven = 0;
  std::uint64_t link_down = 0;
  std::uint64_t denied_outbound = 0;
  std::uint64_t denied_inbound = 0;
  std::uint64_t denied_forwarded = 0;
  std::uint64_t no_tun = 0;
  std::uint64_t queue_full = 0;
  std::uint64_t handed_over = 0;  ///< to another shard
  std::uint64_t shard_busy = 0;
  std::uint64_t lane_unready = 0;  ///< from a lane that this shard was not told of yet
  std::array<std::uint64_t, route::kDropCount> drops{};
  std::array<std::uint64_t, wire::kIpDefectCount> defects{};
};

}  // namespace

class Router::Impl final : public PacketSink,
                           public detail::ParcelListener,
                           public std::enable_shared_from_this<Router::Impl> {
 public:
  Impl(Environment& environment, PathManager& paths, PolicyEngine& policy, RouterConfig config)
      : environment_{environment},
        paths_{paths},
        policy_{policy},
        config_{config},
        flow_seed_{environment.random().next()},
        lanes_{flow_seed_},
        icmp_bucket_{kIcmpErrorsPerSecond, kIcmpErrorsPerSecond},
        denial_timer_{environment.make_timer()},
        drop_events_{{.target = "router.dropped"}} {}

  void attach(TunDevice& tun) {
    tun_ = &tun;
    wait_readable();
  }

  void detach() noexcept { tun_ = nullptr; }

  void join(PacketExchange::Impl& exchange, Shard shard) {
    exchange_ = &exchange;
    shard_ = shard;
    lanes_.join(shard);
    exchange.listen(shard.index, environment_.get_executor(), weak_from_this());
  }

  void on_packets(PeerIndex here, std::span<const wire::IpPacket> packets) override;
  void on_parcels() override;

  [[nodiscard]] route::Forwarder& forwarder() noexcept { return forwarder_; }

  [[nodiscard]] detail::LaneTable& lanes() noexcept { return lanes_; }

  [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> counters() const;

  void set_local_addresses(const std::vector<IpAddress>& addresses) {
    for (const auto& address : addresses) {
      (address.is_v4() ? own_v4_ : own_v6_) = address;
    }
  }

 private:
  /// Packets on their way to one peer.
  struct Outbound {
    std::array<wire::IpPacket, kBatch> packets{};
    std::size_t count = 0;
    PeerIndex peer{};
    PeerIndex here{};  ///< how the PathManager calls the peer
    LinkCapacity capacity{};
  };

  void wait_readable();
  void on_readable();
  void from_tun(const wire::IpPacket& packet, bool placed);
  void from_peer(PeerIndex sender, const wire::IpPacket& packet, bool placed);

  [[nodiscard]] std::size_t home_of(PeerIndex peer) const noexcept {
    return peer.value % shard_.count;
  }

  [[nodiscard]] detail::LaneTable::Judge judge_of(PeerIndex sender,
                                                  const wire::IpPacket& packet,
                                                  const route::Decision& decision) noexcept;
  [[nodiscard]] bool may_send(PeerIndex peer);
  void drop(const route::Decision& decision, std::optional<PeerIndex> sender, ConstBytes packet);
  void to_peer(PeerIndex peer,
               std::optional<PeerIndex> sender,
               const wire::IpPacket& packet,
               const wire::PacketInfo& info);
  void to_tun(const wire::IpPacket& packet);
  void answer(wire::IcmpError error,
              std::optional<PeerIndex> to,
              ConstBytes packet,
              const wire::PacketInfo& info,
              std::size_t mtu = 0);
  [[nodiscard]] static bool may_halve(const LinkCapacity& capacity,
                                      std::size_t bytes,
                                      const wire::PacketInfo& info) noexcept;
  void clamp_mss(const wire::IpPacket& packet,
                 const wire::PacketInfo& info,
                 std::size_t packet_bytes_max);
  void send_outbound();
  void write_inbound();
  void hand_over(const detail::Parcel& parcel, std::size_t shard);
  void wake_others();
  void take_parcel(const detail::Parcel& parcel);
  void take_parcels(detail::PacketRing& ring);
  void end_batch();
  void arm_denial_timer();

  Environment& environment_;
  PathManager& paths_;
  PolicyEngine& policy_;
  RouterConfig config_;
  route::Forwarder forwarder_{};
  const std::uint64_t flow_seed_;  ///< so that nobody can choose flows that share a hash
  detail::LaneTable lanes_;
  route::TokenBucket icmp_bucket_;
  std::unique_ptr<Timer> denial_timer_;
  policy::EventAggregator drop_events_;
  bool denial_timer_armed_ = false;
  TunDevice* tun_ = nullptr;
  PacketExchange::Impl* exchange_ = nullptr;  // unset: the only shard
  Shard shard_{};
  std::array<bool, kShardsMax> to_wake_{};
  std::optional<IpAddress> own_v4_{};
  std::optional<IpAddress> own_v6_{};
  Outbound outbound_{};
  std::array<wire::IpPacket, kBatch> inbound_{};
  std::size_t inbound_count_ = 0;
  std::array<std::uint8_t, wire::kIcmpErrorBytesMax> icmp_buffer_{};
  RouterStats stats_{};
};

// From the TUN.

void Router::Impl::wait_readable() {
  tun_->wait_readable([weak = weak_from_this(), tun = tun_](error_code error) {
    if (const auto self = weak.lock(); self && !error && self->tun_ == tun) {
      self->on_readable();
    }
  });
}

void Router::Impl::on_readable() {
  std::array<wire::IpPacket, kBatch> packets;
  for (int round = 0; round < kReadRounds; ++round) {
    const auto count = tun_->read(packets);
    for (const auto& packet : std::span{packets}.first(count)) {
      from_tun(packet, false);
    }
    end_batch();  // The views end with the next read.
    paths_.flush();
    if (tun_->drained()) {
      break;
    }
  }
  arm_denial_timer();
  wait_readable();
}

void Router::Impl::from_tun(const wire::IpPacket& packet, bool placed) {
  const auto decision = forwarder_.from_tun(packet.bytes);
  if (decision.drop != route::Drop::none) {
    drop(decision, std::nullopt, packet.bytes);
    return;
  }
  const auto peer = decision.to.peer();
  if (!placed) {
    const auto judge = lanes_.judge_of(peer, packet.bytes, decision.info);
    if (judge.shard != shard_.index) {
      hand_over({.errand = detail::Errand::from_tun, .placed = judge.placed, .packet = packet},
                judge.shard);
      return;
    }
  }
  const auto verdict = policy_.check(
      environment_.now(), policy::Party{}, policy::Party{peer}, decision.info, packet.bytes);
  if (!verdict.allowed()) {
    ++stats_.denied_outbound;
    answer(wire::IcmpError::prohibited, std::nullopt, packet.bytes, decision.info);
    return;
  }
  stats_.tun_to_peer += wire::packets_in(packet, decision.info);
  to_peer(peer, std::nullopt, packet, decision.info);
}

// From a peer.

void Router::Impl::on_packets(PeerIndex here, std::span<const wire::IpPacket> packets) {
  const auto peer = lanes_.peer_of(here);
  if (!peer && paths_.is_lane(here)) {
    stats_.lane_unready += packets.size();
    return;
  }
  for (const auto& packet : packets) {
    from_peer(peer.value_or(here), packet, false);
  }
  end_batch();
  arm_denial_timer();
}

void Router::Impl::from_peer(PeerIndex sender, const wire::IpPacket& packet, bool placed) {
  const auto decision = forwarder_.from_peer(sender, packet.bytes);
  if (decision.drop != route::Drop::none) {
    drop(decision, sender, packet.bytes);
    return;
  }
  if (!placed) {
    const auto judge = judge_of(sender, packet, decision);
    if (judge.shard != shard_.index) {
      hand_over({.errand = detail::Errand::from_peer,
                 .sender = sender,
                 .placed = judge.placed,
                 .packet = packet},
                judge.shard);
      return;
    }
  }
  const auto to = decision.to.is_local() ? policy::Party{} : policy::Party{decision.to.peer()};
  const auto verdict =
      policy_.check(environment_.now(), policy::Party{sender}, to, decision.info, packet.bytes);
  if (!verdict.allowed()) {
    ++(to.is_self() ? stats_.denied_inbound : stats_.denied_forwarded);
    answer(wire::IcmpError::prohibited, sender, packet.bytes, decision.info);
    return;
  }
  const auto count = wire::packets_in(packet, decision.info);
  if (decision.to.is_local()) {
    stats_.peer_to_tun += count;
    if (tun_ != nullptr) {
      clamp_mss(packet, decision.info, tun_->mtu());
    }
    to_tun(packet);
    return;
  }
  stats_.peer_to_peer += count;
  wire::decrement_hop_limit(packet.bytes);
  to_peer(decision.to.peer(), sender, packet, decision.info);
}

/// Each flow is judged by one shard, which so knows it: all packets between two peers by the same.
detail::LaneTable::Judge Router::Impl::judge_of(PeerIndex sender,
                                                const wire::IpPacket& packet,
                                                const route::Decision& decision) noexcept {
  if (decision.to.is_local()) {
    return lanes_.judge_of(sender, packet.bytes, decision.info);
  }
  return {home_of(std::min(sender, decision.to.peer())), false};
}

void Router::Impl::drop(const route::Decision& decision,
                        std::optional<PeerIndex> sender,
                        ConstBytes packet) {
  if (decision.drop == route::Drop::defect) {
    ++stats_.defects[static_cast<std::size_t>(decision.defect)];
  } else {
    ++stats_.drops[static_cast<std::size_t>(decision.drop)];
  }
  if (decision.drop == route::Drop::no_route) {
    answer(wire::IcmpError::no_route, sender, packet, decision.info);
  } else if (decision.drop == route::Drop::hop_limit) {
    answer(wire::IcmpError::hop_limit, sender, packet, decision.info);
  } else if (decision.drop == route::Drop::source_not_owned && sender) {
    // Only a peer that misbehaves or is misconfigured does this: the operator is told.
    const auto here = lanes_.here(*sender);
    if (const auto* peer = here ? paths_.peer(*here) : nullptr; peer != nullptr) {
      drop_events_.note(environment_.now(), peer->id, to_string(decision.drop), [&] {
        return policy::EventAggregator::Fields{
            {"source", decision.info.source.to_string()},
            {"destination", decision.info.destination.to_string()}};
      });
    }
  }
}

// Towards a peer.

void Router::Impl::to_peer(PeerIndex peer,
                           std::optional<PeerIndex> sender,
                           const wire::IpPacket& packet,
                           const wire::PacketInfo& info) {
  if (outbound_.count != 0 && outbound_.peer != peer) {
    send_outbound();
  }
  const auto here = lanes_.here(peer);
  if (outbound_.count == 0) {
    outbound_.peer = peer;
    outbound_.here = here.value_or(peer);
    outbound_.capacity = here ? paths_.capacity(*here) : LinkCapacity{};
  }
  const auto& capacity = outbound_.capacity;
  if (!capacity.up && !shard_.has(peer)) {
    hand_over({.errand = detail::Errand::to_peer, .to = peer, .sender = sender, .packet = packet},
              home_of(peer));
    return;
  }
  if (!capacity.up) {
    ++stats_.link_down;
    (void)paths_.send_packets(peer, {});  // Somebody wants to talk to it: dial.
    answer(wire::IcmpError::unreachable, sender, packet.bytes, info);
    return;
  }
  const auto largest = wire::packet_bytes_max(packet, info);
  if (largest > capacity.packet_bytes_max &&
      !(capacity.chunks && wire::is_tcp_super_packet(packet)) &&
      !may_halve(capacity, largest, info)) {
    // While discovery goes on, a smaller figure would stick in the sender's cache for minutes; the
    // packet is lost instead, and its retransmission finds the path proven.
    if (!capacity.settled) {
      ++stats_.path_unproven;
      return;
    }
    ++stats_.too_large;
    // An IPv6 sender takes no figure below 1280 seriously; smaller TCP segments come of clamp_mss.
    const auto mtu = info.version == 4 ? capacity.packet_bytes_max
                                       : std::max(kIpv6MtuMin, capacity.packet_bytes_max);
    answer(wire::IcmpError::packet_too_big, sender, packet.bytes, info, mtu);
    return;
  }
  if (capacity.settled) {
    clamp_mss(packet, info, capacity.packet_bytes_max);
  }
  auto& out = outbound_.packets[outbound_.count++];
  out = packet;
  out.flow = static_cast<std::uint32_t>(wire::flow_hash(wire::order_key(info), flow_seed_));
  if (outbound_.count == kBatch) {
    send_outbound();
  }
}

/// True unless another shard must send what is for the peer.
bool Router::Impl::may_send(PeerIndex peer) {
  const auto here = lanes_.here(peer);
  return here && (shard_.has(peer) || paths_.capacity(*here).up);
}

// In two datagrams a packet costs more than in one, so its sender rather learns a size that fits,
// unless that is not known yet, or the sender could not make use of it: IPv4 without DF (RFC 791
// section 2.3), and IPv6 packets that every link must carry (RFC 8200 section 5).
bool Router::Impl::may_halve(const LinkCapacity& capacity,
                             std::size_t bytes,
                             const wire::PacketInfo& info) noexcept {
  return bytes <= capacity.halved_bytes_max &&
         (!capacity.settled || !info.dont_fragment || (info.version == 6 && bytes <= kIpv6MtuMin));
}

// A SYN comes alone, with a whole checksum.
void Router::Impl::clamp_mss(const wire::IpPacket& packet,
                             const wire::PacketInfo& info,
                             std::size_t packet_bytes_max) {
  if (config_.clamp_mss && !packet.offload.needs_checksum) {
    wire::clamp_mss(packet.bytes, info, static_cast<std::uint32_t>(packet_bytes_max));
  }
}

void Router::Impl::send_outbound() {
  if (outbound_.count == 0) {
    return;
  }
  const auto batch = std::span{outbound_.packets}.first(outbound_.count);
  outbound_.count = 0;
  const auto taken = paths_.send_packets(outbound_.here, batch);
  stats_.queue_full += batch.size() - taken;
}

// Towards the TUN.

void Router::Impl::to_tun(const wire::IpPacket& packet) {
  if (tun_ == nullptr) {
    ++stats_.no_tun;
    return;
  }
  inbound_[inbound_count_++] = packet;
  if (inbound_count_ == kBatch) {
    write_inbound();
  }
}

void Router::Impl::write_inbound() {
  if (inbound_count_ != 0 && tun_ != nullptr) {
    tun_->write(std::span<const wire::IpPacket>{inbound_}.first(inbound_count_));
  }
  inbound_count_ = 0;
}

void Router::Impl::end_batch() {
  send_outbound();
  write_inbound();
  wake_others();
}

// Other shards.

void Router::Impl::hand_over(const detail::Parcel& parcel, std::size_t shard) {
  QE_ASSERT(exchange_ != nullptr);
  if (exchange_->ring(shard_.index, shard).push(parcel)) {
    ++stats_.handed_over;
    to_wake_[shard] = true;
  } else {
    ++stats_.shard_busy;
  }
}

void Router::Impl::wake_others() {
  for (std::size_t shard = 0; shard < shard_.count; ++shard) {
    if (std::exchange(to_wake_[shard], false)) {
      exchange_->wake(shard);
    }
  }
}

void Router::Impl::on_parcels() {
  exchange_->awake(shard_.index);
  for (std::size_t from = 0; from < shard_.count; ++from) {
    if (from != shard_.index) {
      take_parcels(exchange_->ring(from, shard_.index));
    }
  }
  paths_.flush();
  arm_denial_timer();
}

void Router::Impl::take_parcels(detail::PacketRing& ring) {
  std::size_t taken = 0;
  while (const auto parcel = ring.next()) {
    take_parcel(*parcel);
    if (++taken % kBatch == 0) {
      end_batch();
      ring.release();
    }
    if (taken == kReadRounds * kBatch) {  // the rest after others had their turn
      exchange_->wake(shard_.index);
      break;
    }
  }
  end_batch();
  ring.release();
}

void Router::Impl::take_parcel(const detail::Parcel& parcel) {
  switch (parcel.errand) {
    case detail::Errand::from_tun:
      from_tun(parcel.packet, parcel.placed);
      break;
    case detail::Errand::from_peer:
      from_peer(*parcel.sender, parcel.packet, parcel.placed);
      break;
    case detail::Errand::to_peer:
      if (const auto info = wire::parse_packet(parcel.packet.bytes)) {
        to_peer(parcel.to, parcel.sender, parcel.packet, *info);
      }
      break;
  }
}

// ICMP errors.

void Router::Impl::answer(wire::IcmpError error,
                          std::optional<PeerIndex> to,
                          ConstBytes packet,
                          const wire::PacketInfo& info,
                          std::size_t mtu) {
  // To the host itself it comes from the destination: a packet that arrives from one of the host's
  // own addresses would be dropped as a martian.
  const auto& own = info.version == 4 ? own_v4_ : own_v6_;
  const auto source = to ? own : std::optional{info.destination};
  if (!source) {
    return;
  }
  if (!icmp_bucket_.take(environment_.now())) {
    ++stats_.icmp_suppressed;
    return;
  }
  const auto size = wire::make_icmp_error(
      error, packet, info, *source, static_cast<std::uint32_t>(mtu), icmp_buffer_);
  if (size == 0) {
    return;
  }
  ++stats_.icmp_sent;
  const wire::IpPacket message{Bytes{icmp_buffer_}.first(size), {}};
  if (to && !may_send(*to)) {
    hand_over({.errand = detail::Errand::to_peer, .to = *to, .packet = message}, home_of(*to));
  } else if (to) {
    (void)paths_.send_packets(*lanes_.here(*to), {&message, 1});
  } else if (tun_ != nullptr) {
    tun_->write({&message, 1});
  }
}

void Router::Impl::arm_denial_timer() {
  const auto next = std::min(policy_.next_timeout(), drop_events_.next_timeout());
  if (denial_timer_armed_ || next.is_never()) {
    return;
  }
  denial_timer_armed_ = true;
  denial_timer_->async_wait(next, [weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    if (!self || error) {
      return;
    }
    self->denial_timer_armed_ = false;
    const auto now = self->environment_.now();
    while (const auto event = self->policy_.poll_event(now)) {
      self->environment_.events().on_event(*event);
    }
    while (const auto event = self->drop_events_.poll_event(now)) {
      self->environment_.events().on_event(*event);
    }
    self->arm_denial_timer();
  });
}

std::vector<std::pair<std::string, std::uint64_t>> Router::Impl::counters() const {
  std::vector<std::pair<std::string, std::uint64_t>> counters{
      {"router.tun_to_peer", stats_.tun_to_peer},
      {"router.peer_to_tun", stats_.peer_to_tun},
      {"router.peer_to_peer", stats_.peer_to_peer},
      {"router.icmp_sent", stats_.icmp_sent},
      {"router.icmp_suppressed", stats_.icmp_suppressed},
      {"router.dropped.too_large", stats_.too_large},
      {"router.dropped.path_unproven", stats_.path_unproven},
      {"router.dropped.link_down", stats_.link_down},
      {"router.dropped.denied_outbound", stats_.denied_outbound},
      {"router.dropped.denied_inbound", stats_.denied_inbound},
      {"router.dropped.denied_forwarded", stats_.denied_forwarded},
      {"router.dropped.no_tun", stats_.no_tun},
      {"router.dropped.queue_full", stats_.queue_full},
      {"router.dropped.shard_busy", stats_.shard_busy},
      {"router.dropped.lane_unready", stats_.lane_unready},
      {"router.handed_over", stats_.handed_over},
  };
  for (std::size_t i = 0; i < stats_.drops.size(); ++i) {
    const auto drop = static_cast<route::Drop>(i);
    if (drop != route::Drop::none && drop != route::Drop::defect) {
      counters.emplace_back("router.dropped." + std::string{to_string(drop)}, stats_.drops[i]);
    }
  }
  for (std::size_t i = 0; i < stats_.defects.size(); ++i) {
    const auto defect = static_cast<wire::IpDefect>(i);
    counters.emplace_back("router.dropped." + std::string{to_string(defect)}, stats_.defects[i]);
  }
  std::ranges::sort(counters);
  return counters;
}

Router::Router(Environment& environment,
               PathManager& paths,
               PolicyEngine& policy,
               RouterConfig config)
    : impl_{std::make_shared<Impl>(environment, paths, policy, config)}, paths_{paths} {
  paths_.set_packet_sink(impl_.get());
}

Router::~Router() {
  paths_.set_packet_sink(nullptr);
  impl_->detach();
}

void Router::join(PacketExchange& exchange, Shard shard) {
  impl_->join(*exchange.impl_, shard);
}

void Router::set_lanes(PeerIndex peer, std::size_t lanes, std::optional<PeerIndex> here) {
  impl_->lanes().set(peer, lanes, here);
}

void Router::attach(TunDevice& tun) {
  impl_->attach(tun);
}

void Router::detach() noexcept {
  impl_->detach();
}

void Router::set_local(const std::vector<IpAddress>& addresses,
                       const std::vector<Prefix>& subnets) {
  impl_->set_local_addresses(addresses);
  impl_->forwarder().set_local(addresses, subnets);
}

void Router::set_peer(PeerIndex peer, const std::vector<Prefix>& prefixes) {
  impl_->forwarder().set_peer(peer, prefixes);
}

void Router::set_default_gateway(std::optional<PeerIndex> peer) {
  impl_->forwarder().set_default_gateway(peer);
}

std::vector<RouterRoute> Router::routes() const {
  std::vector<RouterRoute> routes;
  impl_->forwarder().routes().for_each([&](const Prefix& prefix, const route::Hop& hop) {
    RouterRoute route{prefix, std::nullopt};
    if (!hop.is_local()) {
      route.next_hop = hop.peer();
    }
    routes.push_back(std::move(route));
  });
  return routes;
}

std::vector<std::pair<std::string, std::uint64_t>> Router::counters() const {
  return impl_->counters();
}

}  // namespace quicether
