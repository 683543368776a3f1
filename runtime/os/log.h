/// What a process tells the people who run it.

#pragma once

#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace unmask {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

struct LogField {
  std::string_view key;
  std::string value;
};

/// Takes one sentence and its figures. Thread-safe.
class Log {
 public:
  using Fields = std::initializer_list<LogField>;

  virtual ~Log() = default;

  void debug(std::string_view message, Fields fields = {}) {
    log(LogLevel::kDebug, message, fields);
  }
  void info(std::string_view message, Fields fields = {}) { log(LogLevel::kInfo, message, fields); }
  void warning(std::string_view message, Fields fields = {}) {
    log(LogLevel::kWarning, message, fields);
  }
  void error(std::string_view message, Fields fields = {}) {
    log(LogLevel::kError, message, fields);
  }

 protected:
  virtual void write(LogLevel level, std::string_view message,
                     std::span<const LogField> fields) = 0;

 private:
  void log(LogLevel level, std::string_view message, Fields fields) {
    write(level, message, {fields.begin(), fields.size()});
  }
};

/// Says nothing.
class NullLog final : public Log {
 private:
  void write(LogLevel, std::string_view, std::span<const LogField>) override {}
};

struct LogOptions {
  LogLevel level = LogLevel::kInfo;  ///< what is below is dropped
  bool is_json = false;              ///< one object per line, for machines
  std::string process{};             ///< in every line: `worker 1`; empty: left out
};

/// Writes one line per call to `out`, which outlives it, and flushes. Control characters are
/// escaped, so that nobody's text can look like a line of ours.
std::unique_ptr<Log> make_log(const LogOptions& options, std::ostream& out);

/// `debug`, `info`, `warning`, `error`. Errors: kInvalidArgument.
Result<LogLevel> parse_log_level(std::string_view name);

}  // namespace unmask
