#include "runtime/cli/text/progress.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "runtime/cli/text/characters.h"
#include "runtime/cli/text/terminal.h"

namespace unmask::cli {

Progress::Progress(std::string what)
    : what_(std::move(what)), is_shown_(terminal_of(STDERR_FILENO).is_terminal) {}

Progress::~Progress() {
  if (line_.empty()) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
}

void Progress::update(std::uint64_t done, std::uint64_t total) {
  say(what_ + " " + (total > 0 ? std::to_string(done * 100 / total) + " %" : std::to_string(done)));
}

void Progress::say(std::string line) {
  if (!is_shown_) return;
  if (line == line_) return;  // a terminal is slow
  line_ = std::move(line);
  const int width = terminal_of(STDERR_FILENO).width - 1;  // a line that wraps is not drawn over
  std::fprintf(stderr, "\r%s\x1b[K", first_columns(line_, width).c_str());
  std::fflush(stderr);
}

}  // namespace unmask::cli
