/// What clients ask of a cluster, and what it says of itself.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/messages/jobs.h"
#include "actors/messages/membership.h"
#include "runtime/base/ids.h"
#include "runtime/base/result.h"

namespace unmask::actors {

/// Of the jobs that the requester owns.
struct ListJobs {
  std::uint64_t request = 0;
  Requester requester{};
};
struct JobSummary {
  enum class State : std::uint8_t { kQueued, kRunning, kFinished };

  JobId job;
  std::string client;  ///< Requester::name()
  State state = State::kQueued;
  std::int32_t tokens = 0;
  std::int32_t forwards = 0;
  std::int32_t block = 0;
  std::int32_t num_blocks = 0;
  std::chrono::milliseconds age{0};  ///< since it was accepted; of a finished one, until its end
  std::string outcome;               ///< if finished
  std::chrono::milliseconds run_time{0};  ///< of its age, since it last began to run
};
constexpr std::string_view name_of(JobSummary::State state) {
  constexpr std::string_view kNames[] = {"queued", "running", "finished"};
  return kNames[std::size_t(state)];
}
struct JobList {
  std::uint64_t request = 0;
  std::vector<JobSummary> jobs;
  std::optional<Error> error;  ///< instead of jobs
};

struct MemberStatus {
  ProcessIdentity process;
  std::string state;   ///< absent, loading, joining, ready, dead
  std::string phase;   ///< of loading
  float progress = 0;  ///< of the phase, 0 to 1
};
struct GetStatus {
  std::uint64_t request = 0;
};
struct ClusterStatus {
  std::uint64_t request = 0;
  std::string version;
  std::string model;
  Epoch epoch = 0;
  bool is_ready = false;
  std::int32_t jobs_running = 0;
  std::int32_t jobs_waiting = 0;
  std::int64_t kv_pages_used = 0;
  std::int64_t kv_pages_total = 0;
  /// Since a step ended, or since there was nothing to be done; 0 while there is nothing.
  std::chrono::milliseconds since_progress{0};
  std::string durability;  ///< what a coordinator restart loses
  std::vector<MemberStatus> members;
  std::optional<Error> error;  ///< instead of all but the request
};

}  // namespace unmask::actors
