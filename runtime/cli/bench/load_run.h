#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "runtime/cli/bench/load_figures.h"
#include "runtime/cli/bench/request_record.h"

namespace unmask::cli {

/// What was asked of a load, and how it ended: all of a report.
struct LoadRun {
  std::string date;  ///< of its beginning, UTC: 2026-11-30T13:05:14Z
  std::string endpoint;
  std::string version;  ///< of this program
  std::string dataset;  ///< a file, or "built-in"
  std::size_t num_prompts = 0;
  std::size_t num_warmups = 0;
  double rate = std::numeric_limits<double>::infinity();  ///< requests a second
  double burstiness = 1;
  std::size_t max_concurrency = 0;  ///< 0: no bound
  std::uint64_t seed = 0;
  std::string goodput;                                          ///< as it was given
  std::vector<std::pair<std::string, std::string>> parameters;  ///< of the jobs
  bool is_interrupted = false;
  std::size_t num_cancelled = 0;  ///< in flight when it was interrupted: in no figure
  std::vector<RequestRecord> records;
  LoadFigures figures;
};

}  // namespace unmask::cli
