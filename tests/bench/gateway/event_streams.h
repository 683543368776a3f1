#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/descriptor.h"
#include "runtime/base/result.h"
#include "runtime/os/host_port.h"

namespace unmask::bench {

/// Many streams of chats at once, read as they come by one thread. Connections are kept from one
/// run to the next.
class EventStreams {
 public:
  using OnText = std::function<void(std::string& text)>;

  /// Errors  kUnavailable: not so many connections can be had
  static Result<std::unique_ptr<EventStreams>> connect(const HostPort& server, int num_streams);

  /// Asks over every connection. on_text: takes what it has understood of the text so far off it.
  /// Returns when all streams have ended.
  ///
  /// Errors  kUnavailable: a stream that was refused, or broke
  Result<> run(const OnText& on_text);
  /// The same, but returns when all streams have begun, and leaves them as they are.
  Result<> open();

 private:
  struct Stream {
    Descriptor socket;
    std::string received;
    std::size_t num_searched = 0;  ///< of it, for the end
    bool is_done = false;
  };

  EventStreams() = default;
  Result<> ask();
  /// Until every stream has this in what it received.
  Result<> read_until(std::string_view end, const OnText& on_text);
  Result<> read(Stream& stream);

  Descriptor epoll_;
  std::vector<Stream> streams_;
};

}  // namespace unmask::bench
