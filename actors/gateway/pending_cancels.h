#pragma once

#include <cstddef>
#include <set>
#include <utility>
#include <vector>

#include "runtime/base/ids.h"

namespace unmask::actors {

/// Clients that cancelled a job which they do not watch: each hears its end, once.
class PendingCancels {
 public:
  static constexpr std::size_t kMaxCancels = 1024;

  /// False if there are too many.
  [[nodiscard]] bool add(JobId job, PeerId client) {
    if (cancels_.size() >= kMaxCancels) return false;
    cancels_.emplace(job, client);
    return true;
  }
  void remove(JobId job, PeerId client) { cancels_.erase({job, client}); }
  void forget(PeerId client) {
    std::erase_if(cancels_, [&](const auto& cancel) { return cancel.second == client; });
  }

  /// Who is to hear that the job ended; they wait no longer.
  [[nodiscard]] std::vector<PeerId> take(JobId job) {
    std::vector<PeerId> clients;
    auto cancel = cancels_.lower_bound({job, 0});
    while (cancel != cancels_.end() && cancel->first == job) {
      clients.push_back(cancel->second);
      cancel = cancels_.erase(cancel);
    }
    return clients;
  }

  /// The jobs that somebody cancelled.
  [[nodiscard]] std::set<JobId> jobs() const {
    std::set<JobId> jobs;
    for (const auto& [job, client] : cancels_) jobs.insert(job);
    return jobs;
  }

 private:
  std::set<std::pair<JobId, PeerId>> cancels_;
};

}  // namespace unmask::actors
