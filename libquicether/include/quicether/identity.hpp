#ifndef QUICETHER_IDENTITY_HPP
#define QUICETHER_IDENTITY_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/base/random.hpp>
#include <quicether/core/crypto/key_pair.hpp>
#include <quicether/core/crypto/node_address.hpp>

#include <string_view>
#include <utility>

namespace quicether {

/// A node's key and what follows from it: its NodeId and its overlay IPv6 address.
///
/// Lives in a key file: PKCS#8 in PEM, mode 0600, which `openssl pkey` reads as well. Moves, does
/// not copy: the private key is in one place. No error or message ever holds a part of it.
///
///     auto self = Identity::load_or_create("/var/lib/quicether/node.key").value();
///     std::string name = self.node_id().to_string();
class Identity {
 public:
  /// Wraps a key.
  explicit Identity(crypto::KeyPair key_pair)
      : key_pair_{std::move(key_pair)},
        node_id_{crypto::node_id(key_pair_.public_key())},
        overlay_address_{crypto::overlay_address(key_pair_.public_key())} {}

  Identity(Identity&&) noexcept = default;
  Identity& operator=(Identity&&) noexcept = default;
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;
  ~Identity() = default;

  /// Makes a new key that is nowhere on disk. `random` must be secure outside of tests.
  [[nodiscard]] static Identity generate(Random& random) {
    return Identity{crypto::KeyPair::generate(random)};
  }

  /// Reads a key file; explain() puts an error into words.
  ///
  /// **Errors:** `not_found`, `permission_denied`, `io_failure`; `is_symlink`, `wrong_owner` (not
  /// this process's effective user), `insecure_permissions` (group or others may do anything with
  /// it); `empty_file`, `truncated`, `unsupported` (a key of another type), `too_large` (over 4
  /// KiB), `malformed` (anything else).
  [[nodiscard]] static result<Identity> load(std::string_view path);

  /// Reads the key file, or makes a key and writes it when there is none.
  ///
  /// Of two processes that do so at once both end up with the key of one of them. The folder must
  /// exist. **Errors:** those of load() and save().
  [[nodiscard]] static result<Identity> load_or_create(std::string_view path);

  /// Writes the key file; after a crash it is there as a whole or not at all.
  ///
  /// Never replaces a file: a lost key is a lost node. **Errors:** `already_open` (there is such a
  /// file), `not_found` (no such folder), `permission_denied`, `invalid_argument` (a path without
  /// a file name, or longer than the system takes), `io_failure`.
  [[nodiscard]] result<void> save(std::string_view path) const;

  /// One clause about a key file that could not be read or written, with what to do where there is
  /// something to do: "the key file can be used by other users: chmod 600 makes it private".
  [[nodiscard]] static std::string_view explain(error_code error) noexcept;

  [[nodiscard]] const NodeId& node_id() const noexcept { return node_id_; }

  [[nodiscard]] const PublicKey& public_key() const noexcept { return key_pair_.public_key(); }

  [[nodiscard]] const IpAddress& overlay_address() const noexcept { return overlay_address_; }

  [[nodiscard]] const crypto::KeyPair& key_pair() const noexcept { return key_pair_; }

 private:
  crypto::KeyPair key_pair_;
  NodeId node_id_;
  IpAddress overlay_address_;
};

}  // namespace quicether

#endif  // QUICETHER_IDENTITY_HPP
