#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages.h"
#include "runtime/actor/clock.h"
#include "tests/simulation/group_device.h"

namespace unmask::simulation {

/// What the client of one job saw, over all its connections.
struct JobHistory {
  std::vector<actors::Committed> blocks;
  std::vector<actors::Finished> ends;
  std::vector<actors::Rejected>
      refusals;      ///< for good; those that say "try again" were tried again
  Time submitted{};  ///< first
  Time ended{};      ///< last
  bool was_cancelled = false;
  bool resumes_by_itself = false;  ///< no library remembers all its blocks
};

/// Everything that the checks look at once a run is over.
struct History {
  std::map<JobId, JobHistory> jobs;
  std::vector<Time> deaths;       ///< of workers, as they were declared
  std::vector<Time> worker_ends;  ///< that a coordinator which lived on had to notice
  std::vector<Time> gateway_ends, coordinator_ends;
  std::vector<std::string> unexpected;  ///< messages that nobody takes, broken protocols
  DeviceFigures devices;
  int leaked_sequences = 0;
  int open_links = 0, expected_links = 0;
  double pages_used = 0;
  double dead_letters = 0;  ///< in processes that live
  double jobs_held = 0;     ///< by the coordinator, at the end
  std::uint64_t trace = 0;
  std::uint64_t events = 0;
};

}  // namespace unmask::simulation
