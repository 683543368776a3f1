#include "rpc/openai/http_clients.h"

#include <span>
#include <utility>

#include "runtime/base/digest.h"

namespace unmask::rpc {
namespace {

constexpr std::chrono::milliseconds kRetry{5};

std::uint64_t digest_of(const std::string& text) {
  Digest digest;
  digest.add(std::as_bytes(std::span(text)));
  return digest.value();
}

}  // namespace

PeerId HttpClients::open(std::size_t key, const std::string& address, OnMessage on_message) {
  const PeerId client = kMark | PeerId(key) << kKeyBit | ++last_;
  clients_[client] = {digest_of(address), std::make_shared<OnMessage>(std::move(on_message))};
  return client;
}

void HttpClients::close(PeerId client) {
  if (clients_.erase(client) == 0) return;
  retry([this, client] { return gateway_.client_down(client); });
}

bool HttpClients::send(PeerId client, actors::WireMessage message) {
  return waiting_.empty() && gateway_.deliver(client, std::move(message));
}

void HttpClients::send_surely(PeerId client, actors::WireMessage message) {
  retry([this, client, message = std::move(message)] { return gateway_.deliver(client, message); });
}

void HttpClients::take(actors::Outgoing outgoing) {
  const auto found = clients_.find(outgoing.to);
  if (found == clients_.end()) return;
  const std::shared_ptr<OnMessage> on_message = found->second.on_message;  // it may close
  (*on_message)(std::move(outgoing.message));
}

actors::Requester HttpClients::requester(PeerId client) const {
  const std::size_t key = (client & ~kMark) >> kKeyBit;
  const auto found = clients_.find(client);
  return {key == 0 ? "" : "api-key-" + std::to_string(key),
          found == clients_.end() ? 0 : found->second.process, false};
}

/// In the order of the calls.
void HttpClients::retry(std::function<bool()> action) {
  if (waiting_.empty() && action()) return;
  waiting_.push_back(std::move(action));
  if (waiting_.size() == 1) timer_ = timers_.after(kRetry, [this] { flush(); });
}

void HttpClients::flush() {
  while (!waiting_.empty() && waiting_.front()()) waiting_.pop_front();
  if (!waiting_.empty()) timer_ = timers_.after(kRetry, [this] { flush(); });
}

}  // namespace unmask::rpc
