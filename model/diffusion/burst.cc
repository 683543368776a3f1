#include "model/diffusion/burst.h"

#include <algorithm>
#include <string>
#include <utility>

#include "model/diffusion/loop_bytes.h"
#include "runtime/base/digest.h"

namespace unmask::diffusion {
namespace {

template <typename T>
void add_all(Digest& digest, const std::vector<T>& values) {
  digest.add(std::uint64_t(values.size()));
  digest.add(std::as_bytes(std::span(values)));
}

template <typename T>
void add_value(Digest& digest, const T& value) {
  digest.add(std::as_bytes(std::span(&value, 1)));
}

std::size_t rows_of(const SequenceStep& step) {
  return step.inputs.size() + step.guidance_inputs.size();
}

}  // namespace

std::uint64_t digest_of(const SequenceStep& step) {
  Digest digest;
  add_value(digest, step.phase);
  add_value(digest, step.iteration);
  add_value(digest, step.num_positions);
  for (const Ranges* ranges : {&step.window.computed, &step.window.visible, &step.window.written,
                               &step.window.decoded, &step.window.mixed}) {
    add_all(digest, *ranges);
  }
  add_value(digest, step.window.causal_block_length);
  add_all(digest, step.inputs);
  add_all(digest, step.guidance_inputs);
  const SamplingRules& rules = step.rules;
  add_all(digest, rules.never_chosen);
  add_all(digest, rules.not_in_confidence);
  add_value(digest, rules.choosable_end);
  for (const float number : {rules.temperature, rules.top_p, rules.cfg_scale, step.mix_weight}) {
    add_value(digest, number);
  }
  for (const std::int32_t number : {rules.top_k, rules.block, rules.decision, step.mask_token}) {
    add_value(digest, number);
  }
  digest.add(rules.seed);
  add_value(digest, step.statistics);
  add_all(digest, step.present);
  add_all(digest, step.listed.offsets);
  add_all(digest, step.listed.tokens);
  add_all(digest, step.listed.credits);
  return digest.value();
}

bool can_go_on(const DiffusionLoop& loop, const Applied& applied) {
  return !applied.finished_block && !loop.has_ended() && loop.state().plan.phase == Phase::kDenoise;
}

Result<Burst> Burst::of(const Step& step) {
  std::size_t num_rows = 0;
  for (const SequenceStep& sequence : step.sequences) num_rows += rows_of(sequence);
  Burst burst(std::min(step.burst, kMaxBurst) - 1, num_rows);
  for (const SequenceStep& sequence : step.sequences) {
    Result<DiffusionLoop> loop = loop_from(sequence.loop);
    if (!loop) return loop.error();
    if (digest_of(*loop->next()) != digest_of(sequence)) {
      return Error{ErrorCode::kInvalidArgument,
                   "sequence " + std::to_string(sequence.sequence) +
                       " has a loop that would ask for another forward than this one"};
    }
    burst.loops_.push_back(std::move(*loop));
  }
  return burst;
}

std::optional<Step> Burst::next(const StepResult& result) {
  if (--num_left_ < 0) return std::nullopt;
  Step step{.epoch = result.epoch, .seq = result.seq + 1, .sequences = {}, .closed = {}};
  coming_.clear();
  std::size_t num_rows = 0;
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    const SequenceResult& of_sequence = result.sequences[i];
    if (of_sequence.refusal) return std::nullopt;
    const Result<Applied> applied = loops_[i].apply(of_sequence.candidates);
    if (!applied || !can_go_on(loops_[i], *applied)) return std::nullopt;
    SequenceStep next = *loops_[i].next();
    coming_.push_back(digest_of(next));
    num_rows += rows_of(next);
    next.sequence = of_sequence.sequence;
    step.sequences.push_back(std::move(next));
  }
  if (num_rows > num_rows_) return std::nullopt;
  return step;
}

void Burst::sign(StepResult& result, bool goes_on) {
  Digest digest;
  digest.add(result.digest);
  for (std::size_t i = 0; i < asked_.size(); ++i) {
    result.sequences[i].asked = asked_[i];
    digest.add(asked_[i]);
  }
  digest.add(std::uint64_t(goes_on));
  result.goes_on = goes_on;
  result.digest = digest.value();
  asked_ = std::move(coming_);
}

}  // namespace unmask::diffusion
