#include "runtime/cli/eval/eval_progress.h"

#include <chrono>

#include "runtime/cli/text/characters.h"
#include "runtime/cli/text/terminal.h"

namespace unmask::cli {

std::string progress_text(const EvalProgress& progress, double seconds) {
  const auto& [done, total, in_flight, right] = progress;
  std::string text = std::to_string(done) + " of " + std::to_string(total) + " items, " +
                     std::to_string(in_flight) + " in flight";
  if (done == 0) return text;
  char figures[96];
  std::snprintf(figures, sizeof figures, ", %.1f %% right, about %.0f s left",
                100 * double(right) / double(done), seconds / double(done) * double(total - done));
  return text + figures;
}

ProgressLine::ProgressLine(std::FILE* file, const Clock& clock)
    : file_(file),
      clock_(clock),
      is_terminal_(terminal_of(fileno(file)).is_terminal),
      began_(clock.now()) {}

ProgressLine::~ProgressLine() {
  if (is_drawn_) std::fputs("\r\x1b[K", file_);
  std::fflush(file_);
}

void ProgressLine::show(const EvalProgress& progress) {
  const double seconds = std::chrono::duration<double>(clock_.now() - began_).count();
  const std::string text = progress_text(progress, seconds);
  if (is_terminal_) {
    const int width = terminal_of(fileno(file_)).width - 1;  // a line that wraps stays
    std::fprintf(file_, "\r%s\x1b[K", first_columns(text, width).c_str());
    std::fflush(file_);
    is_drawn_ = true;
    return;
  }
  const std::size_t tenths = progress.total > 0 ? 10 * progress.done / progress.total : 0;
  if (tenths == told_tenths_) return;
  told_tenths_ = tenths;
  std::fprintf(file_, "unmask: %s\n", text.c_str());
}

}  // namespace unmask::cli
