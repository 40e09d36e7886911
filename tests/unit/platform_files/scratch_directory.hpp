#ifndef QUICETHER_TESTS_UNIT_PLATFORM_FILES_SCRATCH_DIRECTORY_HPP
#define QUICETHER_TESTS_UNIT_PLATFORM_FILES_SCRATCH_DIRECTORY_HPP

#include <quicether/base/assert.hpp>

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace quicether::test {

/// An empty directory with mode 0700 that is removed with all it holds.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "quicether-test-XXXXXX";
    QE_ASSERT(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }

  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::string path() const { return path_; }

  [[nodiscard]] std::string path(std::string_view name) const { return path_ / name; }

  /// Writes a file with exactly these permission bits.
  void write(std::string_view name, std::string_view content, mode_t permissions) const {
    std::ofstream{path_ / name, std::ios::binary} << content;
    QE_ASSERT(::chmod(path(name).c_str(), permissions) == 0);
  }

  [[nodiscard]] std::string read(std::string_view name) const {
    std::ifstream file{path_ / name, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  /// How many entries there are, hidden ones too.
  [[nodiscard]] std::size_t count() const {
    using Iterator = std::filesystem::directory_iterator;
    return static_cast<std::size_t>(std::distance(Iterator{path_}, Iterator{}));
  }

 private:
  std::filesystem::path path_;
};

/// The permission bits of a file.
inline unsigned permissions_of(const std::string& path) {
  struct stat status{};

  QE_ASSERT(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777U;
}

}  // namespace quicether::test

#endif  // QUICETHER_TESTS_UNIT_PLATFORM_FILES_SCRATCH_DIRECTORY_HPP
