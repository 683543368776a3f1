#pragma once

#include <cstddef>
#include <cstdio>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages.h"
#include "rpc/client/client.h"
#include "runtime/actor/clock.h"
#include "runtime/actor/timers.h"
#include "runtime/cli/exit_code.h"

namespace unmask::cli {

/// The jobs of a jobs.jsonl, some of them in flight at once; one JSON object a job, in the order
/// of the lines.
///
/// A line that cannot be a job is a result that says so. A job that finds the server full is sent
/// again for a while. Results that wait for an earlier one are bounded.
class JobBatch {
 public:
  struct Options {
    std::size_t concurrency = 8;
    bool shows_progress = false;  ///< a line on `status` that is drawn again and again
  };

  /// common: what lines do not say themselves.
  JobBatch(rpc::Client& client, const Clock& clock, Timers& timers, Options options,
           const std::string& text, actors::Submit common);

  /// `on_end`, once: kOk if every job went well, kFailed if one did not, kInterrupted after
  /// cancel(); an error if the cluster cannot be reached or `out` cannot be written. A reader of
  /// `out` that leaves ends it too, with kOk. The files outlive this.
  void start(std::FILE* out, std::FILE* status, std::function<void(Result<ExitCode>)> on_end);

  /// Ends the jobs in flight, starts no others.
  void cancel();

 private:
  void fill();
  void begin(std::size_t line);
  void submit(std::size_t line, const actors::Submit& job, int attempt);
  void job_ended(std::size_t line, const actors::Submit& job, int attempt,
                 const Result<actors::Finished>& end);
  void settle(std::size_t line, const std::string& result);
  void lose_output();
  void end(Result<ExitCode> result);
  void show_progress();
  [[nodiscard]] std::string summary() const;
  [[nodiscard]] double seconds() const;

  rpc::Client& client_;
  const Clock& clock_;
  Timers& timers_;
  const Options options_;
  actors::Submit common_;
  std::vector<std::string> lines_;
  std::FILE* out_ = nullptr;
  std::FILE* status_ = nullptr;
  std::function<void(Result<ExitCode>)> on_end_;
  Time began_{};
  std::size_t next_ = 0;                        // line to begin
  std::size_t num_printed_ = 0;                 // results, in order
  std::map<std::size_t, std::string> results_;  // that wait for an earlier one
  std::map<std::size_t, JobId> in_flight_;
  std::map<std::size_t, std::string> ids_;  // of what has no result yet: see JobLine
  std::size_t num_written_ = 0;             // results that are out for good
  std::size_t num_failed_ = 0;
  std::int64_t num_tokens_ = 0;
  bool is_cancelled_ = false;
  std::optional<Result<ExitCode>> lost_;  // the end, when nobody will see the results
};

}  // namespace unmask::cli
