#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "rpc/client/connection.h"
#include "rpc/http/http_exchange.h"
#include "runtime/actor/timers.h"
#include "runtime/cli/top/top_snapshot.h"
#include "runtime/os/event_loop.h"

namespace unmask::cli {

/// Asks a cluster how it is, again and again: the gateway for members and jobs, every process for
/// its metrics. A gateway that goes away is asked until it is back.
class TopWatch {
 public:
  struct Options {
    rpc::ClientConnection::Options gateway;
    Duration interval;  ///< from one snapshot to the next question
  };
  struct Events {
    std::function<void(const TopSnapshot& snapshot)> on_snapshot;
    /// The gateway does not answer any more, and why; it is asked again.
    std::function<void(const Error& why)> on_lost;
  };

  /// All outlive this.
  TopWatch(EventLoop& loop, const Clock& clock, Timers& timers, Options options, Events events);
  ~TopWatch();
  TopWatch(const TopWatch&) = delete;
  TopWatch& operator=(const TopWatch&) = delete;

  /// Errors  those of ClientConnection::open
  [[nodiscard]] Result<> start();

 private:
  void ask();
  void ask_for_jobs();
  void ask_for_metrics();
  void take_metrics(const std::string& http);
  void finish();
  void lose(const Error& why);
  void ask_later();
  [[nodiscard]] Result<> connect();

  EventLoop& loop_;
  const Clock& clock_;
  Timers& timers_;
  const Options options_;
  const Events events_;
  std::unique_ptr<rpc::ClientConnection> connection_;
  TimerId timer_ = 0;    // for the next question
  TimerId silence_ = 0;  // for the gateway's answers
  TopSnapshot next_;     // as far as it is known
  std::optional<TopSnapshot> last_;
  std::map<std::string, std::string> bodies_;  // of those that answer, by http
  std::map<std::string, std::unique_ptr<rpc::HttpExchange>> asked_;
};

}  // namespace unmask::cli
