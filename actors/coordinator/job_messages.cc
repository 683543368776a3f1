#include "actors/coordinator/job_messages.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace unmask::actors {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

std::optional<std::size_t> find_row(const CandidateColumns& candidates, std::int32_t position) {
  const auto at = std::ranges::lower_bound(candidates.position, position);
  if (at == candidates.position.end() || *at != position) return std::nullopt;
  return std::size_t(at - candidates.position.begin());
}

float logprob_at(const CandidateColumns& candidates, std::size_t row) {
  const double logit = candidates.logit[row];
  return float(std::min(0.0, logit - double(candidates.log_sum_exp[row])));
}

Frame::Cell cell_at(const diffusion::Canvas& canvas, const CandidateColumns& candidates,
                    std::int32_t position) {
  const std::optional<std::size_t> row = find_row(candidates, position);
  const bool is_hole = canvas.is_hole(position);
  Frame::Cell cell{is_hole ? -1 : canvas.token(position), false, Frame::kUnknown};
  if (!row) return cell;
  if (is_hole) {
    cell.token = candidates.token[*row];
    cell.is_guess = cell.token >= 0;
  }
  if (cell.token == candidates.token[*row]) {
    cell.confidence = std::exp(logprob_at(candidates, *row));
  }
  return cell;
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

Frame frame_of(const RunningJob& job, Range block, const CandidateColumns& candidates) {
  const diffusion::Canvas& canvas = job.loop.canvas();
  Frame frame{job.id, job.block, job.loop.figures().forwards, block, canvas.num_holes(block), {}};
  const std::int32_t end = std::min(block.end, block.begin + Frame::kMaxCells);
  for (std::int32_t position = block.begin; position < end; ++position) {
    frame.cells.push_back(cell_at(canvas, candidates, position));
  }
  return frame;
}

void note_logprobs(RunningJob& job, const diffusion::Applied& applied,
                   const CandidateColumns& candidates) {
  job.logprobs.resize(std::size_t(job.loop.canvas().size()), kNoLogprob);
  for (const diffusion::Edit& edit : applied.edits) {
    float& logprob = job.logprobs[std::size_t(edit.position)];
    logprob = kNoLogprob;
    // Rules and credit may have chosen another token than the logits by themselves.
    for (const CandidateColumns* columns :
         {&candidates, applied.adjusted ? &*applied.adjusted : nullptr}) {
      if (columns == nullptr || logprob != kNoLogprob) continue;
      const std::optional<std::size_t> row = find_row(*columns, edit.position);
      if (row && columns->token[*row] == edit.token) logprob = logprob_at(*columns, *row);
    }
  }
}

std::vector<float> logprobs_in(const std::vector<float>& logprobs, const Ranges& places) {
  std::vector<float> found;
  for (const Range& place : places) {
    for (std::int32_t position = place.begin; position < place.end; ++position) {
      const bool is_known = std::size_t(position) < logprobs.size();
      found.push_back(is_known ? logprobs[std::size_t(position)] : kNoLogprob);
    }
  }
  return found;
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
