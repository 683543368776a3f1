#include "rpc/zmq/zmq_connections.h"

#include <utility>

#include "runtime/base/check.h"

namespace unmask::rpc {
namespace {

/// What libzmq gives: a zero and a number of 32 bits, most significant byte first.
constexpr std::size_t kGivenBytes = 5;

bool is_given(std::string_view routing_id) {
  return routing_id.size() == kGivenBytes && routing_id[0] == '\0';
}

std::uint32_t number_of(std::string_view routing_id) {
  std::uint32_t number = 0;
  for (const char byte : routing_id.substr(1)) number = number << 8 | std::uint8_t(byte);
  return number;
}

/// Also when the numbers start again at 0.
bool is_newer(std::string_view routing_id, std::string_view than) {
  return std::int32_t(number_of(routing_id) - number_of(than)) > 0;
}

}  // namespace

ZmqConnections::Connection& ZmqConnections::accept(int descriptor) {
  close(descriptor);
  const PeerId peer = ++last_peer_;
  by_descriptor_[descriptor] = peer;
  return connections_[peer] = {.peer = peer, .descriptor = descriptor};
}

ZmqConnections::Connection* ZmqConnections::close(int descriptor) {
  const auto found = by_descriptor_.find(descriptor);
  if (found == by_descriptor_.end()) return nullptr;
  Connection& connection = connections_.at(found->second);
  return std::exchange(connection.is_open, false) ? &connection : nullptr;
}

ZmqConnections::Connection* ZmqConnections::find(PeerId peer) {
  const auto found = connections_.find(peer);
  return found == connections_.end() ? nullptr : &found->second;
}

ZmqConnections::Connection* ZmqConnections::find(std::string_view routing_id) {
  const auto found = by_routing_id_.find(routing_id);
  return found == by_routing_id_.end() ? nullptr : &connections_.at(found->second);
}

ZmqConnections::Connection* ZmqConnections::identify(std::string_view routing_id, int descriptor) {
  UNMASK_CHECK(find(routing_id) == nullptr);
  const auto found = by_descriptor_.find(descriptor);
  if (found == by_descriptor_.end()) return nullptr;
  Connection* connection = &connections_.at(found->second);
  if (!is_given(routing_id)) {
    connection->is_ended = true;
    return connection;
  }
  if (!connection->is_silent()) {
    // Two routing ids say that they came over one connection: the older one's is closed.
    if (!connection->is_open || !is_newer(routing_id, connection->routing_id)) return nullptr;
    connection = &accept(descriptor);
  }
  connection->routing_id = routing_id;
  by_routing_id_[connection->routing_id] = connection->peer;
  return connection;
}

std::vector<PeerId> ZmqConnections::closed() const {
  std::vector<PeerId> peers;
  for (const auto& [peer, connection] : connections_) {
    if (!connection.is_open) peers.push_back(peer);
  }
  return peers;
}

void ZmqConnections::forget(PeerId peer) {
  const auto found = connections_.find(peer);
  if (found == connections_.end()) return;
  const auto its_descriptor = by_descriptor_.find(found->second.descriptor);
  if (its_descriptor != by_descriptor_.end() && its_descriptor->second == peer) {
    by_descriptor_.erase(its_descriptor);
  }
  by_routing_id_.erase(found->second.routing_id);
  connections_.erase(found);
}

void ZmqConnections::for_each_open(const std::function<void(Connection&)>& look) {
  for (auto& [peer, connection] : connections_) {
    if (connection.is_open) look(connection);
  }
}

}  // namespace unmask::rpc
