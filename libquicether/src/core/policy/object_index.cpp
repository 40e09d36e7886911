#include <quicether/base/assert.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/core/policy/object_index.hpp>

#include <algorithm>

namespace quicether::policy {
namespace {

constexpr std::size_t kWordBits = 64;

}  // namespace

ObjectIndex::Key ObjectIndex::key_of(const IpAddress& address) noexcept {
  const auto bytes = address.bytes();
  return address.is_v4()
             ? Key{0, load_be<std::uint32_t>(bytes)}
             : Key{load_be<std::uint64_t>(bytes), load_be<std::uint64_t>(bytes.subspan(8))};
}

ObjectIndex::ObjectIndex(std::span<const Rule> rules)
    : words_{(rules.size() + kWordBits - 1) / kWordBits},
      v4_{build(rules, false)},
      v6_{build(rules, true)} {}

ObjectIndex::Family ObjectIndex::build(std::span<const Rule> rules, bool v6) const {
  // A border is where the set of covering rules changes by one rule.
  struct Border {
    Key at;
    std::size_t rule;
  };

  std::vector<Border> borders;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const auto& object = rules[i].object;
    if (!object) {
      borders.push_back({Key{}, i});
      continue;
    }
    if (object->address().is_v6() != v6) {
      continue;
    }
    const auto first = key_of(object->address());
    borders.push_back({first, i});
    // One past the last address: add the block's size, which is a power of two.
    const auto free_bits = object->address().bits() - object->length();
    auto end = first;
    if (free_bits >= kWordBits) {
      end[0] += free_bits == 2 * kWordBits ? 0U : std::uint64_t{1} << (free_bits - kWordBits);
    } else {
      end[1] += std::uint64_t{1} << free_bits;
      end[0] += end[1] == 0 ? 1U : 0U;
    }
    if (end > first) {  // else the block reaches the end of the address space
      borders.push_back({end, i});
    }
  }
  std::ranges::sort(borders, {}, [](const Border& border) { return border.at; });

  Family family;
  family.starts.push_back(Key{});
  std::vector<std::uint64_t> covering(words_);
  for (const auto& border : borders) {
    if (border.at != family.starts.back()) {
      family.words.insert(family.words.end(), covering.begin(), covering.end());
      family.starts.push_back(border.at);
    }
    covering[border.rule / kWordBits] ^= std::uint64_t{1} << (border.rule % kWordBits);
  }
  family.words.insert(family.words.end(), covering.begin(), covering.end());
  return family;
}

std::span<const std::uint64_t> ObjectIndex::rules_for(const IpAddress& address) const noexcept {
  const auto& family = address.is_v4() ? v4_ : v6_;
  const auto next = std::ranges::upper_bound(family.starts, key_of(address));
  QE_DASSERT(next != family.starts.begin());
  const auto interval = static_cast<std::size_t>(next - family.starts.begin()) - 1;
  return std::span{family.words}.subspan(interval * words_, words_);
}

}  // namespace quicether::policy
