#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/actor/timers.h"
#include "runtime/os/event_loop.h"
#include "runtime/os/host_port.h"

namespace unmask::rpc {

/// One GET, to hear whether the thread behind a server turns; what it says does not matter.
///
/// A refusal and a hang-up are signs of life too: only who says nothing at all is silent. Control
/// thread only.
class HttpProbe {
 public:
  struct Question {
    HostPort address;
    std::string path;
    Duration timeout;  ///< by `timers`
  };

  /// on_end: called once, never within this call, with whether there was a sign of life. It may
  /// destroy this. The loop and the timers outlive this.
  HttpProbe(EventLoop& loop, Timers& timers, const Question& question,
            std::function<void(bool is_alive)> on_end);
  /// Calls nobody any more.
  ~HttpProbe();
  HttpProbe(const HttpProbe&) = delete;
  HttpProbe& operator=(const HttpProbe&) = delete;

 private:
  class Exchange;
  const std::shared_ptr<Exchange> exchange_;
};

}  // namespace unmask::rpc
