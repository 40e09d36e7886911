#include "platform/linux/secret_file.hpp"

#include "platform/linux/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <string>

namespace quicether::linux_platform {
namespace {

constexpr unsigned kForOthers = S_IRWXG | S_IRWXO;

result<void> check(const OpenFile& file) {
  FileStatus status;
  const int outcome = file.ops().status(file.fd(), status);
  if (outcome < 0) {
    return file_error(outcome);
  }
  if (!status.is_regular) {
    return errc::malformed;
  }
  if (status.owner != file.ops().effective_user()) {
    return errc::wrong_owner;
  }
  if ((status.permissions & kForOthers) != 0) {
    return errc::insecure_permissions;
  }
  return {};
}

}  // namespace

result<crypto::SecretBytes> read_secret_file(FileOps& ops, std::string_view path) {
  const std::string name{path};
  const auto file = open_file(ops, AT_FDCWD, name.c_str(), O_RDONLY | O_NOFOLLOW);
  if (!file) {
    return file.error();
  }
  if (const auto checked = check(*file); !checked) {
    return checked.error();
  }
  crypto::SecretBytes content{kSecretFileBytesMax + 1};
  const auto size = read_to_end(*file, content.writable());
  if (!size) {
    return size.error();
  }
  if (*size == 0) {
    return errc::empty_file;
  }
  content.truncate(*size);
  return content;
}

result<void> create_secret_file(FileOps& ops, std::string_view path, ConstBytes content) {
  const auto slash = path.rfind('/');
  const std::string name{slash == std::string_view::npos ? path : path.substr(slash + 1)};
  const std::string folder{slash == std::string_view::npos ? "." : path.substr(0, slash + 1)};
  if (name.empty() || name == "." || name == "..") {
    return errc::invalid_argument;
  }
  const auto directory = open_file(ops, AT_FDCWD, folder.c_str(), O_RDONLY | O_DIRECTORY);
  return directory ? create_file(*directory, name, content) : directory.error();
}

}  // namespace quicether::linux_platform
