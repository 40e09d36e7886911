#include <quicether/core/record/list_reader.hpp>

#include <utility>

namespace quicether::record {

namespace {

constexpr std::size_t kReadsMax = 4;  // at a time

}  // namespace

ListReader::ListReader(const NetworkRecords& records, Topic topic)
    : records_{records}, topic_{std::move(topic)} {}

void ListReader::begin(UnixSeconds unix_time) {
  unix_time_ = unix_time;
  lists_.clear();
  reading_.clear();
  waiting_ = {0};
  failed_ = false;
}

std::optional<ReadList> ListReader::poll_request() {
  if (waiting_.empty() || reading_.size() >= kReadsMax) {
    return std::nullopt;
  }
  const auto list = waiting_.front();
  waiting_.pop_front();
  reading_.insert(list);
  return ReadList{list, records_.salt(topic_.list(list))};
}

const ClaimList* ListReader::on_read(std::size_t list,
                                     const std::optional<StoredList>& stored,
                                     bool answered) {
  if (reading_.erase(list) == 0) {
    return nullptr;
  }
  failed_ = failed_ || !answered;
  auto& read = lists_[list];
  read.stored = stored;
  if (stored) {
    // What is not a list is overwritten by the next who writes here.
    if (auto claims = records_.decode(topic_.list(list), stored->value, unix_time_)) {
      read.claims = std::move(*claims);
    }
  }
  const auto behind = 2 * list + 1;
  if (read.claims.size() == kClaimsMax && behind + 1 < topic_.lists_max()) {
    waiting_.push_back(behind);
    waiting_.push_back(behind + 1);
  }
  return &read;
}

}  // namespace quicether::record
