#ifndef QUICETHER_TESTS_NETNS_SUPPORT_PLATFORM_ARGUMENTS_HPP
#define QUICETHER_TESTS_NETNS_SUPPORT_PLATFORM_ARGUMENTS_HPP

#include <charconv>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace quicether::test {

/// The words key=value of a command line; a key may come several times.
class Arguments {
 public:
  explicit Arguments(std::span<char*> words) {
    for (const std::string_view word : words) {
      const auto equals = word.find('=');
      if (equals == std::string_view::npos) {
        throw std::invalid_argument{std::string{word} + ": not key=value"};
      }
      values_[std::string{word.substr(0, equals)}].emplace_back(word.substr(equals + 1));
    }
  }

  [[nodiscard]] std::vector<std::string> all(const std::string& key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? std::vector<std::string>{} : found->second;
  }

  [[nodiscard]] std::string text(const std::string& key) const {
    const auto values = all(key);
    if (values.size() != 1) {
      throw std::invalid_argument{key + ": wanted once"};
    }
    return values.front();
  }

  [[nodiscard]] std::string text(const std::string& key, std::string_view otherwise) const {
    return all(key).empty() ? std::string{otherwise} : text(key);
  }

  template <typename Integer>
  [[nodiscard]] Integer number(const std::string& key) const {
    const std::string value = text(key);
    Integer number{};
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc{} || end != value.data() + value.size()) {
      throw std::invalid_argument{key + ": not a number"};
    }
    return number;
  }

  /// offload=on (the default) or off.
  [[nodiscard]] bool offload(const std::string& key = "offload") const {
    return text(key, "on") == "on";
  }

 private:
  std::map<std::string, std::vector<std::string>> values_{};
};

}  // namespace quicether::test

#endif  // QUICETHER_TESTS_NETNS_SUPPORT_PLATFORM_ARGUMENTS_HPP
