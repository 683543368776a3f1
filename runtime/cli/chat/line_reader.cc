#include "runtime/cli/chat/line_reader.h"

#include <editline/readline.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <system_error>
#include <utility>

namespace unmask::cli {
namespace {

constexpr int kMaxHistory = 1000;  // lines

volatile sig_atomic_t was_interrupted = 0;
sigset_t while_waiting;  // of signals that are held back, while a key is waited for

/// Ctrl-C ends the wait for a line, and not the program. It is held back but for that wait.
class CatchesInterrupts {
 public:
  CatchesInterrupts() {
    was_interrupted = 0;
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    pthread_sigmask(SIG_BLOCK, &interrupt, &while_waiting);
    struct sigaction action {};
    action.sa_handler = [](int) { was_interrupted = 1; };
    sigaction(SIGINT, &action, &before_);
  }
  ~CatchesInterrupts() {
    sigaction(SIGINT, &before_, nullptr);
    pthread_sigmask(SIG_SETMASK, &while_waiting, nullptr);
  }
  CatchesInterrupts(const CatchesInterrupts&) = delete;
  CatchesInterrupts& operator=(const CatchesInterrupts&) = delete;

 private:
  struct sigaction before_ {};
};

/// Waits for a byte; -1: the end of all input, or Ctrl-C.
int read_byte() {
  while (was_interrupted == 0) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (ppoll(&input, 1, nullptr, &while_waiting) < 0) continue;  // a signal
    unsigned char byte = 0;
    return ::read(STDIN_FILENO, &byte, 1) == 1 ? int(byte) : -1;
  }
  return -1;
}

/// What libedit asks for the next character: of UTF-8.
int read_character(std::FILE* /*input*/) {
  const int first = read_byte();
  if (first < 0xc0) return first;
  const int num_more = first < 0xe0 ? 1 : (first < 0xf0 ? 2 : 3);
  int character = first & (0x3f >> num_more);
  for (int i = 0; i < num_more; ++i) {
    const int byte = read_byte();
    if (byte < 0) return -1;
    character = character << 6 | (byte & 0x3f);
  }
  return character;
}

}  // namespace

LineReader::LineReader(std::filesystem::path history)
    : is_terminal_(isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1),
      history_(std::move(history)) {
  if (!is_terminal_) return;
  std::setlocale(LC_CTYPE, "C.UTF-8");  // what is typed and shown
  rl_catch_signals = 0;                 // they are caught here
  rl_getc_function = read_character;
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
