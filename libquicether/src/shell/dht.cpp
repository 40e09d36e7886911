#include "dht_crypto.hpp"
#include "dht_impl.hpp"

#include <quicether/dht.hpp>

#include <utility>

namespace quicether {

Dht::Dht(Environment& environment, DhtConfig config)
    : impl_{std::make_shared<Impl>(environment, nullptr, std::move(config))} {}

Dht::Dht(Environment& environment, Transport& transport, DhtConfig config)
    : impl_{std::make_shared<Impl>(environment, &transport, std::move(config))} {}

Dht::~Dht() {
  impl_->close();
}

result<void> Dht::open() {
  return impl_->open();
}

void Dht::close() noexcept {
  impl_->close();
}

bool Dht::is_open() const noexcept {
  return impl_->is_open();
}

SocketAddress Dht::local_endpoint() const noexcept {
  return impl_->local_endpoint();
}

void Dht::set_observer(DhtObserver* observer) noexcept {
  impl_->set_observer(observer);
}

void Dht::add_bootstrap(const std::vector<SocketAddress>& addresses) {
  impl_->add_bootstrap(addresses);
}

result<void> Dht::publish(dht::Item item) {
  return impl_->publish(std::move(item));
}

void Dht::unpublish(const dht::Id& target) noexcept {
  impl_->node().unpublish(target);
}

const dht::Node& Dht::node() const noexcept {
  return impl_->node();
}

boost::asio::any_io_executor Dht::get_executor() noexcept {
  return impl_->environment().get_executor();
}

void Dht::start(const Request& request, Handler handler) {
  impl_->start(request, std::move(handler));
}

void Dht::start_join(JoinHandler handler) {
  impl_->join(std::move(handler));
}

dht::Id item_target(const PublicKey& key, ConstBytes salt) {
  return dht::mutable_target(key, salt, detail::DhtCrypto{});
}

dht::Id item_target(ConstBytes value) {
  return dht::immutable_target(value, detail::DhtCrypto{});
}

dht::Item sign_item(const crypto::KeyPair& key,
                    ConstBytes value,
                    std::int64_t seq,
                    ConstBytes salt) {
  dht::Item item{{value.begin(), value.end()}, {salt.begin(), salt.end()}, std::nullopt};
  item.author =
      dht::ItemSignature{key.public_key(), seq, key.sign(dht::signed_bytes(salt, seq, value))};
  return item;
}

}  // namespace quicether
