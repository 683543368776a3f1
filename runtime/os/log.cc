#include "runtime/os/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ostream_sink.h>

#include <array>
#include <cstdio>
#include <utility>

namespace unmask {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames{"debug", "info", "warning", "error"};
constexpr std::size_t kMaxValueLength = 4096;

/// As a JSON string holds it, without the quotes. Bytes that are no UTF-8 stay as they are.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kMaxValueLength)) {
    if (c == '"' || c == '\\') {
      out.append(1, '\\').append(1, c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      std::array<char, 7> code{};
      std::snprintf(code.data(), code.size(), "\\u%04x", static_cast<unsigned char>(c));
      out += code.data();
    } else {
      out += c;
    }
  }
  return out;
}

std::string as_text(std::string_view process, std::string_view message,
                    std::span<const LogField> fields) {
  std::string line = process.empty() ? "" : "[" + escaped(process) + "] ";
  line += escaped(message);
  for (const LogField& field : fields) {
    const std::string value = escaped(field.value);
    const bool is_plain = !value.empty() && value.find_first_of(" =\"\\") == std::string::npos;
    line.append(" ").append(field.key).append("=");
    line += is_plain ? value : "\"" + value + "\"";
  }
  return line;
}

std::string as_json(std::string_view process, std::string_view message,
                    std::span<const LogField> fields) {
  std::string line = R"("message":")" + escaped(message) + "\"";
  if (!process.empty()) line += R"(,"process":")" + escaped(process) + "\"";
  for (const LogField& field : fields) {
    line += ",\"" + escaped(field.key) + "\":\"" + escaped(field.value) + "\"";
  }
  return line;
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  constexpr std::array kLevels{spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                               spdlog::level::err};
  return kLevels[std::size_t(level)];
}

class SpdlogLog final : public Log {
 public:
  SpdlogLog(LogOptions options, std::ostream& out)
      : options_(std::move(options)),
        logger_("", std::make_shared<spdlog::sinks::ostream_sink_mt>(out, /*force_flush=*/true)) {
    const char* pattern = options_.is_json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                                           : "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
    logger_.set_formatter(
        std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc, "\n"));
    logger_.set_level(to_spdlog(options_.level));
  }

 private:
  void write(LogLevel level, std::string_view message, std::span<const LogField> fields) override {
    if (level < options_.level) return;
    const auto format = options_.is_json ? as_json : as_text;
    logger_.log(to_spdlog(level), spdlog::string_view_t(format(options_.process, message, fields)));
  }

  const LogOptions options_;
  spdlog::logger logger_;
};

}  // namespace

std::unique_ptr<Log> make_log(const LogOptions& options, std::ostream& out) {
  return std::make_unique<SpdlogLog>(options, out);
}

Result<LogLevel> parse_log_level(std::string_view name) {
  if (name == "warn") return LogLevel::kWarning;
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (kLevelNames[i] == name) return LogLevel(i);
  }
  return Error{ErrorCode::kInvalidArgument,
               "\"" + std::string(name) + "\" is no log level: debug, info, warning or error"};
}

}  // namespace unmask
