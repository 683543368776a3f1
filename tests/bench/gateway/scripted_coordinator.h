#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "actors/role/dispatch.h"
#include "model/tokenizer/tokenizer.h"
#include "runtime/actor/clock.h"
#include "runtime/actor/timers.h"

namespace unmask::bench {

/// What every job of a run does: one block every `interval`, each job at a time of its own.
struct BlockScript {
  int num_blocks = 0;  ///< 0: the job says nothing until it is cancelled
  Duration interval{0};
};

/// Takes the place of a coordinator: its jobs compute nothing, and are due to the microsecond. On
/// the gateway's thread.
class ScriptedCoordinator {
 public:
  /// A block's text says whose it is: `#JOB:BLOCK;`.
  struct Place {
    int job = 0;  ///< in the order of admission
    int block = 0;

    bool operator<(const Place& other) const {
      return job != other.job ? job < other.job : block < other.block;
    }
  };

  ScriptedCoordinator(Timers& timers, const tokenizer::Tokenizer& tokenizer)
      : timers_(timers), tokenizer_(tokenizer) {}

  /// Before anything is sent: where its answers go, as a peer's.
  void answer_through(actors::Dispatch gateway) { gateway_ = std::move(gateway); }
  static constexpr PeerId kPeer = 1;

  /// For the jobs from here on, which are counted from 0 again.
  void set_script(const BlockScript& script);
  void take(const actors::Outgoing& outgoing);

  /// When it was to be sent.
  [[nodiscard]] Time due(const Place& place) const;

 private:
  struct Job {
    JobId id;
    int index = 0;
    Time accepted_at{};
  };

  void admit(const actors::Admit& admit);
  void send_next(Job job, int block);
  void finish(JobId job, actors::FinishReason reason);
  void send(actors::WireMessage message);

  Timers& timers_;
  const tokenizer::Tokenizer& tokenizer_;
  actors::Dispatch gateway_;
  SteadyClock clock_;
  BlockScript script_;
  std::vector<Time> accepted_at_;
};

/// All places named in `text`, in order; what is no whole one at its end is left in it.
std::vector<ScriptedCoordinator::Place> take_places(std::string& text);

}  // namespace unmask::bench
