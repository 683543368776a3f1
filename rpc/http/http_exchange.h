#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/actor/timers.h"
#include "runtime/base/result.h"
#include "runtime/os/event_loop.h"
#include "runtime/os/host_port.h"

namespace unmask::rpc {

/// One request over HTTP/1.1 on a connection of its own, whose answer is heard as it comes.
///
/// Control thread only; a name is looked up within the constructor, which may wait.
class HttpExchange {
 public:
  struct Question {
    HostPort address;
    std::string method = "GET";
    std::string path = "/";
    std::vector<std::pair<std::string, std::string>> headers{};  ///< without control characters
    std::string body{};
    Duration max_silence = std::chrono::seconds(10);  ///< from one sign of the server to its next
    std::size_t max_body_bytes = std::size_t(64) << 20;  ///< of the answer
  };
  /// None is called within the constructor; any may destroy this.
  struct Events {
    std::function<void(int status)> on_head{};
    std::function<void(std::string_view bytes)> on_body{};
    /// Once, the last call: the whole answer was heard, or kUnavailable and why not, in a sentence.
    std::function<void(const Result<>& end)> on_end{};
  };

  /// The loop and the timers outlive this.
  HttpExchange(EventLoop& loop, Timers& timers, const Question& question, Events events);
  /// Closes the connection, calls nobody any more.
  ~HttpExchange();
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

 private:
  class Open;
  const std::shared_ptr<Open> open_;
};

}  // namespace unmask::rpc
