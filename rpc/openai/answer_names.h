#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/base/ids.h"

namespace unmask::rpc {

/// The names that clients gave to their latest requests, so that they can ask for the jobs by
/// them before they know any id.
class AnswerNames {
 public:
  static constexpr std::size_t kMaxNames = 4096;

  /// Forgets the oldest beyond kMaxNames. A name that a key's client gives again stands for the new
  /// job; other keys have names of their own.
  void add(std::size_t key, const std::string& name, JobId job) {
    if (!jobs_.insert_or_assign({key, name}, job).second) return;
    order_.emplace_back(key, name);
    if (order_.size() <= kMaxNames) return;
    jobs_.erase(order_.front());
    order_.pop_front();
  }
  [[nodiscard]] std::optional<JobId> find(std::size_t key, std::string_view name) const {
    const auto found = jobs_.find({key, std::string(name)});
    return found == jobs_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  using Name = std::pair<std::size_t, std::string>;

  std::map<Name, JobId> jobs_;
  std::deque<Name> order_;  // each once
};

}  // namespace unmask::rpc
