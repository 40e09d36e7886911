#ifndef QUICETHER_TESTS_SUPPORT_SOURCE_FOLDER_HPP
#define QUICETHER_TESTS_SUPPORT_SOURCE_FOLDER_HPP

#include <filesystem>
#include <stdexcept>

namespace quicether::test {

/// The root of the source tree, for tests of files in it. A compiler cache may make __FILE__
/// relative to the build folder, so that is searched upwards from where the test runs.
inline std::filesystem::path source_folder() {
  constexpr int kDepth = 3;  // of this file
  const std::filesystem::path file{__FILE__};
  auto folder = std::filesystem::current_path();
  while (!std::filesystem::exists(folder / file)) {
    if (folder == folder.parent_path()) {
      throw std::runtime_error{"cannot find the source tree"};
    }
    folder = folder.parent_path();
  }
  auto root = std::filesystem::canonical(folder / file);
  for (int i = 0; i < kDepth; ++i) {
    root = root.parent_path();
  }
  return root;
}

}  // namespace quicether::test

#endif  // QUICETHER_TESTS_SUPPORT_SOURCE_FOLDER_HPP
