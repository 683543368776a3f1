#include "runtime/cli/chat/line_reader.h"

#include <editline/readline.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <system_error>
#include <utility>

namespace unmask::cli {
namespace {

constexpr int kMaxHistory = 1000;  // lines

volatile sig_atomic_t was_interrupted = 0;

/// Ctrl-C ends the wait for a line, and not the program.
class CatchesInterrupts {
 public:
  CatchesInterrupts() {
    was_interrupted = 0;
    struct sigaction action {};
    action.sa_handler = [](int) { was_interrupted = 1; };  // without SA_RESTART
    sigaction(SIGINT, &action, &before_);
  }
  ~CatchesInterrupts() { sigaction(SIGINT, &before_, nullptr); }
  CatchesInterrupts(const CatchesInterrupts&) = delete;
  CatchesInterrupts& operator=(const CatchesInterrupts&) = delete;

 private:
  struct sigaction before_ {};
};

}  // namespace

LineReader::LineReader(std::filesystem::path history)
    : is_terminal_(isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1),
      history_(std::move(history)) {
  if (!is_terminal_) return;
  using_history();
  stifle_history(kMaxHistory);
  if (!history_.empty()) read_history(history_.c_str());
}

LineReader::~LineReader() {
  if (!is_terminal_ || history_.empty()) return;
  std::error_code ignored;
  std::filesystem::create_directories(history_.parent_path(), ignored);
  write_history(history_.c_str());
}

LineReader::End LineReader::read(const std::string& prompt, std::string& line) {
  line.clear();
  if (!is_terminal_) return std::getline(std::cin, line) ? End::kLine : End::kEndOfInput;
  const CatchesInterrupts catches;
  const std::unique_ptr<char, void (*)(void*)> read(readline(prompt.c_str()), std::free);
  if (was_interrupted != 0) return End::kInterrupted;
  if (!read) return End::kEndOfInput;
  line = read.get();
  if (line.find_first_not_of(" \t") != std::string::npos) add_history(line.c_str());
  return End::kLine;
}

}  // namespace unmask::cli
