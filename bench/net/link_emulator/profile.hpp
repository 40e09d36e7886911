#ifndef QUICETHER_BENCH_NET_LINK_EMULATOR_PROFILE_HPP
#define QUICETHER_BENCH_NET_LINK_EMULATOR_PROFILE_HPP

#include <quicether/sim/link.hpp>

#include <string_view>

namespace quicether::bench {

/// Reads "rate=100Mbit,delay=20ms,jitter=1ms,queue=500kB,loss=1%,burst=1%:5,corrupt=1%,mtu=1500".
///
/// All parts are optional. `queue` takes bytes (B, kB, MB; powers of ten) or a time at the rate
/// (us, ms, s); unset, it is 50 ms. `burst` is a share and the mean length of a burst. Throws
/// std::invalid_argument, which names the part that is wrong.
[[nodiscard]] sim::LinkModel parse_profile(std::string_view text);

}  // namespace quicether::bench

#endif  // QUICETHER_BENCH_NET_LINK_EMULATOR_PROFILE_HPP
