#ifndef QUICETHER_TESTS_UNIT_PLATFORM_FILES_CRASH_DISK_HPP
#define QUICETHER_TESTS_UNIT_PLATFORM_FILES_CRASH_DISK_HPP

#include "platform/linux/file_ops.hpp"

#include <quicether/base/bytes.hpp>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quicether::test {

/// What a disk holds: the files of its one directory by name.
using DiskImage = std::map<std::string, ByteVector>;

/// A disk in memory that can lose its power, as pessimistic as the file systems in use together.
///
/// What was not synced when the power went may or may not be there: of the changes to the directory
/// any subset, in their order; of each file with unsynced writes the old content, nothing, half of
/// the new content or all of it. Any directory path opens the one directory.
class CrashDisk final : public linux_platform::FileOps {
 public:
  explicit CrashDisk(const DiskImage& image);

  /// Neither this call, counted from 0, nor a later one has any effect.
  unsigned crash_call = std::numeric_limits<unsigned>::max();

  /// True when a call was made that had no effect any more.
  [[nodiscard]] bool has_crashed() const noexcept { return calls_ > crash_call; }

  /// Everything the disk may hold if its power goes now.
  [[nodiscard]] std::vector<DiskImage> images_after_power_loss() const;

  int open_at(int directory, const char* name, int flags, mode_t mode) noexcept override;
  int close(int fd) noexcept override;
  ssize_t read(int fd, Bytes out) noexcept override;
  ssize_t write(int fd, ConstBytes bytes) noexcept override;
  int sync(int fd) noexcept override;
  int status(int fd, linux_platform::FileStatus& out) noexcept override;
  int truncate(int fd) noexcept override;
  int try_lock(int fd) noexcept override;
  int link_at(int directory, const char* from, const char* to) noexcept override;
  int rename_at(int directory, const char* from, const char* to) noexcept override;
  int unlink_at(int directory, const char* name) noexcept override;
  int make_directory(const char* path, mode_t mode) noexcept override;
  uid_t effective_user() noexcept override;

 private:
  struct Inode {
    ByteVector content{};
    ByteVector synced_content{};
    bool dirty = false;
  };

  /// One change of the directory: names that lead to another inode, or (no value) to none.
  using Change = std::map<std::string, std::optional<std::size_t>>;
  using Entries = std::map<std::string, std::size_t>;

  struct Descriptor {
    bool is_directory = false;
    std::size_t inode = 0;
    std::size_t offset = 0;
  };

  [[nodiscard]] bool crashes() noexcept { return calls_++ >= crash_call; }

  static void apply(const Change& change, Entries& entries);
  void change_directory(Change change);
  [[nodiscard]] int add_descriptor(Descriptor descriptor);

  unsigned calls_ = 0;
  std::vector<Inode> inodes_;
  Entries entries_;
  Entries synced_entries_;
  std::vector<Change> unsynced_changes_;
  std::vector<std::optional<Descriptor>> descriptors_;
};

inline CrashDisk::CrashDisk(const DiskImage& image) {
  for (const auto& [name, content] : image) {
    synced_entries_[name] = inodes_.size();
    inodes_.push_back({.content = content, .synced_content = content});
  }
  entries_ = synced_entries_;
}

inline void CrashDisk::apply(const Change& change, Entries& entries) {
  for (const auto& [name, inode] : change) {
    if (inode) {
      entries[name] = *inode;
    } else {
      entries.erase(name);
    }
  }
}

inline void CrashDisk::change_directory(Change change) {
  apply(change, entries_);
  unsynced_changes_.push_back(std::move(change));
}

inline std::vector<DiskImage> CrashDisk::images_after_power_loss() const {
  std::vector<DiskImage> images;
  for (std::size_t subset = 0; subset < std::size_t{1} << unsynced_changes_.size(); ++subset) {
    Entries entries = synced_entries_;
    for (std::size_t i = 0; i < unsynced_changes_.size(); ++i) {
      if ((subset >> i & 1U) != 0) {
        apply(unsynced_changes_[i], entries);
      }
    }
    std::vector<DiskImage> variants(1);
    for (const auto& [name, index] : entries) {
      const Inode& inode = inodes_[index];
      const auto half = static_cast<std::ptrdiff_t>(inode.content.size() / 2);
      std::vector<ByteVector> contents{inode.synced_content};
      if (inode.dirty) {
        contents.push_back({});
        contents.emplace_back(inode.content.begin(), inode.content.begin() + half);
        contents.push_back(inode.content);
      }
      std::vector<DiskImage> next;
      for (const DiskImage& variant : variants) {
        for (const ByteVector& content : contents) {
          next.push_back(variant);
          next.back()[name] = content;
        }
      }
      variants = std::move(next);
    }
    images.insert(images.end(), variants.begin(), variants.end());
  }
  return images;
}

