#include "actors/coordinator/job_queue.h"

#include <algorithm>
#include <utility>

namespace unmask::actors {

void JobQueue::add(JobId job) {
  jobs_.push_back({job, 0});
  has_moved_ = true;
}

void JobQueue::remove(JobId job) {
  has_moved_ |= std::erase_if(jobs_, [&](const Place& known) { return known.job == job; }) > 0;
}

void JobQueue::publish_again(JobId job) {
  const auto found = std::ranges::find(jobs_, job, &Place::job);
  if (found == jobs_.end()) return;
  found->place = 0;
  has_moved_ = true;
}

std::vector<JobQueue::Place> JobQueue::changed_places() {
  constexpr std::int32_t kNear = 8;
  std::vector<Place> changed_places;
  if (!std::exchange(has_moved_, false)) return changed_places;
  std::int32_t place = 0;
  for (Place& known : jobs_) {
    ++place;
    const bool has_changed = known.place == 0 || 2 * place <= known.place || place <= kNear;
    if (place == known.place || !has_changed) continue;
    known.place = place;
    changed_places.push_back(known);
  }
  return changed_places;
}

}  // namespace unmask::actors
