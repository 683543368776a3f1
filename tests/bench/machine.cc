#include "tests/bench/machine.h"

#include <cstdio>
#include <ctime>
#include <fstream>
#include <memory>

#include "tests/source_dir.h"

namespace unmask::bench {
namespace {

/// The first line that a command prints; empty if it fails.
std::string first_line_of(const std::string& command) {
  struct Close {
    void operator()(std::FILE* pipe) const { pclose(pipe); }
  };
  const std::unique_ptr<std::FILE, Close> pipe(popen(command.c_str(), "r"));
  char line[128];
  if (!pipe || std::fgets(line, sizeof(line), pipe.get()) == nullptr) return "";
  const std::string text = line;
  return text.substr(0, text.find('\n'));
}

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

std::string commit() {
  const std::string git = "git -C '" + source_dir().string() + "'";
  const std::string commit = first_line_of(git + " rev-parse --short HEAD 2>/dev/null");
  if (commit.empty()) return "unknown";
  const bool is_clean = first_line_of(git + " status --porcelain 2>/dev/null").empty();
  return is_clean ? commit : commit + "+";
}

std::string date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

}  // namespace

Report describe_machine() {
  Report report;
  report.date = date();
  report.commit = commit();
  report.cpu = cpu_name();
  return report;
}

}  // namespace unmask::bench
