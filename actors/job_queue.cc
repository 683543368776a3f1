#include "actors/job_queue.h"

#include <algorithm>
#include <utility>

namespace unmask {

void JobQueue::add(JobId job) {
  jobs_.push_back({job, 0});
  has_moved_ = true;
}

void JobQueue::remove(JobId job) {
  has_moved_ |= std::erase_if(jobs_, [&](const Place& told) { return told.job == job; }) > 0;
}

void JobQueue::tell_again(JobId job) {
  const auto found = std::ranges::find(jobs_, job, &Place::job);
  if (found == jobs_.end()) return;
  found->place = 0;
  has_moved_ = true;
}

std::vector<JobQueue::Place> JobQueue::news() {
  constexpr std::int32_t kNear = 8;
  std::vector<Place> news;
  if (!std::exchange(has_moved_, false)) return news;
  std::int32_t place = 0;
  for (Place& told : jobs_) {
    ++place;
    const bool is_news = told.place == 0 || 2 * place <= told.place || place <= kNear;
    if (place == told.place || !is_news) continue;
    told.place = place;
    news.push_back(told);
  }
  return news;
}

}  // namespace unmask
