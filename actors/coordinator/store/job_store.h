#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/messages.h"

namespace unmask::actors {

/// What is kept of a job, whatever happens to those who run it.
struct JobRecord {
  Admit admit;
  std::vector<Committed> blocks;
  std::optional<Finished> finished;
};

/// The journal of jobs. What `put`, `commit` or `finish` returned success for is there again after
/// a restart, as far as `durability` says.
class JobStore {
 public:
  virtual ~JobStore() = default;

  [[nodiscard]] virtual Result<> put(const Admit& admit) = 0;
  [[nodiscard]] virtual Result<> commit(const Committed& block) = 0;
  [[nodiscard]] virtual Result<> finish(const Finished& finished) = 0;

  /// Null if unknown or forgotten; valid until the next call that changes the store.
  [[nodiscard]] virtual const JobRecord* find(JobId job) const = 0;

  /// Finished jobs that are still known, the latest first.
  [[nodiscard]] virtual std::vector<const JobRecord*> finished() const = 0;

  /// What is lost when the coordinator's process ends, as one sentence for `status`.
  [[nodiscard]] virtual std::string durability() const = 0;
};

}  // namespace unmask::actors
