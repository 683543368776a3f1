#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/base/ids.h"

namespace unmask::actors {

/// Jobs that wait for a replica, and what was published of their places.
///
/// The highest priority is next, and within it the clients take turns: a client's jobs are in
/// consecutive rounds, a newcomer's first one is in the round after the one that starts now. So
/// nobody waits for more than one job of each other client before its own next one, and a job that
/// is first stays so until it starts or a higher priority comes.
class JobQueue {
 public:
  struct Place {
    JobId job;
    std::int32_t place = 0;  ///< 1: next
  };

  void add(JobId job, const std::string& client, std::int32_t priority);
  /// Before all others of its priority but those that came back earlier: it had its turn.
  void add_back(JobId job, std::int32_t priority);
  /// The first one starts: it waits no more, and its round has begun.
  void start(JobId job);
  /// At any place; nothing happens if it does not wait.
  void remove(JobId job);
  /// Somebody has yet to hear of its place.
  void publish_again(JobId job);

  [[nodiscard]] bool empty() const { return order_.empty(); }
  [[nodiscard]] std::size_t size() const { return order_.size(); }
  [[nodiscard]] JobId front() const { return std::get<JobId>(*order_.begin()); }

  /// The places that changed enough to be published since the last call: far back in the queue only
  /// every halving does.
  [[nodiscard]] std::vector<Place> changed_places();

 private:
  using Round = std::uint64_t;
  /// Negated priority, round, arrival.
  using Key = std::tuple<std::int32_t, Round, std::uint64_t, JobId>;
  struct Waiting {
    Key key;
    std::int32_t published = 0;  // place; 0: none
  };
  /// Of the jobs of one priority.
  struct Turns {
    Round begun = 0;
    std::map<std::string, Round> last;  // by client, if it is behind `begun`
    std::size_t num_waiting = 0;
  };

  void insert(JobId job, std::int32_t priority, Round round);

  std::set<Key> order_;
  std::map<JobId, Waiting> jobs_;
  std::map<std::int32_t, Turns> turns_;  // by negated priority, of those that wait
  std::uint64_t num_added_ = 0;
  bool has_moved_ = false;  // since the last changed_places()
};

}  // namespace unmask::actors
