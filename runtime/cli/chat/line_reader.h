#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace unmask::cli {

/// Lines from whoever types: on a terminal with editing and history, else as they come.
class LineReader {
 public:
  enum class End : std::uint8_t { kLine, kEndOfInput, kInterrupted };

  /// history: a file that is read now and written in the end; empty: none.
  explicit LineReader(std::filesystem::path history);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  [[nodiscard]] bool is_terminal() const { return is_terminal_; }

  /// Without its end. Waits, and nothing else of the process works meanwhile. Ctrl-C gives up the
  /// line. prompt: on a terminal.
  End read(const std::string& prompt, std::string& line);

 private:
  const bool is_terminal_;
  const std::filesystem::path history_;
};

}  // namespace unmask::cli
