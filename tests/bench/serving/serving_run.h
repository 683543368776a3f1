#pragma once

#include <string>

namespace unmask::bench {

/// The same jobs through a whole cluster, so many of them at once.
struct ServingRun {
  std::string cache;  ///< the jobs' cache policy
  int num_workers = 0;
  int burst = 1;  ///< forwards that workers may make without being asked
  int num_jobs = 0;
  int max_at_once = 0;
  double seconds = 0;             ///< from the first submission to the last end, at the client
  double tokens = 0;              ///< generated
  double forwards = 0;            ///< of all jobs together
  double steps = 0;               ///< forwards of all that run together
  double burst_steps = 0;         ///< of these, that the workers asked themselves for
  double overhead_seconds = 0;    ///< the coordinator's, between steps
  double collective_seconds = 0;  ///< of one worker: waiting for the others included
  double processor_seconds = 0;   ///< of all processes of the cluster

  [[nodiscard]] double tokens_per_second() const { return tokens / seconds; }
  [[nodiscard]] double forwards_per_step() const { return steps > 0 ? forwards / steps : 0; }
  [[nodiscard]] double round_trips_per_step() const {
    return steps > 0 ? (steps - burst_steps) / steps : 0;
  }
  [[nodiscard]] double overhead_ms_per_step() const { return per_step_ms(overhead_seconds); }
  [[nodiscard]] double collective_ms_per_step() const { return per_step_ms(collective_seconds); }

 private:
  [[nodiscard]] double per_step_ms(double sum) const { return steps > 0 ? sum / steps * 1e3 : 0; }
};

}  // namespace unmask::bench
