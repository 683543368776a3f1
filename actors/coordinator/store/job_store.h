#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages.h"
#include "runtime/actor/clock.h"

namespace unmask::actors {

/// What is kept of a job, whatever happens to those who run it.
struct JobRecord {
  Admit admit;
  Time accepted_at{};
  std::vector<Committed> blocks;
  std::optional<Finished> finished;
};

/// The journal of jobs. What it answered `put`, `commit` or `finish` with success for is there
/// again after a restart, as far as `durability` says.
class JobStore {
 public:
  /// Called once: before the call returns, or later on the control thread. Answers about one job
  /// come in the order of the calls.
  using Done = std::function<void(Result<>)>;

  virtual ~JobStore() = default;

  virtual void put(const Admit& admit, Time accepted_at, Done done) = 0;
  virtual void commit(const Committed& block, Done done) = 0;
  virtual void finish(const Finished& finished, Done done) = 0;

  /// What was answered with success. Null if unknown or forgotten; valid until the next call that
  /// changes the store.
  [[nodiscard]] virtual const JobRecord* find(JobId job) const = 0;

  /// Finished jobs that are still known, the latest first.
  [[nodiscard]] virtual std::vector<const JobRecord*> finished() const = 0;
  /// All others, in the order of their acceptance.
  [[nodiscard]] virtual std::vector<const JobRecord*> unfinished() const = 0;

  /// What is lost when the coordinator's process ends, as one sentence for `status`.
  [[nodiscard]] virtual std::string durability() const = 0;
};

}  // namespace unmask::actors
