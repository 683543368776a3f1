#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "actors/messages.h"

namespace unmask::cli {

/// The flags that `run` and `submit` share: what to generate, and how.
struct JobOptions {
  std::string prompt;  ///< empty: from stdin
  std::string messages_file;
  std::string tokens_file;
  bool raw = false;
  bool json = false;
  std::vector<std::string> stop;
  std::string deadline;               ///< 2s, 500ms, 1m; empty: none
  std::vector<Parameter> parameters;  ///< of the named flags and of --set, in order of writing
  std::vector<std::string> set;       ///< name=value

  void add_to(CLI::App& command);

  /// The job as a client submits it, with a fresh id.
  ///
  /// Errors  kInvalidArgument: a flag's value, a file that is missing or malformed, no prompt
  [[nodiscard]] Result<Submit> to_submit() const;
};

/// "2s", "500ms", "1m", "1.5h".
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(const std::string& text);

/// 128 random bits from the operating system.
[[nodiscard]] JobId random_job_id();

/// 32 hexadecimal digits, and back.
[[nodiscard]] std::string to_hex(const JobId& id);
[[nodiscard]] Result<JobId> parse_job_id(const std::string& hex);

/// The whole file; "-" is stdin. At most `max_bytes`.
[[nodiscard]] Result<std::string> read_text(const std::string& path, std::size_t max_bytes);

}  // namespace unmask::cli
