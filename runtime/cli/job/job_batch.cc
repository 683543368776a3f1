#include "runtime/cli/job/job_batch.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "rpc/client/job_id.h"
#include "runtime/cli/job/job_files.h"
#include "runtime/cli/job/job_line.h"
#include "runtime/cli/text/characters.h"
#include "runtime/cli/text/output_state.h"
#include "runtime/cli/text/terminal.h"

namespace unmask::cli {
namespace {

constexpr std::size_t kMaxResults = 1024;              // that wait for an earlier one
constexpr std::chrono::milliseconds kRetryPause{500};  // when the server is full
constexpr int kMaxAttempts = 120;

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) lines.emplace_back(line);
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return lines;
}

template <typename... Values>
std::string print(const char* format, Values... values) {
  char text[200];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

}  // namespace

JobBatch::JobBatch(rpc::Client& client, const Clock& clock, Timers& timers, Options options,
                   const std::string& text, actors::Submit common)
    : client_(client),
      clock_(clock),
      timers_(timers),
      options_(options),
      common_(std::move(common)),
      lines_(lines_of(text)) {
  common_.subscription = {.blocks = false, .frames = false, .trace = false};
}

void JobBatch::start(std::FILE* out, std::FILE* status,
                     std::function<void(Result<ExitCode>)> on_end) {
  out_ = out;
  status_ = status;
  on_end_ = std::move(on_end);
  began_ = clock_.now();
  fill();
}

void JobBatch::cancel() {
  is_cancelled_ = true;
  if (in_flight_.empty()) return end(kInterrupted);
  for (const auto& [line, id] : std::map(in_flight_)) client_.cancel(id);
}

/// Begins jobs while there is room, and ends when there are none.
void JobBatch::fill() {
  while (!is_cancelled_ && on_end_ && next_ < lines_.size() &&
         in_flight_.size() < options_.concurrency && next_ - num_printed_ < kMaxResults) {
    begin(next_++);
  }
  show_progress();
  if (!in_flight_.empty() || (next_ < lines_.size() && !is_cancelled_)) return;
  if (lost_) return end(*lost_);
  end(is_cancelled_ ? kInterrupted : num_failed_ > 0 ? kFailed : kOk);
}

void JobBatch::begin(std::size_t line) {
  JobLine job = parse_job_line(lines_[line], common_);
  ids_[line] = std::move(job.ids);
  if (job.submit) return submit(line, *job.submit, 1);
  ++num_failed_;
  const Error error{job.submit.error().code,
                    "job " + std::to_string(line + 1) + ": " + job.submit.error().message};
  settle(line, to_json(actors::Rejected{rpc::random_job_id(), error}));
}

void JobBatch::submit(std::size_t line, const actors::Submit& job, int attempt) {
  in_flight_[line] = job.job;
  rpc::JobEvents events;
  events.on_end = [this, line, job, attempt](const Result<actors::Finished>& result) {
    job_ended(line, job, attempt, result);
    fill();
  };
  const Result<> submitted = client_.submit(job, std::move(events));
  if (!submitted) job_ended(line, job, attempt, submitted.error());
}

void JobBatch::job_ended(std::size_t line, const actors::Submit& job, int attempt,
                         const Result<actors::Finished>& result) {
  if (client_.failure()) return end(*client_.failure());
  if (!result && result.error().code == ErrorCode::kOverloaded && attempt < kMaxAttempts &&
      !is_cancelled_) {
    timers_.after(kRetryPause, [this, line, job, attempt] {
      if (is_cancelled_) {
        settle(line, to_json(actors::Rejected{job.job, {ErrorCode::kCancelled, "cancelled"}}));
        return fill();
      }
      submit(line, job, attempt + 1);
    });
    return;
  }
  const bool is_good = result && (result->reason == actors::FinishReason::kStop ||
                                  result->reason == actors::FinishReason::kLength);
  if (!is_good) ++num_failed_;
  if (result) num_tokens_ += result->figures.tokens;
  settle(line, result ? to_json(*result) : to_json(actors::Rejected{job.job, result.error()}));
}

void JobBatch::settle(std::size_t line, const std::string& result) {
  in_flight_.erase(line);
  const auto ids = ids_.extract(line);
  results_.emplace(line, with_ids(ids.mapped(), result));
  while (!results_.empty() && results_.begin()->first == num_printed_) {
    std::fprintf(out_, "%s\n", results_.begin()->second.c_str());
    results_.erase(results_.begin());
    ++num_printed_;
    if (std::fflush(out_) == 0 && std::ferror(out_) == 0) num_written_ = num_printed_;
  }
  if (output_state(out_) != OutputState::kGood) lose_output();
}

/// Nobody will see what is made from here on: the jobs in flight end, no others begin.
void JobBatch::lose_output() {
  if (is_cancelled_) return;
  is_cancelled_ = true;
  if (output_state(out_) == OutputState::kUnread) {
    lost_ = kOk;
  } else {
    lost_ =
        Error{ErrorCode::kInternal, "stdout cannot be written: " + std::to_string(num_written_) +
                                        " of " + std::to_string(lines_.size()) + " results were"};
  }
  for (const auto& [line, id] : std::map(in_flight_)) client_.cancel(id);
}

void JobBatch::end(Result<ExitCode> result) {
  if (!on_end_) return;
  if (options_.shows_progress) std::fputs("\r\x1b[K", status_);
  if (result && !lost_) std::fprintf(status_, "%s\n", summary().c_str());
  std::exchange(on_end_, nullptr)(std::move(result));
}

void JobBatch::show_progress() {
  if (!options_.shows_progress || !on_end_) return;
  const std::size_t done = num_printed_ + results_.size();
  std::string line =
      print("%zu of %zu jobs, %zu in flight", done, lines_.size(), in_flight_.size());
  if (done > 0) {
    const double left = seconds() / double(done) * double(lines_.size() - done);
    line += print(", %.0f tokens/s, about %.0f s left", double(num_tokens_) / seconds(), left);
  }
  const int width = terminal_of(fileno(status_)).width - 1;  // a line that wraps is not drawn over
  std::fprintf(status_, "\r%s\x1b[K", first_columns(line, width).c_str());
  std::fflush(status_);
}

std::string JobBatch::summary() const {
  const std::size_t done = num_printed_ + results_.size();
  return print("%zu of %zu jobs, %zu failed: %lld tokens in %.1f s (%.0f tokens/s)", done,
               lines_.size(), num_failed_, (long long)num_tokens_, seconds(),
               double(num_tokens_) / seconds());
}

double JobBatch::seconds() const {
  return std::max(std::chrono::duration<double>(clock_.now() - began_).count(), 1e-3);
}

}  // namespace unmask::cli
