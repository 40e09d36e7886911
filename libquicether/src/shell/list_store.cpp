#include "list_store.hpp"

#include <utility>

namespace quicether::detail {

void ListStore::read(const record::ReadList& request, ReadHandler handler) const {
  const auto dht = dht_.lock();
  if (!dht) {
    handler(errc::cancelled, std::nullopt);
    return;
  }
  dht::GetRequest get;
  get.key = records_.writer().public_key();
  get.salt = request.salt;
  get.target = item_target(*get.key, get.salt);
  dht->async_get(get, [handler = std::move(handler)](error_code error, dht::OperationDone done) {
    std::optional<record::StoredList> stored;
    if (done.item && done.item->author) {
      stored = {std::move(done.item->value), done.item->author->seq};
    }
    handler(error, stored);
  });
}

void ListStore::write(const record::WriteList& request, WriteHandler handler) const {
  const auto dht = dht_.lock();
  if (!dht) {
    handler(errc::cancelled);
    return;
  }
  dht::PutRequest put;
  put.item = sign_item(records_.writer(), request.value, request.seq, request.salt);
  put.cas = request.cas;
  dht->async_put(put, [handler = std::move(handler)](error_code error, const dht::OperationDone&) {
    handler(error);
  });
}

}  // namespace quicether::detail