inline int CrashDisk::add_descriptor(Descriptor descriptor) {
  descriptors_.emplace_back(descriptor);
  return static_cast<int>(descriptors_.size() - 1);
}

inline int CrashDisk::open_at(int /*directory*/,
                              const char* name,
                              int flags,
                              mode_t /*mode*/) noexcept {
  if (crashes()) {
    return -EIO;
  }
  if ((flags & O_DIRECTORY) != 0) {
    return add_descriptor({.is_directory = true});
  }
  const auto found = entries_.find(name);
  if (found != entries_.end()) {
    return (flags & O_EXCL) != 0 ? -EEXIST : add_descriptor({.inode = found->second});
  }
  if ((flags & O_CREAT) == 0) {
    return -ENOENT;
  }
  inodes_.emplace_back();
  change_directory({{name, inodes_.size() - 1}});
  return add_descriptor({.inode = inodes_.size() - 1});
}

inline int CrashDisk::close(int fd) noexcept {
  descriptors_[static_cast<std::size_t>(fd)].reset();
  return 0;
}

inline ssize_t CrashDisk::read(int fd, Bytes out) noexcept {
  if (crashes()) {
    return -EIO;
  }
  Descriptor& descriptor = descriptors_[static_cast<std::size_t>(fd)].value();
  const ConstBytes rest = ConstBytes{inodes_[descriptor.inode].content}.subspan(descriptor.offset);
  const std::size_t size = std::min(rest.size(), out.size());
  std::ranges::copy(rest.first(size), out.begin());
  descriptor.offset += size;
  return static_cast<ssize_t>(size);
}

inline ssize_t CrashDisk::write(int fd, ConstBytes bytes) noexcept {
  if (crashes()) {
    return -EIO;
  }
  Inode& inode = inodes_[descriptors_[static_cast<std::size_t>(fd)].value().inode];
  inode.content.insert(inode.content.end(), bytes.begin(), bytes.end());
  inode.dirty = true;
  return static_cast<ssize_t>(bytes.size());
}

inline int CrashDisk::sync(int fd) noexcept {
  if (crashes()) {
    return -EIO;
  }
  const Descriptor& descriptor = descriptors_[static_cast<std::size_t>(fd)].value();
  if (descriptor.is_directory) {
    synced_entries_ = entries_;
    unsynced_changes_.clear();
  } else {
    Inode& inode = inodes_[descriptor.inode];
    inode.synced_content = inode.content;
    inode.dirty = false;
  }
  return 0;
}

inline int CrashDisk::status(int fd, linux_platform::FileStatus& out) noexcept {
  if (crashes()) {
    return -EIO;
  }
  const Descriptor& descriptor = descriptors_[static_cast<std::size_t>(fd)].value();
  out = {.is_regular = !descriptor.is_directory, .is_directory = descriptor.is_directory};
  out.permissions = descriptor.is_directory ? 0700 : 0600;
  out.size = descriptor.is_directory ? 0 : inodes_[descriptor.inode].content.size();
  return 0;
}

inline int CrashDisk::truncate(int fd) noexcept {
  if (crashes()) {
    return -EIO;
  }
  Inode& inode = inodes_[descriptors_[static_cast<std::size_t>(fd)].value().inode];
  inode.content.clear();
  inode.dirty = true;
  return 0;
}

inline int CrashDisk::try_lock(int /*fd*/) noexcept {
  return crashes() ? -EIO : 0;
}

inline int CrashDisk::link_at(int /*directory*/, const char* from, const char* to) noexcept {
  if (crashes()) {
    return -EIO;
  }
  if (!entries_.contains(from)) {
    return -ENOENT;
  }
  if (entries_.contains(to)) {
    return -EEXIST;
  }
  change_directory({{to, entries_.at(from)}});
  return 0;
}

inline int CrashDisk::rename_at(int /*directory*/, const char* from, const char* to) noexcept {
  if (crashes()) {
    return -EIO;
  }
  if (!entries_.contains(from)) {
    return -ENOENT;
  }
  change_directory({{to, entries_.at(from)}, {from, std::nullopt}});
  return 0;
}

inline int CrashDisk::unlink_at(int /*directory*/, const char* name) noexcept {
  if (crashes()) {
    return -EIO;
  }
  if (!entries_.contains(name)) {
    return -ENOENT;
  }
  change_directory({{name, std::nullopt}});
  return 0;
}

inline int CrashDisk::make_directory(const char* /*path*/, mode_t /*mode*/) noexcept {
  return crashes() ? -EIO : -EEXIST;
}

inline uid_t CrashDisk::effective_user() noexcept {
  return 0;
}

}  // namespace quicether::test

#endif  // QUICETHER_TESTS_UNIT_PLATFORM_FILES_CRASH_DISK_HPP
