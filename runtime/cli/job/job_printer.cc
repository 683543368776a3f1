#include "runtime/cli/job/job_printer.h"

#include <unistd.h>

#include <chrono>
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

/// "12 tokens in 5 forwards (2.4 a forward), 0.21 s (57 tokens/s), first block after 0.08 s".
std::string sentence_of(const actors::JobFigures& figures) {
  const double seconds = in_seconds(figures.duration);
  char text[200];
  std::snprintf(text, sizeof text,
                "%d tokens in %d forwards (%.1f a forward), %.2f s (%.0f tokens/s)", figures.tokens,
                figures.forwards,
                figures.forwards > 0 ? double(figures.tokens) / double(figures.forwards) : 0.0,
                seconds, seconds > 0 ? double(figures.tokens) / seconds : 0.0);
  if (figures.blocks == 0) return text;
  char first_block[64];
  std::snprintf(first_block, sizeof first_block, ", first block after %.2f s",
                in_seconds(figures.time_to_first_block));
  return std::string(text) + first_block;
}

}  // namespace

JobPrinter::Options JobPrinter::options_for_this_process(bool json) {
  Options options;
  options.terminal = terminal_of(STDOUT_FILENO);
  options.shows_status = terminal_of(STDERR_FILENO).is_terminal;
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
  if (!options_.shows_status) return;
  clear_status();
  std::string line = "waiting at place " + std::to_string(queued.place);
  if (!queued.reason.empty()) line += ": " + printable(queued.reason);
  std::fputs(line.c_str(), status_);
  std::fflush(status_);
  has_status_line_ = true;
}

void JobPrinter::show(const actors::Frame& frame) {
  clear_status();
  if (options_.style == Style::kCanvas) write(canvas_.show(frame));
}

void JobPrinter::show(const actors::Committed& block) {
  clear_status();
  if (options_.style == Style::kCanvas) write(canvas_.show(block));
  if (options_.style == Style::kStream) {
    write(options_.terminal.is_tty ? printable_lines(block.text) : block.text);
  }
}

ExitCode JobPrinter::show(const actors::Finished& finished) {
  clear_status();
  switch (options_.style) {
    case Style::kCanvas:
      write(canvas_.finish());
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
      if (options_.shows_status) print(sentence_of(finished.figures));
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

void JobPrinter::clear_status() {
  if (!std::exchange(has_status_line_, false)) return;
  std::fputs("\r\x1b[K", status_);
  std::fflush(status_);
}

}  // namespace unmask::cli
