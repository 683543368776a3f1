#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages.h"
#include "runtime/actor/clock.h"
#include "runtime/cli/top/metric_samples.h"

namespace unmask::cli {

/// A cluster at one moment, as `unmask top` shows it.
struct TopSnapshot {
  Time at{};  ///< when the last of it was heard
  actors::ClusterStatus status;
  actors::JobList jobs;
  /// By the `http` of their processes; a process that did not answer has none.
  std::map<std::string, std::vector<MetricSample>> metrics;
  std::optional<double> tokens_per_s;        ///< committed, since the snapshot before
  std::optional<double> tokens_per_forward;  ///< the same; a forward as one sequence sees it
};

/// Sets the rates from the two moments' counters; nothing if the coordinator was not heard in both,
/// was started again in between, or, of tokens per forward, computed nothing.
void set_rates(TopSnapshot& now, const TopSnapshot& before);

/// Messages that wait in all mailboxes of a process; nothing if it did not answer.
[[nodiscard]] std::optional<double> mailbox_depth(const TopSnapshot& snapshot,
                                                  const actors::MemberStatus& member);

/// What a worker computes on; empty if it did not say.
[[nodiscard]] std::string device_of(const TopSnapshot& snapshot,
                                    const actors::MemberStatus& member);

/// One JSON object; what is not known is null.
[[nodiscard]] std::string to_json(const TopSnapshot& snapshot);

}  // namespace unmask::cli
