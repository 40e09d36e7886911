#include "platform/linux/watched_descriptor.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>

#include <utility>

namespace quicether::linux_platform {

namespace {

/// `closed`: what a wait on a closed descriptor comes to.
error_code translated(const error_code& error, errc closed) noexcept {
  if (!error) {
    return {};
  }
  if (error == boost::asio::error::operation_aborted) {
    return errc::cancelled;
  }
  return error == boost::asio::error::bad_descriptor ? closed : errc::io_failure;
}

}  // namespace

result<void> WatchedDescriptor::assign(FileDescriptor fd) {
  error_code error;
  descriptor_.assign(fd.get(), error);
  if (error) {
    return errc::io_failure;
  }
  static_cast<void>(fd.release());
  return {};
}

void WatchedDescriptor::wait_readable(WaitHandler handler) {
  wait(boost::asio::posix::descriptor_base::wait_read, std::move(handler));
}

void WatchedDescriptor::wait_writable(WaitHandler handler) {
  wait(boost::asio::posix::descriptor_base::wait_write, std::move(handler));
}

void WatchedDescriptor::wait(boost::asio::posix::descriptor_base::wait_type what,
                             WaitHandler handler) {
  descriptor_.async_wait(what, boost::asio::deferred([closed = closed_](const error_code& error) {
                           return boost::asio::deferred.values(translated(error, closed));
                         }))(std::move(handler));
}

void WatchedDescriptor::close(errc reason) noexcept {
  if (descriptor_.is_open()) {
    error_code ignored;
    descriptor_.close(ignored);
    closed_ = reason;
  }
}

}  // namespace quicether::linux_platform
