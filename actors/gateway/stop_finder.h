#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace unmask::actors {

/// Cuts a stream of text at the first stop string, and holds back what may be the start of one.
class StopFinder {
 public:
  explicit StopFinder(std::vector<std::string> stop) : stop_(std::move(stop)) {}

  /// The part of everything given so far that may be sent now and was not sent before.
  [[nodiscard]] std::string append(std::string_view text);
  /// What is still held back, at the end of the stream.
  [[nodiscard]] std::string finish();

  [[nodiscard]] bool has_stopped() const { return has_stopped_; }

 private:
  std::vector<std::string> stop_;
  std::string held_;  // not sent yet; empty once stopped
  bool has_stopped_ = false;
};

}  // namespace unmask::actors
