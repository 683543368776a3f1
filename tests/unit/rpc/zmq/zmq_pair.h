#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rpc/links.h"
#include "rpc/zmq/zmq_dialer.h"
#include "rpc/zmq/zmq_listener.h"
#include "runtime/os/asio_timers.h"
#include "runtime/simulation/recorded_metrics.h"

namespace unmask::rpc {

inline const HostPort kAnyPort{"127.0.0.1", 0};

/// Runs `loop` until `is_done`; false if that took longer than anything here may take.
inline bool run_until(EventLoop& loop, const std::function<bool()>& is_done) {
  constexpr std::chrono::seconds kLimit{30};
  const Time begin = SteadyClock().now();
  while (!is_done()) {
    if (SteadyClock().now() - begin > kLimit) return false;
    loop.context().restart();
    loop.context().run_one_for(std::chrono::seconds(1));
  }
  return true;
}

/// A transport's user that keeps what it hears.
struct Ear {
  TransportEvents events() {
    return {[this](PeerId peer, const std::string& key) {
              ups.push_back(peer);
              keys.push_back(key);
            },
            [this](PeerId peer, Bytes frame) { frames.emplace_back(peer, std::move(frame)); },
            [this](PeerId peer, DownReason reason) { downs.emplace_back(peer, reason); }};
  }

  std::vector<PeerId> ups;
  std::vector<std::string> keys;  // of ups
  std::vector<std::pair<PeerId, Bytes>> frames;
  std::vector<std::pair<PeerId, DownReason>> downs;
};

inline Bytes bytes_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

}  // namespace unmask::rpc
