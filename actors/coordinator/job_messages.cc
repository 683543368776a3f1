#include "actors/coordinator/job_messages.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace unmask::actors {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

/// 1 where nobody was asked: a position that the loop filled by itself.
float confidence_at(const CandidateColumns& candidates, std::int32_t position) {
  const auto at = std::ranges::lower_bound(candidates.position, position);
  if (at == candidates.position.end() || *at != position) return 1.0f;
  const auto i = std::size_t(at - candidates.position.begin());
  return float(std::exp(double(candidates.logit[i]) - double(candidates.log_sum_exp[i])));
}

JobSummary summary_of(const RunningJob& job, Time now) {
  const diffusion::Figures figures = job.loop.figures();
  const auto state = job.replica ? JobSummary::State::kRunning : JobSummary::State::kQueued;
  return {job.id,
          job.requester.name(),
          state,
          figures.tokens,
          figures.forwards,
          job.block,
          num_blocks(job.loop),
          duration_cast<milliseconds>(now - job.accepted_at),
          "",
          job.started_at ? duration_cast<milliseconds>(now - *job.started_at) : milliseconds(0)};
}

JobSummary summary_of(const JobRecord& record) {
  const Finished& finished = *record.finished;
  const JobFigures& figures = finished.figures;
  return {finished.job,
          record.admit.requester.name(),
          JobSummary::State::kFinished,
          figures.tokens,
          figures.forwards,
          figures.blocks,
          figures.blocks,
          duration_cast<milliseconds>(figures.duration),
          std::string(name_of(finished.reason)),
          figures.forwards > 0 ? duration_cast<milliseconds>(figures.duration - figures.queue_time)
                               : milliseconds(0)};
}

}  // namespace

Traced traced_of(const RunningJob& job, SequenceStep step, Range block,
                 const diffusion::Applied& applied, const CandidateColumns& candidates) {
  Traced traced{job.id, block, std::move(step), candidates, {}, applied.eos_fill};
  for (const diffusion::Edit& edit : applied.edits) {
    traced.edits.push_back({edit.position, edit.token});
  }
  return traced;
}

Frame frame_of(const RunningJob& job, Range block, const diffusion::Applied& applied,
               const CandidateColumns& candidates) {
  Frame frame{
      job.id, job.block, job.loop.figures().forwards, block, job.loop.canvas().num_holes(block),
      {}};
  for (const diffusion::Edit& edit : applied.edits) {
    frame.changes.push_back(
        {edit.position, edit.token, confidence_at(candidates, edit.position), {}});
  }
  return frame;
}

Finished finished_of(const RunningJob& job, FinishReason reason, std::optional<Error> error,
                     Time now) {
  Finished finished{job.id, reason, std::move(error), job.answer(), {}, {}, job.figures};
  finished.figures.duration = duration_cast<std::chrono::microseconds>(now - job.accepted_at);
  const diffusion::Figures figures = job.loop.figures();
  // What was decided in a block that is not committed was never sent.
  finished.figures.tokens =
      job.is_complete() ? figures.tokens : std::int32_t(finished.tokens.size());
  finished.figures.forwards = figures.forwards;
  finished.figures.blocks = job.block;
  if (job.subscription.trace) finished.canvas = job.loop.canvas().tokens();
  return finished;
}

JobList list_of(const std::map<JobId, RunningJob>& jobs, const JobStore& store,
                const Requester& requester, Time now) {
  constexpr std::size_t kMaxListed = 1000;
  JobList list;
  for (const auto& [id, job] : jobs) {
    if (requester.owns(job.requester)) list.jobs.push_back(summary_of(job, now));
  }
  for (const JobRecord* record : store.finished()) {
    if (list.jobs.size() >= kMaxListed) break;
    if (requester.owns(record->admit.requester)) list.jobs.push_back(summary_of(*record));
  }
  return list;
}

}  // namespace unmask::actors
