#include "tests/simulation/hash_forward.h"

#include <set>
#include <utility>

#include "model/network/candidates.h"
#include "tests/simulation/hash_model.h"

namespace unmask::simulation {

HashForward::HashForward(int num_ranks, int num_kv_pages, int num_soft_rows,
                         const network::StepLimits& limits)
    : limits_(limits) {
  for (int rank = 0; rank < num_ranks; ++rank) {
    cache::KvPages pages(num_kv_pages, limits.max_rows);
    std::vector<std::int32_t> tokens(
        std::size_t(pages.first_scratch_slot() + pages.num_scratch_slots()), -1);
    ranks_.push_back({std::move(pages), std::move(tokens), cache::SoftRows(num_soft_rows),
                      std::vector<std::int32_t>(std::size_t(num_soft_rows), -1)});
  }
}

std::vector<Result<StepResult>> HashForward::run(const std::vector<Step>& steps) {
  std::vector<Result<StepResult>> results;
  for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
    results.push_back(run(ranks_[rank], steps[rank]));
  }
  return results;
}

Result<StepResult> HashForward::run(Rank& rank, const Step& step) const {
  Refusals refusals = check_step(step, limits_);
  rank.pages.check(step, refusals);
  rank.soft_rows.check(step, refusals);
  for (const std::optional<Error>& refusal : refusals) {
    if (refusal) return *refusal;  // no coordinator asks for what is refused: a violation
  }
  for (const SequenceId closed : step.closed) {
    rank.pages.close(closed);
    rank.soft_rows.close(closed);
  }

  StepResult result;
  result.epoch = step.epoch;
  result.seq = step.seq;
  int first_row = 0;
  for (const SequenceStep& sequence : step.sequences) {
    result.sequences.push_back(run(rank, sequence, first_row));
    first_row += int(sequence.inputs.size());
  }
  result.digest = network::digest_of(result.sequences);
  return result;
}

SequenceResult HashForward::run(Rank& rank, const SequenceStep& sequence, int first_row) {
  const cache::KvLayout layout = rank.pages.place(sequence, first_row);
  std::size_t row = 0;
  for (const Range range : sequence.window.computed) {
    for (std::int32_t p = range.begin; p < range.end; ++p, ++row) {
      const std::int32_t input = sequence.inputs[row];
      rank.tokens[std::size_t(layout.slots[row])] =
          input != kSoftRow
              ? input
              : rank.soft_tokens[std::size_t(rank.soft_rows.row(sequence.sequence, p))];
    }
  }
  HashModel model;
  for (const std::int32_t token : sequence.guidance_inputs) model.see(-1, token);
  const std::set<std::int32_t> keys = seen_positions(sequence.window);
  auto key = keys.begin();
  for (const kernels::KvRun& run : layout.runs) {
    for (std::int32_t slot = run.first_slot; slot < run.first_slot + run.num_slots; ++slot) {
      model.see(*key++, rank.tokens[std::size_t(slot)]);
    }
  }
  const std::vector<std::int32_t> soft_rows = rank.soft_rows.place(sequence);
  auto soft_row = soft_rows.begin();
  for (const Range range : sequence.window.mixed) {
    for (std::int32_t p = range.begin; p < range.end; ++p) {
      rank.soft_tokens[std::size_t(*soft_row++)] = model.soft_row(p, sequence.mix_weight);
    }
  }
  return {sequence.sequence, sequence.iteration, guesses(model, sequence), {}};
}

int HashForward::num_open_sequences(int rank) const {
  return ranks_[std::size_t(rank)].pages.num_sequences();
}

}  // namespace unmask::simulation
