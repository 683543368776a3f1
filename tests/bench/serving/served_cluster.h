#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/os/event_loop.h"
#include "runtime/os/process.h"
#include "tests/bench/options.h"

namespace unmask::bench {

/// `unmask up`, with processes of its own; they end with this object.
class ServedCluster {
 public:
  /// Waits until the cluster can be used.
  ///
  /// Errors  kUnavailable: it ended before, with the last line that it said
  static Result<std::unique_ptr<ServedCluster>> start(EventLoop& loop, const Options& bench,
                                                      int num_workers, int burst);
  ~ServedCluster();
  ServedCluster(const ServedCluster&) = delete;
  ServedCluster& operator=(const ServedCluster&) = delete;

  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
  /// The sum of a series of all processes of this role.
  [[nodiscard]] Result<double> sum_of(const std::string& role, const std::string& series) const;
  /// Processor time that its processes have taken so far.
  [[nodiscard]] double processor_seconds() const;

 private:
  struct Member {
    std::string role;
    std::int64_t pid = 0;
    std::string http;
  };

  explicit ServedCluster(EventLoop& loop) : loop_(loop) {}
  void take_line(const std::string& line);
  Result<> read_endpoints();

  EventLoop& loop_;
  std::unique_ptr<Process> process_;
  std::filesystem::path endpoints_file_;
  std::string last_line_;
  bool is_ready_ = false;
  std::optional<ExitStatus> end_;
  std::string endpoint_;
  std::vector<Member> members_;
};

}  // namespace unmask::bench
