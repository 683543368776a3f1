#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "rpc/http/http_probe.h"

namespace unmask::cli {

/// Asks a process for `/live`, for as long as this lives, and tells once when it hangs.
///
/// The timers come due by the clock of who watches: while that one was paused nobody is judged.
/// Control thread only; the loop and the timers outlive this.
class LiveWatch {
 public:
  // Together less than the five seconds for which a client tries to connect.
  static constexpr std::chrono::milliseconds kInterval{250};  ///< before a question
  static constexpr std::chrono::milliseconds kTimeout{1000};  ///< for its answer
  static constexpr int kMaxSilences = 3;                      ///< in a row: the process hangs

  /// http: of a process whose control thread turns, or is about to. on_hung may destroy this.
  LiveWatch(EventLoop& loop, Timers& timers, HostPort http, std::function<void()> on_hung);
  ~LiveWatch();
  LiveWatch(const LiveWatch&) = delete;
  LiveWatch& operator=(const LiveWatch&) = delete;

 private:
  void ask();
  void take(bool is_alive);

  EventLoop& loop_;
  Timers& timers_;
  const HostPort http_;
  const std::function<void()> on_hung_;
  TimerId timer_ = 0;
  int num_silences_ = 0;
  std::unique_ptr<rpc::HttpProbe> probe_;
};

}  // namespace unmask::cli
