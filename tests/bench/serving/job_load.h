#pragma once

#include <string>

#include "rpc/client/client.h"
#include "runtime/actor/clock.h"
#include "runtime/os/event_loop.h"

namespace unmask::bench {

/// Eight jobs, always the same, so many of them at once.
class JobLoad {
 public:
  static constexpr int kNumJobs = 8;

  struct Outcome {
    double seconds = 0;
    int tokens = 0;
    int forwards = 0;
  };

  /// client: lives on `loop`
  JobLoad(EventLoop& loop, rpc::Client& client, std::string cache, int max_at_once)
      : loop_(loop), client_(client), cache_(std::move(cache)), max_at_once_(max_at_once) {}

  /// Returns when all have ended.
  ///
  /// Errors  the first job's that was not finished
  Result<Outcome> run();

 private:
  void submit_next();
  void take_end(const Result<actors::Finished>& end);

  EventLoop& loop_;
  rpc::Client& client_;
  const std::string cache_;
  const int max_at_once_;
  int num_submitted_ = 0;
  int num_ended_ = 0;
  Outcome outcome_;
  std::optional<Error> error_;
};

}  // namespace unmask::bench
