#ifndef QUICETHER_SRC_MGMT_JSON_OBJECT_READER_HPP
#define QUICETHER_SRC_MGMT_JSON_OBJECT_READER_HPP

#include <quicether/base/error.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace quicether::mgmt {

/// Reads members of a JSON object by name and remembers whether all were there and right.
class JsonObjectReader {
 public:
  /// A value that is no object makes every read fail.
  explicit JsonObjectReader(const boost::json::value& value) noexcept
      : object_{value.if_object()}, good_{object_ != nullptr} {}

  /// True when all reads so far succeeded.
  [[nodiscard]] bool good() const noexcept { return good_; }

  [[nodiscard]] const boost::json::value* find(std::string_view name) noexcept {
    const auto* value = object_ == nullptr ? nullptr : object_->if_contains(name);
    good_ = good_ && value != nullptr;
    return value;
  }

  void read(std::string_view name, std::string& out) {
    const auto* value = find(name);
    const auto* text = value == nullptr ? nullptr : value->if_string();
    good_ = good_ && text != nullptr;
    if (text != nullptr) {
      out = std::string{std::string_view{*text}};
    }
  }

  void read(std::string_view name, bool& out) {
    const auto* value = find(name);
    const auto* boolean = value == nullptr ? nullptr : value->if_bool();
    good_ = good_ && boolean != nullptr;
    out = boolean != nullptr && *boolean;
  }

  template <std::integral Integer>
    requires(!std::same_as<Integer, bool>)
  void read(std::string_view name, Integer& out) {
    const auto* value = find(name);
    boost::system::error_code wrong;
    out = value == nullptr ? Integer{} : value->to_number<Integer>(wrong);
    good_ = good_ && !wrong;
  }

  /// A member that T::parse() reads.
  template <typename T>
    requires requires { T::parse(std::string_view{}); }
  void read(std::string_view name, T& out) {
    std::string text;
    read(name, text);
    parse(text, out);
  }

  /// A member that may be null.
  template <typename T>
  void read(std::string_view name, std::optional<T>& out) {
    const auto* value = find(name);
    out.reset();
    if (value != nullptr && !value->is_null()) {
      read(name, out.emplace());
    }
  }

  /// A list whose items `read_item(value, T&) -> bool` reads.
  template <typename T, typename ReadItem>
  void read_list(std::string_view name, std::vector<T>& out, ReadItem read_item) {
    const auto* value = find(name);
    const auto* list = value == nullptr ? nullptr : value->if_array();
    good_ = good_ && list != nullptr;
    out.clear();
    if (list == nullptr) {
      return;
    }
    for (const auto& item : *list) {
      good_ = read_item(item, out.emplace_back()) && good_;
    }
  }

  /// A list of texts.
  void read(std::string_view name, std::vector<std::string>& out) {
    read_list(name, out, [](const boost::json::value& item, std::string& text) {
      if (item.is_string()) {
        text = std::string{std::string_view{item.get_string()}};
      }
      return item.is_string();
    });
  }

  /// A list of texts that T::parse() reads.
  template <typename T>
    requires requires { T::parse(std::string_view{}); }
  void read(std::string_view name, std::vector<T>& out) {
    read_list(name, out, [](const boost::json::value& item, T& parsed) {
      auto value = item.is_string() ? T::parse(item.get_string()) : result<T>{errc::malformed};
      if (value) {
        parsed = *value;
      }
      return value.has_value();
    });
  }

 private:
  template <typename T>
  void parse(std::string_view text, T& out) {
    if (auto value = T::parse(text)) {
      out = *value;
    } else {
      good_ = false;
    }
  }

  const boost::json::object* object_;
  bool good_;
};

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_JSON_OBJECT_READER_HPP
