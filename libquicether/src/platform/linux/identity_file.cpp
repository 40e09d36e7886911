#include "platform/linux/secret_file.hpp"

#include <quicether/core/crypto/private_key_pem.hpp>
#include <quicether/core/crypto/system_random.hpp>
#include <quicether/identity.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace quicether {
namespace {

struct Explanation {
  errc error;
  std::string_view text;
};

constexpr std::array kExplanations{
    Explanation{.error = errc::not_found, .text = "there is no such key file or folder"},
    Explanation{.error = errc::permission_denied,
                .text = "the system does not permit to read or write the key file"},
    Explanation{.error = errc::is_symlink,
                .text = "the key file is a symbolic link: name the file itself"},
    Explanation{
        .error = errc::wrong_owner,
        .text = "the key file belongs to another user: chown gives it to the one that runs this"},
    Explanation{.error = errc::insecure_permissions,
                .text = "the key file can be used by other users: chmod 600 makes it private"},
    Explanation{.error = errc::empty_file, .text = "the key file is empty"},
    Explanation{.error = errc::truncated, .text = "the key file ends in the middle of a key"},
    Explanation{.error = errc::unsupported,
                .text = "the key file holds a key of another type than unencrypted Ed25519"},
    Explanation{.error = errc::too_large, .text = "the key file is too large for a key"},
    Explanation{.error = errc::malformed,
                .text = "the key file does not hold a private key in PEM"},
    Explanation{.error = errc::already_open,
                .text = "the key file exists already and is not replaced"},
    Explanation{.error = errc::invalid_argument, .text = "the path of the key file is not one"},
    Explanation{.error = errc::io_failure, .text = "the key file could not be read or written"},
};

}  // namespace

result<Identity> Identity::load(std::string_view path) {
  const auto text = linux_platform::read_secret_file(linux_platform::system_file_ops(), path);
  if (!text) {
    return text.error();
  }
  auto key = crypto::from_pem(text->view());
  if (!key) {
    return key.error();
  }
  return Identity{*std::move(key)};
}

result<Identity> Identity::load_or_create(std::string_view path) {
  auto loaded = load(path);
  if (loaded || loaded.error() != errc::not_found) {
    return loaded;
  }
  crypto::SystemRandom random;
  Identity made = generate(random);
  const auto saved = made.save(path);
  if (!saved && saved.error() == errc::already_open) {
    return load(path);  // another process was first
  }
  if (!saved) {
    return saved.error();
  }
  return made;
}

result<void> Identity::save(std::string_view path) const {
  const crypto::SecretBytes text = crypto::to_pem(key_pair_);
  return linux_platform::create_secret_file(linux_platform::system_file_ops(), path, text.view());
}

std::string_view Identity::explain(error_code error) noexcept {
  const auto* found = std::ranges::find_if(
      kExplanations, [error](const Explanation& entry) { return error == entry.error; });
  return found != kExplanations.end() ? found->text : "the key file could not be used";
}

}  // namespace quicether
