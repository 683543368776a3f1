#include "tests/bench/serving/job_load.h"

#include <chrono>

#include "rpc/client/job_id.h"
#include "tests/bench/serving/run_until.h"

namespace unmask::bench {
namespace {

constexpr const char* kPrompts[JobLoad::kNumJobs] = {
    "Sort these numbers from small to large: 96, 95, 41, 60",
    "Start at 15 and add 4 each time, 9 numbers.",
    "Times table of 3, please.",
    "Start at 3 and add 4 each time, 7 numbers.",
    "Sort these numbers from small to large: 12, 81, 33, 7, 54",
    "Times table of 7, please.",
    "Start at 20 and add 5 each time, 8 numbers.",
    "Sort these numbers from small to large: 5, 72, 18",
};

}  // namespace

Result<JobLoad::Outcome> JobLoad::run() {
  const SteadyClock clock;
  const Time begin = clock.now();
  while (num_submitted_ < max_at_once_ && num_submitted_ < kNumJobs) submit_next();
  run_until(loop_, [&] { return num_ended_ == num_submitted_; });
  outcome_.seconds = std::chrono::duration<double>(clock.now() - begin).count();
  if (error_) return *error_;
  return outcome_;
}

void JobLoad::submit_next() {
  actors::Submit submit;
  submit.job = rpc::random_job_id();
  submit.input = actors::TextInput{kPrompts[num_submitted_++], false};
  submit.parameters = {{"cache", cache_}};
  rpc::JobEvents events;
  events.on_end = [this](const Result<actors::Finished>& end) { take_end(end); };
  const Result<> submitted = client_.submit(std::move(submit), std::move(events));
  if (!submitted) take_end(submitted.error());
}

void JobLoad::take_end(const Result<actors::Finished>& end) {
  ++num_ended_;
  if (!end) {
    error_ = end.error();
  } else if (end->error) {
    error_ = end->error;
  } else {
    outcome_.tokens += end->figures.tokens;
    outcome_.forwards += end->figures.forwards;
  }
  if (!error_ && num_submitted_ < kNumJobs) submit_next();
}

}  // namespace unmask::bench
