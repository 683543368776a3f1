#pragma once

#include <limits>
#include <string>
#include <vector>

#include "actors/messages.h"
#include "runtime/cli/bench/goodput.h"
#include "runtime/cli/bench/load.h"
#include "runtime/cli/bench/load_run.h"
#include "runtime/cli/command_line.h"

namespace unmask::cli {

/// The flags of `unmask bench serve` that say what load to put on a server, and what to tell of it.
struct LoadOptions {
  int num_prompts = 100;
  int num_warmups = 0;
  double rate = std::numeric_limits<double>::infinity();  ///< requests a second
  double burstiness = 1;
  int max_concurrency = 0;  ///< 0: no bound
  int seed = 0;
  std::string dataset;           ///< a file; empty: the built-in prompts
  std::vector<std::string> set;  ///< name=value, of the jobs
  std::string model;
  std::string goodput;
  std::vector<Objective> objectives;  ///< of `goodput`
  std::vector<double> percents{50, 90, 95, 99};
  bool json = false;
  std::string output;  ///< a file for the JSON; empty: none

  void add_to(Command command);

  /// Errors  kInvalidArgument: a parameter that is none, a dataset that cannot be read
  [[nodiscard]] Result<Load::Options> load() const;
  /// All that is known of the run before it begins.
  [[nodiscard]] LoadRun run() const;

 private:
  void add_sending_to(Command command);
  void add_jobs_to(Command command);
  void add_report_to(Command command);
  [[nodiscard]] Result<std::vector<actors::Submit>> jobs() const;
};

/// What help says of the figures: their exact meaning.
[[nodiscard]] const char* load_figures_help();

}  // namespace unmask::cli
