#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/ids.h"

namespace unmask::rpc {

/// The names that clients gave to their latest requests, so that they can ask for the jobs by
/// them before they know any id.
class AnswerNames {
 public:
  static constexpr std::size_t kMaxNames = 4096;

  /// Forgets the oldest beyond kMaxNames. A name that is given again stands for the new job.
  void add(const std::string& name, JobId job) {
    if (!jobs_.insert_or_assign(name, job).second) return;
    order_.push_back(name);
    if (order_.size() <= kMaxNames) return;
    jobs_.erase(order_.front());
    order_.pop_front();
  }
  [[nodiscard]] std::optional<JobId> find(std::string_view name) const {
    const auto found = jobs_.find(name);
    return found == jobs_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::map<std::string, JobId, std::less<>> jobs_;
  std::deque<std::string> order_;  // each once
};

}  // namespace unmask::rpc
