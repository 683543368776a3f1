#include "actors/coordinator/job_queue.h"

#include <algorithm>
#include <utility>

namespace unmask::actors {

void JobQueue::add(JobId job, const std::string& client, std::int32_t priority) {
  Turns& turns = turns_[-priority];
  const Round round = std::max(turns.begun, turns.last[client]) + 1;
  turns.last[client] = round;
  insert(job, priority, round);
}

void JobQueue::add_back(JobId job, std::int32_t priority) { insert(job, priority, 0); }

void JobQueue::insert(JobId job, std::int32_t priority, Round round) {
  ++turns_[-priority].num_waiting;
  const Key key{-priority, round, ++num_added_, job};
  order_.insert(key);
  jobs_[job] = {key, 0};
  has_moved_ = true;
}

void JobQueue::start(JobId job) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return;
  const auto [priority, round, arrival, id] = found->second.key;
  Turns& turns = turns_[priority];
  turns.begun = std::max(turns.begun, round);
  std::erase_if(turns.last, [&](const auto& client) { return client.second <= turns.begun; });
  remove(job);
}

void JobQueue::remove(JobId job) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return;
  const std::int32_t priority = std::get<0>(found->second.key);
  if (--turns_[priority].num_waiting == 0) turns_.erase(priority);
  order_.erase(found->second.key);
  jobs_.erase(found);
  has_moved_ = true;
}

void JobQueue::publish_again(JobId job) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return;
  found->second.published = 0;
  has_moved_ = true;
}

std::vector<JobQueue::Place> JobQueue::changed_places() {
  constexpr std::int32_t kNear = 8;
  std::vector<Place> changed_places;
  if (!std::exchange(has_moved_, false)) return changed_places;
  std::int32_t place = 0;
  for (const Key& key : order_) {
    ++place;
    const JobId job = std::get<JobId>(key);
    std::int32_t& known = jobs_.at(job).published;
    // Turns may move a job back, which is told at once.
    const bool has_changed = known == 0 || 2 * place <= known || place > known || place <= kNear;
    if (place == known || !has_changed) continue;
    known = place;
    changed_places.push_back({job, place});
  }
  return changed_places;
}

}  // namespace unmask::actors
