#ifndef QUICETHER_SRC_CORE_QUIC_STREAMS_HPP
#define QUICETHER_SRC_CORE_QUIC_STREAMS_HPP

#include "core/quic/byte_queue.hpp"

#include <quicether/core/quic/endpoint.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>

namespace quicether::quic {

/// The bytes of one bidirectional stream on this side.
///
///     sending:   open ──finish──> ending ──all acknowledged──> done
///                  └──reset by either side──> stopped
///     receiving: open ──> end or reset received ──told to the reader──> done
struct Stream {
  Stream(queue::BlockPool& pool, StreamId stream_id) : id{stream_id}, out{pool}, in{pool} {}

  /// Bytes accepted from the writer and not sent yet.
  [[nodiscard]] std::size_t unsent() const noexcept { return out.size() - in_flight(); }

  /// Bytes sent and not acknowledged: the front of `out`.
  [[nodiscard]] std::size_t in_flight() const noexcept {
    return static_cast<std::size_t>(sent - acknowledged);
  }

  /// True when ngtcp2 should be asked to write of it.
  [[nodiscard]] bool has_work() const noexcept {
    return !stopped && !gone && (unsent() != 0 || (finish && !finish_sent));
  }

  StreamId id;
  ByteQueue out;
  ByteQueue in;
  std::uint64_t acknowledged = 0;  ///< stream offset of the front of `out`
  std::uint64_t sent = 0;          ///< stream offset
  bool finish = false;             ///< the writer said that nothing follows
  bool finish_sent = false;
  bool stopped = false;       ///< nothing more can be sent
  bool writer_waits = false;  ///< took fewer bytes than offered
  bool end_received = false;
  bool reset_received = false;
  bool reader_done = false;    ///< the reader knows the end, or gave up
  bool readable_told = false;  ///< a StreamReadable is out that the reader has not acted on
  bool gone = false;           ///< ngtcp2 has closed it
  bool queued = false;         ///< in the send queue
};

/// All streams of one connection, and the order in which they send: round robin.
class Streams {
 public:
  explicit Streams(queue::BlockPool& pool) noexcept : pool_{pool} {}

  Stream& add(StreamId id) { return streams_.try_emplace(id, pool_, id).first->second; }

  [[nodiscard]] Stream* find(StreamId id) noexcept {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : &found->second;
  }

  void erase(StreamId id) noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return streams_.size(); }

  /// Lets a stream send when its turn comes, if it has work.
  void enqueue(Stream& stream);

  /// The stream whose turn it is; null when none has work.
  [[nodiscard]] Stream* next() noexcept;

  /// Ends the turn of next(): it goes to the back when it has work left.
  void rotate();

  /// Takes the stream of next() out: the peer's flow control stops it.
  void block();

  /// Lets the streams that flow control stopped try again.
  void unblock();

 private:
  queue::BlockPool& pool_;
  std::map<StreamId, Stream> streams_{};
  std::deque<StreamId> queue_{};
  std::deque<StreamId> blocked_{};
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_STREAMS_HPP
