#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/ids.h"

namespace unmask::rpc {

/// The names of the latest requests, and the jobs of each, so that clients can ask for these by
/// what they called the request, before they know any id. Every key has names of its own.
class AnswerNames {
 public:
  using Jobs = std::vector<JobId>;
  static constexpr std::size_t kMaxNames = 4096;

  /// Forgets the oldest beyond kMaxNames. A name that is given again stands for the new jobs.
  void set(std::size_t key, const std::string& name, Jobs jobs) {
    if (!jobs_.insert_or_assign({key, name}, std::move(jobs)).second) return;
    order_.emplace_back(key, name);
    if (order_.size() <= kMaxNames) return;
    jobs_.erase(order_.front());
    order_.pop_front();
  }
  /// Empty: no request is called so.
  [[nodiscard]] Jobs find(std::size_t key, const std::string& name) const {
    const auto found = jobs_.find({key, name});
    return found == jobs_.end() ? Jobs() : found->second;
  }

 private:
  using Name = std::pair<std::size_t, std::string>;

  std::map<Name, Jobs> jobs_;
  std::deque<Name> order_;  // each once
};

}  // namespace unmask::rpc
