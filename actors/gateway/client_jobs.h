#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <utility>

#include "runtime/base/ids.h"

namespace unmask::actors {

/// The unfinished jobs that each client watches.
class ClientJobs {
 public:
  void add(PeerId client, JobId job) { jobs_[client].insert(job); }
  void remove(PeerId client, JobId job) {
    const auto found = jobs_.find(client);
    if (found == jobs_.end()) return;
    found->second.erase(job);
    if (found->second.empty()) jobs_.erase(found);
  }
  [[nodiscard]] bool has(PeerId client, JobId job) const {
    const auto found = jobs_.find(client);
    return found != jobs_.end() && found->second.contains(job);
  }
  [[nodiscard]] std::size_t count(PeerId client) const {
    const auto found = jobs_.find(client);
    return found == jobs_.end() ? 0 : found->second.size();
  }
  /// What the client watched; it is forgotten.
  [[nodiscard]] std::set<JobId> take(PeerId client) {
    auto jobs = jobs_.extract(client);
    return jobs.empty() ? std::set<JobId>() : std::move(jobs.mapped());
  }

 private:
  std::map<PeerId, std::set<JobId>> jobs_;  // none is empty
};

}  // namespace unmask::actors
