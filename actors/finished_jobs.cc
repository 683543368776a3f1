#include "actors/finished_jobs.h"

namespace unmask::actors {

std::vector<JobId> FinishedJobs::add(JobId job, std::size_t num_bytes) {
  jobs_.push_back({job, num_bytes});
  num_bytes_ += num_bytes;
  std::vector<JobId> forgotten;
  while (is_too_much()) {
    forgotten.push_back(jobs_.front().job);
    num_bytes_ -= jobs_.front().num_bytes;
    jobs_.pop_front();
  }
  return forgotten;
}

std::vector<JobId> FinishedJobs::latest_first() const {
  std::vector<JobId> jobs;
  for (auto entry = jobs_.rbegin(); entry != jobs_.rend(); ++entry) jobs.push_back(entry->job);
  return jobs;
}

bool FinishedJobs::is_too_much() const {
  return jobs_.size() > limits_.max_jobs || (num_bytes_ > limits_.max_bytes && jobs_.size() > 1);
}

}  // namespace unmask::actors
