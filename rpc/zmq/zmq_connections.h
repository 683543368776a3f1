#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/base/ids.h"

namespace unmask::rpc {

/// The connections of a ROUTER, and whose a frame is.
///
/// A connection is known by its descriptor since it was accepted, and by the routing id that libzmq
/// gave it since its first frame. Frames may be read after their connection was closed, and its
/// descriptor names another one then; routing ids are counted up, and never used again.
class ZmqConnections {
 public:
  struct Connection {
    [[nodiscard]] bool is_silent() const { return routing_id.empty(); }

    PeerId peer = 0;
    int descriptor = -1;
    bool is_open = true;  ///< else the descriptor may be another connection's by now
    std::string routing_id{};
    bool is_ended = false;        ///< by us: what it sends is not read any more
    bool has_spoken = false;      ///< a frame was read since the last look at num_bytes
    std::uint64_t num_bytes = 0;  ///< received up to the last look after a frame
  };

  Connection& accept(int descriptor);
  /// What it sent before may still be read. Null: there was none.
  Connection* close(int descriptor);

  [[nodiscard]] Connection* find(PeerId peer);
  [[nodiscard]] Connection* find(std::string_view routing_id);
  /// Whose the first frame of a routing id is, which find() does not know yet, by the descriptor
  /// that it came from. Null: that connection is not known any more. A connection whose peer names
  /// itself is ended by this: it could take another's name.
  [[nodiscard]] Connection* identify(std::string_view routing_id, int descriptor);

  /// The peers of closed connections, which may be forgotten when no frame waits.
  [[nodiscard]] std::vector<PeerId> closed() const;
  void forget(PeerId peer);
  void for_each_open(const std::function<void(Connection&)>& look);

  [[nodiscard]] std::size_t size() const { return connections_.size(); }

 private:
  PeerId last_peer_ = 0;
  std::unordered_map<PeerId, Connection> connections_;
  std::map<int, PeerId> by_descriptor_;  // the last one that had it
  std::map<std::string, PeerId, std::less<>> by_routing_id_;
};

}  // namespace unmask::rpc
