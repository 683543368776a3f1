#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/coordinator/store/memory_job_store.h"

namespace unmask::actors {

/// A job store whose answers the test releases, as a disk would: nothing is there before.
class LateJobStore final : public JobStore {
 public:
  void put(const Admit& admit, Time accepted_at, Done done) override {
    calls_.push_back([=, this](std::optional<Error> error) {
      error ? done(*error) : store_.put(admit, accepted_at, done);
    });
  }
  void commit(const Committed& block, Done done) override {
    calls_.push_back([=, this](std::optional<Error> error) {
      error ? done(*error) : store_.commit(block, done);
    });
  }
  void finish(const Finished& finished, Done done) override {
    calls_.push_back([=, this](std::optional<Error> error) {
      error ? done(*error) : store_.finish(finished, done);
    });
  }
  [[nodiscard]] const JobRecord* find(JobId job) const override { return store_.find(job); }
  [[nodiscard]] std::vector<const JobRecord*> finished() const override {
    return store_.finished();
  }
  [[nodiscard]] std::vector<const JobRecord*> unfinished() const override {
    return store_.unfinished();
  }
  [[nodiscard]] std::string durability() const override { return "late"; }

  [[nodiscard]] std::size_t num_waiting() const { return calls_.size(); }
  /// Answers the oldest call: with success, or with `error`.
  void answer(std::optional<Error> error = std::nullopt) {
    const auto call = std::move(calls_.front());
    calls_.pop_front();
    call(std::move(error));
  }

 private:
  MemoryJobStore store_;
  std::deque<std::function<void(std::optional<Error>)>> calls_;
};

}  // namespace unmask::actors
