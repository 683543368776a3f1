#include "runtime/cli/job/job_printer.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <string>
#include <utility>

#include "rpc/client/job_id.h"
#include "runtime/cli/command.h"
#include "runtime/cli/job/job_files.h"
#include "runtime/cli/text/characters.h"

namespace unmask::cli {
namespace {

double in_seconds(std::chrono::microseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

template <typename... Values>
std::string print_text(const char* format, Values... values) {
  char text[128];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

/// "12 tokens in 5 forwards (2.4 a forward), 0.21 s (57 tokens/s), first block after 0.08 s", in
/// the order in which they count.
std::vector<std::string> clauses_of(const actors::JobFigures& figures) {
  const double seconds = in_seconds(figures.duration);
  std::vector<std::string> clauses{
      print_text("%d tokens in %d forwards (%.1f a forward)", figures.tokens, figures.forwards,
                 figures.forwards > 0 ? double(figures.tokens) / double(figures.forwards) : 0.0),
      print_text("%.2f s (%.0f tokens/s)", seconds,
                 seconds > 0 ? double(figures.tokens) / seconds : 0.0)};
  if (figures.blocks > 0) {
    clauses.push_back(
        print_text("first block after %.2f s", in_seconds(figures.time_to_first_block)));
  }
  return clauses;
}

}  // namespace

JobPrinter::Options JobPrinter::options_for_this_process(bool json) {
  Options options;
  options.terminal = terminal_of(STDOUT_FILENO);
  options.terminal_now = [] { return terminal_of(STDOUT_FILENO); };
  options.shows_status = terminal_of(STDERR_FILENO).is_terminal;
  if (options.shows_status) options.status_width = [] { return terminal_of(STDERR_FILENO).width; };
  if (json) {
    options.style = Style::kJson;
  } else if (options.terminal.is_terminal) {
    options.style = Style::kCanvas;
  }
  return options;
}

JobPrinter::JobPrinter(const Options& options, std::FILE* out, std::FILE* status)
    : options_(options), out_(out), status_(status), canvas_(options.terminal) {}

actors::Subscription JobPrinter::subscription() const {
  return {.blocks = options_.style != Style::kJson,
          .frames = options_.style == Style::kCanvas,
          .trace = false};
}

ExitCode JobPrinter::show_id(const JobId& job) {
  clear_status();
  const std::string id = rpc::to_hex(job);
  write(options_.style == Style::kJson ? "{\"job\":\"" + id + "\"}\n" : id + "\n");
  return kOk;
}

void JobPrinter::show(const actors::Queued& queued) {
  if (!options_.shows_status) {
    // In a pipe: once for each reason, or nobody would know why nothing comes.
    if (queued.reason.empty() || queued.reason == told_reason_) return;
    told_reason_ = queued.reason;
    return print("unmask: " + queued.reason);
  }
  clear_status();
  std::string line = "waiting at place " + std::to_string(queued.place);
  if (!queued.reason.empty()) line += ": " + printable(queued.reason);
  std::fputs(fitting({line}).c_str(), status_);
  std::fflush(status_);
  has_status_line_ = true;
}

void JobPrinter::show(const actors::Frame& frame) {
  clear_status();
  if (options_.style != Style::kCanvas) return;
  follow_size();
  write(canvas_.show(frame));
}

void JobPrinter::show(const actors::Committed& block) {
  clear_status();
  if (options_.style == Style::kCanvas) {
    follow_size();
    write(canvas_.show(block));
  }
  if (options_.style == Style::kStream) {
    write(options_.terminal.is_tty ? printable_lines(block.text) : block.text);
  }
}

ExitCode JobPrinter::show(const actors::Finished& finished) {
  clear_status();
  switch (options_.style) {
    case Style::kCanvas:
      follow_size();
      write(finished.reason == actors::FinishReason::kStop ||
                    finished.reason == actors::FinishReason::kLength
                ? canvas_.finish()
                : canvas_.abandon());
      break;
    case Style::kStream:
      if (!ends_with_newline_) write("\n");
      break;
    case Style::kJson:
      write(to_json(finished) + "\n");
      break;
  }
  return show_end(finished);
}

ExitCode JobPrinter::show(const actors::Rejected& rejected) {
  clear_status();
  if (options_.style == Style::kJson) write(to_json(rejected) + "\n");
  return report(rejected.error);
}

ExitCode JobPrinter::show_end(const actors::Finished& finished) {
  switch (finished.reason) {
    case actors::FinishReason::kStop:
    case actors::FinishReason::kLength:
      // In a pipe they stand beside the text; JSON has them itself.
      if (options_.shows_status || options_.style != Style::kJson) {
        print(fitting(clauses_of(finished.figures)));
      }
      return kOk;
    case actors::FinishReason::kCancelled:
      print("unmask: cancelled; the text is what was finished by then");
      return kInterrupted;
    case actors::FinishReason::kDeadline:
      print("unmask: the deadline passed; the text is what was finished by then");
      return kFailed;
    case actors::FinishReason::kError:
      break;
  }
  const Error error = finished.error.value_or(Error{ErrorCode::kInternal, "the job failed"});
  return report(error, error.code == ErrorCode::kUnavailable ? kDeviceLost : kFailed);
}

void JobPrinter::write(std::string_view text) {
  if (text.empty()) return;
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fflush(out_);
  ends_with_newline_ = text.ends_with('\n');
}

void JobPrinter::print(const std::string& sentence) {
  std::fprintf(status_, "%s\n", printable(sentence).c_str());
}

void JobPrinter::leave() {
  clear_status();
  if (options_.style == Style::kCanvas && !ends_with_newline_) write(canvas_.abandon());
}

void JobPrinter::follow_size() {
  if (!options_.terminal_now) return;
  const Terminal now = options_.terminal_now();
  canvas_.resize(now.width, now.height);
}

std::string JobPrinter::fitting(const std::vector<std::string>& clauses) const {
  // One column is left free: a terminal whose last one is written may go on to the next line.
  const int width = options_.status_width ? options_.status_width() - 1 : INT_MAX;
  std::string line = first_columns(clauses.front(), width);
  for (std::size_t i = 1; i < clauses.size(); ++i) {
    std::string longer = line + ", " + clauses[i];
    if (longer.size() > std::size_t(std::max(width, 0))) break;
    line = std::move(longer);
  }
  return line;
}

void JobPrinter::clear_status() {
  if (!std::exchange(has_status_line_, false)) return;
  std::fputs("\r\x1b[K", status_);
  std::fflush(status_);
}

}  // namespace unmask::cli
