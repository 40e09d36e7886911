#include "platform/linux/watched_descriptor.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>

#include <utility>

namespace quicether::linux_platform {

namespace {

error_code translated(const error_code& error) noexcept {
  if (!error) {
    return {};
  }
  if (error == boost::asio::error::operation_aborted) {
    return errc::cancelled;
  }
  if (error == boost::asio::error::bad_descriptor) {
    return errc::not_open;
  }
  return errc::io_failure;
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
  descriptor_.async_wait(what, boost::asio::deferred([](const error_code& error) {
                           return boost::asio::deferred.values(translated(error));
                         }))(std::move(handler));
}

void WatchedDescriptor::cancel() noexcept {
  error_code ignored;
  descriptor_.cancel(ignored);
}

void WatchedDescriptor::close() noexcept {
  error_code ignored;
  descriptor_.close(ignored);
}

}  // namespace quicether::linux_platform
